package database

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
)

// JSONValue is the content of a JSON column: JSONB on PostgreSQL, text on SQLite.
type JSONValue struct {
	value any
}

// JSON wraps a value for a JSON column. As an argument it may be the value or a
// pointer to it; a nil pointer, slice or map is NULL. As a scan target it is a
// pointer; NULL sets what it points to to its zero value.
func JSON(v any) *JSONValue { return &JSONValue{v} }

// encode returns the argument: JSON text or nil.
func (j *JSONValue) encode() (any, error) {
	for v := reflect.ValueOf(j.value); ; v = v.Elem() {
		if !v.IsValid() {
			return nil, nil
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				continue
			}
			return nil, nil
		case reflect.Slice, reflect.Map:
			if v.IsNil() {
				return nil, nil
			}
		}
		break
	}
	text, err := json.Marshal(j.value, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode JSON column: %w", err)
	}
	if hasNUL(text) {
		return nil, fmt.Errorf("%w: text with a NUL character", ErrInvalid)
	}
	return string(text), nil
}

// hasNUL reports whether a string in the JSON text holds U+0000, which JSONB
// cannot store. An even number of backslashes before the u is no escape.
func hasNUL(text []byte) bool {
	for {
		i := bytes.Index(text, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		before := len(text[:i]) - len(bytes.TrimRight(text[:i], `\`))
		if before%2 == 0 {
			return true
		}
		text = text[i+len(`\u0000`):]
	}
}

// Scan implements [database/sql.Scanner].
func (j *JSONValue) Scan(src any) error {
	dest := reflect.ValueOf(j.value)
	if dest.Kind() != reflect.Pointer || dest.IsNil() {
		return fmt.Errorf("scan JSON column into %T: need a pointer", j.value)
	}
	// Decoding merges into what is there; a row must not see the one before it.
	dest.Elem().SetZero()
	var text []byte
	switch v := src.(type) {
	case nil:
		return nil
	case []byte:
		text = v
	case string:
		text = []byte(v)
	default:
		return fmt.Errorf("scan JSON column: unexpected %T", src)
	}
	if err := json.Unmarshal(text, j.value); err != nil {
		return fmt.Errorf("decode JSON column: %w", err)
	}
	return nil
}
