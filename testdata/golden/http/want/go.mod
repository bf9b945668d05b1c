module example.com/http

go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2
	github.com/maypok86/otter/v2 v2.4.0
	github.com/redis/rueidis v1.0.79
	github.com/swaggest/swgui v1.8.5
)

require (
	golang.org/x/sys v0.49.0 // indirect
)
