package schema

import (
	"fmt"
	"strings"
	"testing"
)

func TestViolations(t *testing.T) {
	set := NewSet(`{"$defs": {
		"A": {"type": "object", "properties": {"n": {"type": "integer", "not": {"const": 7}}}, "required": ["n"], "propertyNames": {"maxLength": 3}},
		"B": {"oneOf": [{"$ref": "#/$defs/A"}, {"type": "array", "contains": {"const": 1}, "items": {"$ref": "#/$defs/B"}}, {"type": "integer"}]},
		"C": {"pattern": "^(?=.*\\d)(?!x)"},
		"D": {"type": "string", "pattern": "^(a+)+(?=b)$"}
	}}`)
	for _, test := range []struct{ schema, value, want string }{
		{"A", `{"n": 1}`, ""},
		{"A", `{"n": 7}`, "/n is a value that is not allowed"},
		{"A", `{}`, "/n is required"},
		{"A", `{"n": 1, "a/bc": 1}`, "maxLength"},
		{"B", `[1, {"n": 2}]`, ""},
		{"B", `[2]`, "matches none"},
		{"C", `"a1"`, ""},
		{"C", `"a"`, "pattern"},
		{"C", `"x1"`, "pattern"},
		{"A", `{"n": 1e100000}`, "exponent"},
		{"D", `"` + strings.Repeat("a", 64) + `"`, "pattern"}, // ends, though the engine backtracks
	} {
		var got strings.Builder
		for _, v := range set.Schema(test.schema).Violations([]byte(test.value)) {
			fmt.Fprintf(&got, "%s %s; ", v.Pointer, v.Detail)
		}
		if test.want == "" && got.Len() > 0 || !strings.Contains(got.String(), test.want) {
			t.Errorf("%s of %s: got %q, want %q", test.value, test.schema, got.String(), test.want)
		}
	}
}
