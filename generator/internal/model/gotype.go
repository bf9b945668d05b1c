package model

import (
	"slices"
	"strings"
)

// Scalar reports whether values of the type are written without structure.
func (t *Type) Scalar() bool { return t.Kind <= Enum || t.Kind == Custom && t.Elem != nil }

// Declared reports whether the type has a name of its own.
func (t *Type) Declared() bool { return t.Name != "" }

// Go returns the Go expression of the type. api is the qualifier of the types
// that package api declares: "" inside it, "api." elsewhere.
func (t *Type) Go(api string) string {
	if t.Declared() {
		return api + t.Name
	}
	switch t.Kind {
	case Custom:
		return t.Expr
	case Slice:
		return "[]" + t.elem(api)
	case Map:
		return "map[string]" + t.elem(api)
	}
	return t.Kind.Go()
}

func (t *Type) elem(api string) string {
	if t.ElemNullable && !t.Elem.Nilable() {
		return "*" + t.Elem.Go(api)
	}
	return t.Elem.Go(api)
}

// Go returns the Go type of a scalar kind.
func (k Kind) Go() string {
	return [...]string{
		String: "string", Bool: "bool", Int32: "int32", Int64: "int64", Uint64: "uint64", Big: "codec.Integer", Float32: "float32",
		Float64: "float64", Time: "time.Time", Date: "codec.Date", Bytes: "[]byte", Raw: "codec.Raw",
	}[k]
}

// Nilable reports whether the zero value of the type already stands for absent.
func (t *Type) Nilable() bool {
	return slices.Contains([]Kind{Slice, Map, Bytes, Raw}, t.Kind) ||
		t.Kind == Custom && (strings.HasPrefix(t.Expr, "[]") || strings.HasPrefix(t.Expr, "map["))
}

// ExtraMap is the type of the field Extra of a struct.
func (t *Type) ExtraMap() *Type {
	return &Type{Kind: Map, Elem: t.Extra, ElemRules: t.ExtraRules, ElemNullable: t.ExtraNullable}
}

// Shape is how a field holds its value.
type Shape int

// The shapes.
const (
	Plain    Shape = iota // T
	Pointer               // *T
	Tristate              // codec.Nullable[T], or of *T
)

// Shape returns how the field holds its value: optional values are pointers but
// for those that have a nil of their own, optional and nullable ones tell absent
// from null.
func (f *Field) Shape() Shape {
	switch {
	case f.Nullable && !f.Required && f.Type.Kind != Raw:
		return Tristate
	case f.Boxed:
		return Pointer
	case f.Type.Nilable():
		return Plain
	case f.Nullable || !f.Required:
		return Pointer
	}
	return Plain
}

// Go returns the Go type of the field, see [Type.Go].
func (f *Field) Go(api string) string {
	switch f.Shape() {
	case Tristate:
		return "codec.Nullable[" + f.ValueGo(api) + "]"
	case Pointer:
		return "*" + f.Type.Go(api)
	}
	return f.Type.Go(api)
}

// ValueGo returns the Go type of the value in a [Tristate].
func (f *Field) ValueGo(api string) string {
	if f.Boxed {
		return "*" + f.Type.Go(api)
	}
	return f.Type.Go(api)
}

// Shape returns how the request struct holds the parameter.
func (p *Param) Shape() Shape {
	if p.Required || p.Default != "" && plainScalar(p.Type) || p.Type.Nilable() {
		return Plain
	}
	return Pointer
}

// Go returns the Go type of the parameter, see [Type.Go].
func (p *Param) Go(api string) string {
	if p.Shape() == Pointer {
		return "*" + p.Type.Go(api)
	}
	return p.Type.Go(api)
}

// Go returns the Go type of a payload, see [Type.Go].
func (b *Body) Go(api string) string {
	switch {
	case b.Kind == StreamBody:
		return "io.Reader"
	case b.Kind == TextBody:
		return "string"
	case b.Kind == EventBody || b.Kind == LinesBody:
		return "iter.Seq2[" + b.Type.Go(api) + ", error]"
	case b.Kind == MultipartBody && b.Type == nil:
		return "*codec.Multipart"
	}
	return b.Type.Go(api)
}

// RequestGo returns the Go type of the field Body of a request struct: optional
// bodies are pointers.
func (b *Body) RequestGo(api string) string {
	if b.Pointer() {
		return "*" + b.Go(api)
	}
	return b.Go(api)
}

// Pointer reports whether the field Body of a request struct is a pointer.
func (b *Body) Pointer() bool {
	switch {
	case b.Kind == StreamBody || b.Kind == TextBody || b.Type == nil || b.Kind == LinesBody:
		return false
	case b.Type.Nilable():
		return false
	}
	return !b.Required || b.Nullable || b.Choice
}

// Result returns the Go type of a success payload as a handler returns it:
// structs by pointer.
func (b *Body) Result(api string) string {
	if b.Type != nil && b.Kind != EventBody && b.Kind != LinesBody && (b.Type.Kind == Struct || b.Nullable && !b.Type.Nilable()) {
		return "*" + b.Go(api)
	}
	return b.Go(api)
}

// Results returns the results of the operation's method.
func (o *Operation) Results(api string) string {
	switch {
	case o.Sealed():
		return "(" + api + o.Response + ", error)"
	case len(o.Successes) == 0 || o.Successes[0].Body == nil:
		return "error"
	}
	return "(" + o.Successes[0].Body.Result(api) + ", error)"
}

// Zero returns the Go zero value that a method returns beside an error, or ""
// when the method returns an error only.
func (o *Operation) Zero(api string) string {
	if o.Sealed() {
		return "nil"
	}
	if len(o.Successes) == 0 || o.Successes[0].Body == nil {
		return ""
	}
	body := o.Successes[0].Body
	switch {
	case body.Kind == StreamBody || body.Kind == EventBody || body.Kind == LinesBody || body.Result("")[0] == '*' || body.Type != nil && body.Type.Nilable():
		return "nil"
	case body.Kind == TextBody:
		return `""`
	case body.Type.Kind == String || body.Type.Kind == Enum && body.Type.Base == String:
		return `""`
	case body.Type.Kind == Custom:
		return "*new(" + body.Go(api) + ")"
	case body.Type.Kind == Bool:
		return "false"
	case body.Type.Kind == Time || body.Type.Kind == Date || body.Type.Kind == Big || body.Type.Kind == Union:
		return body.Go(api) + "{}"
	}
	return "0"
}

// Taggable reports whether a json struct tag can carry the name of the member.
func (f *Field) Taggable() bool {
	return f.JSON != "" && f.JSON != "-" && !strings.ContainsAny(f.JSON, ",\\'\"`")
}

// Marshals reports whether the type implements json.Marshaler and Unmarshaler
// because reflection cannot: unions, and structs with names that no tag can carry.
func (t *Type) Marshals() bool {
	return t.Kind == Union || slices.ContainsFunc(t.Fields, func(f *Field) bool { return !f.Taggable() })
}
