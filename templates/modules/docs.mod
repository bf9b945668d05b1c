module example.com/project

go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2
	github.com/swaggest/swgui v1.8.5
)
