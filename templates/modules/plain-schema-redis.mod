module example.com/project

go 1.26.0

require github.com/dlclark/regexp2 v1.12.0

require github.com/go-json-experiment/json v1.27.2

require github.com/santhosh-tekuri/jsonschema/v6 v6.0.3

require golang.org/x/text v0.43.0

require github.com/redis/rueidis v1.0.79

require golang.org/x/sys v0.49.0 // indirect
