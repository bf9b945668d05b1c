package schema

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// maxRounds bounds how often a value of texts is read anew: each round can only
// make numbers, booleans and lists of what the one before left as texts.
const maxRounds = 8

// TextViolations is Violations for a value whose scalars are all texts, because it
// came as a form or a parameter. A text stands for a number, a boolean or a list of
// one where the schema asks for that and takes no text.
func (s *Schema) TextViolations(value []byte) []problem.Violation {
	v, err := read(value)
	if err != nil {
		return []problem.Violation{{Detail: err.Error()}}
	}
	for range maxRounds {
		var invalid *jsonschema.ValidationError
		if !errors.As(s.compile().Validate(v), &invalid) {
			return nil
		}
		var changed bool
		if v, changed = retype(v, invalid); !changed {
			return violations(invalid)
		}
	}
	return nil
}

// retype changes the texts that a failed validation wanted to be something else.
func retype(v any, e *jsonschema.ValidationError) (out any, changed bool) {
	for _, cause := range e.Causes {
		var did bool
		v, did = retype(v, cause)
		changed = changed || did
	}
	var as func(text string) any
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		as = func(text string) any { return typed(text, k.Want) }
	case *kind.Const:
		as = func(text string) any { return same(text, k.Want) }
	case *kind.Enum:
		as = func(text string) any { return same(text, k.Want...) }
	default:
		return v, changed
	}
	v, did := replace(v, e.InstanceLocation, as)
	return v, changed || did
}

// typed returns what a text stands for under one of the types, nil for nothing.
func typed(text string, types []string) any {
	number := json.Number(text)
	switch _, err := number.Float64(); {
	case (slices.Contains(types, "number") || slices.Contains(types, "integer")) && err == nil && json.Valid([]byte(text)):
		return number
	case slices.Contains(types, "boolean") && (text == "true" || text == "false"):
		return text == "true"
	case slices.Contains(types, "array"):
		return []any{text}
	}
	return nil
}

// same returns the one of the values that is written like the text.
func same(text string, values ...any) any {
	for _, v := range values {
		switch v := v.(type) {
		case bool:
			if text == strconv.FormatBool(v) {
				return v
			}
		case json.Number:
			if text == v.String() {
				return v
			}
		}
	}
	return nil
}

// replace puts what as makes of the text at a place there.
func replace(v any, location []string, as func(string) any) (out any, changed bool) {
	if len(location) == 0 {
		text, ok := v.(string)
		if !ok {
			return v, false
		}
		if out := as(text); out != nil {
			return out, true
		}
		return v, false
	}
	switch v := v.(type) {
	case map[string]any:
		if member, ok := v[location[0]]; ok {
			v[location[0]], changed = replace(member, location[1:], as)
		}
	case []any:
		if i, err := strconv.Atoi(location[0]); err == nil && i >= 0 && i < len(v) {
			v[i], changed = replace(v[i], location[1:], as)
		}
	}
	return v, changed
}
