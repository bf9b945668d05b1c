module example.com/project

go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2
	golang.org/x/crypto v0.58.0
)

require golang.org/x/sys v0.49.0 // indirect
