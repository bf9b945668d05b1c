package codec

import (
	"encoding"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Custom reads a value of a type that comes from another package and reads itself:
// as text or as JSON. plain checks the value against the document before; nil
// means that there is nothing to check.
func Custom[T any](d *Decoder, v *T, plain func(*Decoder)) {
	raw, ok := d.Value()
	if !ok {
		return
	}
	if plain != nil && (!d.trusted || d.trial) {
		s := d.sub(raw)
		defer s.free()
		plain(s)
		if d.adopt(s); len(s.faults) > 0 || d.err != nil {
			return
		}
	}
	if d.text && raw.Kind() == '"' {
		text, err := jsontext.AppendUnquote(nil, raw)
		if err == nil {
			err = fromText(string(text), v)
		}
		if err != nil {
			d.Report(err.Error())
		}
		return
	}
	if json.Unmarshal(raw, v) != nil {
		d.Report("is not valid")
	}
}

// CustomText reads a parameter of such a type. plain checks the text before.
func CustomText[T any](in *Request, v *T, plain func()) {
	before := len(in.faults)
	if plain != nil {
		plain()
	}
	if len(in.faults) > before {
		return
	}
	if err := fromText(in.text, v); err != nil {
		in.Report(err.Error())
	}
}

// fromText reads a value from text: its own way, as JSON, or as a JSON string.
func fromText[T any](text string, v *T) error {
	if u, ok := any(v).(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("is not valid: %w", err)
		}
		return nil
	}
	if json.Unmarshal([]byte(text), v) == nil {
		return nil
	}
	quoted, err := jsontext.AppendQuote(nil, text)
	if err == nil {
		err = json.Unmarshal(quoted, v)
	}
	if err != nil {
		return fmt.Errorf("is not valid")
	}
	return nil
}

// CustomString returns the text of such a value, for a header.
func CustomString(v any) string {
	if m, ok := v.(encoding.TextMarshaler); ok {
		if text, err := m.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v)
}
