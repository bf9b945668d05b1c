package codec

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Nullable is an optional value that may also be null: absent, null and a value
// are three different things, as in a merge patch (RFC 7396).
type Nullable[T any] struct {
	Set   bool // the member was there
	Null  bool // it was null
	Value T
}

// NewNullable returns a present value.
func NewNullable[T any](v T) Nullable[T] { return Nullable[T]{Set: true, Value: v} }

// NewNull returns a present null.
func NewNull[T any]() Nullable[T] { return Nullable[T]{Set: true, Null: true} }

// Ptr returns the value, or nil when it is absent or null.
func (n Nullable[T]) Ptr() *T {
	if !n.Set || n.Null {
		return nil
	}
	return &n.Value
}

// IsZero reports whether the member is absent; the json tag option omitzero uses it.
func (n Nullable[T]) IsZero() bool { return !n.Set }

// MarshalJSON implements [json.Marshaler].
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	if !n.Set || n.Null {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Nullable[T]) UnmarshalJSON(data []byte) error {
	*n = Nullable[T]{Set: true}
	if string(data) == "null" {
		n.Null = true
		return nil
	}
	return json.Unmarshal(data, &n.Value)
}

// Nullable reads what there is to know of a [Nullable] before its value, and
// reports whether that follows: the member is there and is not null.
func (d *Decoder) Nullable(set, null *bool) bool {
	*set, *null = true, d.Null()
	return !*null
}

// Nullable writes the name of a member that is set, and its null. It reports
// whether the value is to follow. name is already JSON-escaped.
func (e *Encoder) Nullable(name string, set, null bool) bool {
	return set && e.nullable(name, null)
}

func (e *Encoder) nullable(name string, null bool) bool {
	e.Key(name)
	if null {
		e.Null()
	}
	return !null
}

// Raw is any JSON value, kept as text. A nil Raw is absent.
type Raw []byte

// MarshalJSON implements [json.Marshaler].
func (r Raw) MarshalJSON() ([]byte, error) {
	if len(r) == 0 {
		return []byte("null"), nil
	}
	return r, nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Raw) UnmarshalJSON(data []byte) error {
	*r = bytes.Clone(data)
	return nil
}

// String returns the JSON text in canonical form (RFC 8785), so that equal
// values read the same.
func (r Raw) String() string {
	v := jsontext.Value(bytes.Clone(r))
	if err := v.Canonicalize(); err != nil {
		return string(r)
	}
	return string(v)
}

func marshal(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }
