package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// encoder returns the function that encodes a declared type.
func (p *printer) encoder(t *model.Type) string {
	p.Reset()
	p.line("func encode%s(e *codec.Encoder, v *%s) {", t.Name, t.Name)
	switch t.Kind {
	case model.Struct:
		p.line("e.Object()")
		for _, f := range t.Fields {
			p.writeField(t, f)
		}
		if t.Extra != nil {
			p.line("for _, name := range slices.Sorted(maps.Keys(v.Extra)) {\ne.Member(name)")
			p.line("value := v.Extra[name]")
			p.writeElem(t.ExtraMap(), "value", 0)
			p.line("}")
		}
		p.line("e.EndObject()")
	case model.Union:
		p.line("switch {")
		for _, v := range t.Variants {
			p.line("case v.%s != nil:", v.Name)
			if untagged(t, v) {
				p.line("e.Tag(%q, %q, func() {", t.Discriminator, v.Values[0])
			}
			p.write(v.Type, "*v."+v.Name, 0)
			if untagged(t, v) {
				p.line("})")
			}
		}
		p.line("default:\ne.Null()\n}")
	case model.Slice:
		p.writeSlice(t, "*v", 0)
	case model.Map:
		p.writeMap(t, "*v", 0)
	}
	p.line("}")
	return p.String()
}

// untagged reports whether a variant has no member for the value that tells it
// from the others, so that the union has to write it.
func untagged(t *model.Type, v *model.Variant) bool {
	return t.Discriminator != "" && len(v.Values) > 0 && v.Type.Kind == model.Struct &&
		!slices.ContainsFunc(v.Type.Fields, func(f *model.Field) bool { return f.JSON == t.Discriminator })
}

func (p *printer) writeField(t *model.Type, f *model.Field) {
	place := "v." + f.Name
	if f.ReadOnly && t.Sent {
		p.line("if e.ReadOnly() {")
		defer func() { p.line("}") }()
	}
	if f.WriteOnly {
		p.line("if e.WriteOnly() {")
		defer func() { p.line("}") }()
	}
	key := fmt.Sprintf("e.Key(%s)", keyLiteral(f.JSON))
	switch {
	case f.Shape() == model.Tristate:
		null, value := place+".Null", place+".Value"
		if f.Boxed {
			null, value = null+" || "+value+" == nil", "*"+value
		}
		p.line("if e.Nullable(%s, %s.Set, %s) {", keyLiteral(f.JSON), place, null)
		p.write(f.Type, value, 0)
		p.line("}")
	case f.Shape() == model.Pointer && f.Required && f.Nullable,
		f.Shape() == model.Plain && f.Required && f.Nullable && f.Type.Kind != model.Raw:
		p.line("%s\nif %s == nil {\ne.Null()\n} else {", key, place)
		p.write(f.Type, deref(f, place), 0)
		p.line("}")
	case f.Shape() == model.Pointer && f.Required: // boxed
		p.line("%s", key)
		p.write(f.Type, deref(f, place), 0)
	case f.Shape() == model.Pointer, !f.Required:
		p.line("if %s != nil {\n%s", place, key)
		p.write(f.Type, deref(f, place), 0)
		p.line("}")
	default:
		p.line("%s", key)
		p.write(f.Type, place, 0)
	}
}

func deref(f *model.Field, place string) string {
	if f.Shape() == model.Pointer {
		return "*" + place
	}
	return place
}

// keyLiteral is the Go literal of a member name, escaped for JSON.
func keyLiteral(name string) string {
	text, _ := json.Marshal(name)
	return strconv.Quote(string(text[1 : len(text)-1]))
}

// write prints the statements that write the value of an expression.
func (p *printer) write(t *model.Type, value string, depth int) {
	switch {
	case t.Declared() && t.Kind != model.Enum:
		p.line("encode%s(e, %s)", t.Name, address(value))
	case t.Kind == model.Custom:
		p.line("e.Value(%s)", address(value))
	case t.Kind == model.Slice:
		p.writeSlice(t, value, depth)
	case t.Kind == model.Map:
		p.writeMap(t, value, depth)
	case t.Kind == model.Enum:
		p.line("e.%s(%s(%s))", method(t.Base), t.Base.Go(), value)
	default:
		p.line("e.%s(%s)", method(t.Kind), value)
	}
}

// address returns a pointer to the value of an expression.
func address(value string) string {
	if value[0] == '*' {
		return value[1:]
	}
	return "&" + value
}

func (p *printer) writeSlice(t *model.Type, value string, depth int) {
	i := string(rune('i' + depth))
	p.line("e.Array()\nfor %s := range %s {\ne.Item()", i, value)
	p.writeElem(t, fmt.Sprintf("%s[%s]", parens(value), i), depth)
	p.line("}\ne.EndArray()")
}

func (p *printer) writeMap(t *model.Type, value string, depth int) {
	key, item := variable("name", depth), variable("value", depth)
	p.line("e.Object()\nfor _, %s := range slices.Sorted(maps.Keys(%s)) {\ne.Member(%s)", key, value, key)
	p.line("%s := %s[%s]", item, parens(value), key)
	p.writeElem(t, item, depth)
	p.line("}\ne.EndObject()")
}

func (p *printer) writeElem(t *model.Type, value string, depth int) {
	if t.ElemNullable {
		p.line("if %s == nil {\ne.Null()\n} else {", value)
		if !t.Elem.Nilable() {
			value = "*" + value
		}
		p.write(t.Elem, value, depth+1)
		p.line("}")
		return
	}
	p.write(t.Elem, value, depth+1)
}
