package model

import (
	"encoding/json"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Priority says which requests are served when there is no capacity for all:
// x-apigen.priority. It is the name of the Go constant.
type Priority string

// The priorities; what is none of them is normal.
const (
	Normal   Priority = "Normal"
	Critical Priority = "Critical"
	Low      Priority = "Low"
)

// priority reads x-apigen.priority of an operation.
func (b *builder) priority(so *spec.Operation) Priority {
	v, ok := so.Extensions["x-apigen"]
	var members struct{ Priority json.RawMessage }
	if !ok || json.Unmarshal([]byte(v.JSON), &members) != nil || members.Priority == nil {
		return Normal
	}
	var text string
	_ = json.Unmarshal(members.Priority, &text) // what is no text is none of them
	switch text {
	case "normal":
		return Normal
	case "critical":
		return Critical
	case "low":
		return Low
	}
	b.diags.Errorf(v.Pos, `write for example "x-apigen: {priority: critical}"; there are critical, normal and low`,
		"the priority of %s %s is %s", so.Method, so.Path, members.Priority)
	return Normal
}
