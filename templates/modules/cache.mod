module example.com/project

go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2
	github.com/maypok86/otter/v2 v2.4.0
)
