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

func TestTextViolations(t *testing.T) {
	set := NewSet(`{"$defs": {
		"A": {
			"type": "object",
			"properties": {
				"zip": {"type": "string", "minLength": 3}, "n": {"type": "integer"}, "on": {"type": "boolean"},
				"list": {"type": "array", "items": {"type": "number"}}, "x": {"enum": [1, true]}
			},
			"if": {"properties": {"n": {"const": 5}}, "required": ["n"]},
			"then": {"required": ["on"]}
		}
	}}`)
	for _, test := range []struct{ value, want string }{
		{`{"zip": "123", "n": "1", "on": "true", "list": ["1", "2.5"], "x": "true"}`, ""},
		{`{"list": "1", "x": "1"}`, ""},
		{`{"zip": "12"}`, "/zip"},
		{`{"n": "5"}`, "/on is required"},
		{`{"n": "5", "on": "false"}`, ""},
		{`{"n": "five"}`, "/n must be integer"},
		{`{"n": " 5"}`, "/n must be integer"},
		{`{"x": "2"}`, "/x"},
		{`{"list": ["a"]}`, "/list/0 must be number"},
	} {
		var got strings.Builder
		for _, v := range set.Schema("A").TextViolations([]byte(test.value)) {
			fmt.Fprintf(&got, "%s %s; ", v.Pointer, v.Detail)
		}
		if test.want == "" && got.Len() > 0 || !strings.Contains(got.String(), test.want) {
			t.Errorf("%s: got %q, want %q", test.value, got.String(), test.want)
		}
	}
}
