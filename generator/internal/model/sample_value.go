package model

import (
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"
)

// JSON values of samples are nil, bool, number, string, []any and *object.
type (
	number string

	// object keeps its members in order.
	object struct{ members []*member }

	member struct {
		name  string
		value any
	}
)

func (o *object) get(name string) (any, bool) {
	for _, m := range o.members {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

func (o *object) set(name string, v any) {
	for _, m := range o.members {
		if m.name == name {
			m.value = v
			return
		}
	}
	o.members = append(o.members, &member{name, v})
}

// with returns a copy of o in which name has the value v.
func (o *object) with(name string, v any) *object {
	c := &object{}
	for _, m := range o.members {
		c.members = append(c.members, &member{m.name, m.value})
	}
	c.set(name, v)
	return c
}

// without returns a copy of o that lacks name.
func (o *object) without(name string) *object {
	c := &object{}
	for _, m := range o.members {
		if m.name != name {
			c.members = append(c.members, m)
		}
	}
	return c
}

func decodeValue(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	v, err := readValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("text after the JSON value")
	}
	return v, nil
}

func readValue(dec *json.Decoder) (any, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Number:
		return number(tok), nil
	case json.Delim:
		if tok == '[' {
			return readArray(dec)
		}
		return readObject(dec)
	default:
		return tok, nil
	}
}

func readArray(dec *json.Decoder) (any, error) {
	list := []any{}
	for dec.More() {
		v, err := readValue(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return list, err
}

func readObject(dec *json.Decoder) (any, error) {
	o := &object{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := readValue(dec)
		if err != nil {
			return nil, err
		}
		key, _ := name.(string)
		o.set(key, v)
	}
	_, err := dec.Token()
	return o, err
}

func encodeValue(v any) string {
	var b strings.Builder
	writeValue(&b, v)
	return b.String()
}

func writeValue(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		if v {
			b.WriteString("true")
		} else {
			b.WriteString("false")
		}
	case number:
		b.WriteString(string(v))
	case string:
		writeString(b, v)
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeValue(b, x)
		}
		b.WriteByte(']')
	case *object:
		b.WriteByte('{')
		for i, m := range v.members {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, m.name)
			b.WriteByte(':')
			writeValue(b, m.value)
		}
		b.WriteByte('}')
	}
}

func writeString(b *strings.Builder, s string) {
	var quoted strings.Builder
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("encode a string: " + err.Error()) // strings.Builder and strings cannot fail
	}
	b.WriteString(strings.TrimSuffix(quoted.String(), "\n"))
}

// equalValues compares as JSON Schema does: 1 equals 1.0, members in any order.
func equalValues(a, b any) bool {
	switch a := a.(type) {
	case number:
		n, ok := b.(number)
		return ok && (a == n || compareNumbers(a, n) == 0)
	case []any:
		list, ok := b.([]any)
		if !ok || len(a) != len(list) {
			return false
		}
		for i := range a {
			if !equalValues(a[i], list[i]) {
				return false
			}
		}
		return true
	case *object:
		o, ok := b.(*object)
		if !ok || len(a.members) != len(o.members) {
			return false
		}
		for _, m := range a.members {
			v, ok := o.get(m.name)
			if !ok || !equalValues(m.value, v) {
				return false
			}
		}
		return true
	}
	return a == b
}

func compareNumbers(a, b number) int {
	x, y := rat(string(a)), rat(string(b))
	if x == nil || y == nil {
		return 1
	}
	return x.Cmp(y)
}

// rat reads a JSON number exactly; nil when it is none or absurdly large.
func rat(text string) *big.Rat {
	if i := strings.IndexAny(text, "eE"); i >= 0 && len(text)-i > 5 {
		return nil
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil
	}
	return r
}

// decimal prints r exactly when it is a decimal fraction, else with 12 digits.
func decimal(r *big.Rat) number {
	digits, exact := r.FloatPrec()
	if !exact {
		digits = 12
	}
	return number(r.FloatString(digits))
}
