package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// decoder returns the function that decodes a declared type.
func (p *printer) decoder(t *model.Type) string {
	p.Reset()
	p.in = "d"
	p.line("func decode%s(d *codec.Decoder, v *%s) {", t.Name, t.Name)
	switch t.Kind {
	case model.Struct:
		p.decodeStruct(t)
	case model.Union:
		p.decodeUnion(t)
	case model.Slice:
		p.readSlice(t, rulesOf(t), "*v", t.Name, 0)
	case model.Map:
		p.readMap(t, rulesOf(t), "(*v)", t.Name, 0)
	}
	p.line("}")
	return p.String()
}

// rulesOf are the rules of a recursive list, which hold wherever it stands.
func rulesOf(*model.Type) model.Rules { return model.Rules{MaxItems: -1, MaxLength: -1} }

// maxRequired is how many required members codec.Seen has room for.
const maxRequired = 256

func (p *printer) decodeStruct(t *model.Type) {
	var required []string
	for _, f := range t.Fields {
		if f.Required && !f.ReadOnly && len(required) < maxRequired {
			required = append(required, strconv.Quote(f.JSON))
		}
	}
	p.line("if !d.Object() {\nreturn\n}")
	if len(required) > 0 {
		p.line("var seen codec.Seen")
	}
	counted := t.Members.MinItems > 0 || t.Members.MaxItems >= 0
	if counted {
		p.line("members := 0")
	}
	p.line("for d.More() {")
	if counted {
		p.line("members++")
	}
	switch {
	case len(t.Fields) == 0 && t.Extra == nil:
		p.line("d.Name()")
		p.line("%s", rest(t))
	case t.Extra != nil:
		p.line("switch name := d.Name(); name {")
		p.fields(t)
		p.line("default:")
		p.extra(t)
		p.line("}")
	default:
		p.line("switch d.Name() {")
		p.fields(t)
		p.line("default:\n%s\n}", rest(t))
	}
	p.line("}")
	if counted {
		p.line("d.Count(members, %d, %d, %q)", t.Members.MinItems, t.Members.MaxItems, "member")
	}
	if len(required) > 0 {
		p.line("d.Require(&seen, %s)", strings.Join(required, ", "))
	}
	p.defaults(t)
}

// rest is what happens to members that the document does not name.
func rest(t *model.Type) string {
	if t.Closed {
		return "d.Unknown()"
	}
	return "d.Skip()"
}

func (p *printer) fields(t *model.Type) {
	bit := 0
	for _, f := range t.Fields {
		p.line("case %q:", f.JSON)
		if f.Required && !f.ReadOnly && bit < maxRequired {
			p.line("seen.Add(%d)", bit)
			bit++
		}
		if f.ReadOnly {
			p.line("if d.ReadOnly() {")
		}
		p.readField(f, "v."+f.Name, t.Name+f.Name)
		if f.ReadOnly {
			p.line("}")
		}
	}
}

// readField prints how a member is read, by the shape that holds it.
func (p *printer) readField(f *model.Field, place, hint string) {
	switch f.Shape() {
	case model.Tristate:
		p.line("%s.Set = true", place)
		p.line("if d.Null() {\n%s.Null = true\n} else {", place)
		p.read(f.Type, f.Rules, "&"+place+".Value", place+".Value", hint, 0)
		p.line("}")
	case model.Pointer:
		if f.Nullable {
			p.line("if !d.Null() {")
		}
		p.line("%s = new(%s)", place, f.Type.Go(""))
		p.read(f.Type, f.Rules, place, "*"+place, hint, 0)
		if f.Nullable {
			p.line("}")
		}
	default:
		null := f.Nullable && f.Type.Kind != model.Raw
		if null {
			p.line("if !d.Null() {")
		}
		p.read(f.Type, f.Rules, "&"+place, place, hint, 0)
		if null {
			p.line("}")
		}
	}
}

// extra reads a member that has no field of its own.
func (p *printer) extra(t *model.Type) {
	p.line("if v.Extra == nil {\nv.Extra = map[string]%s{}\n}", t.Extra.Go(""))
	p.line("var value %s", t.Extra.Go(""))
	p.read(t.Extra, model.Rules{MaxItems: -1, MaxLength: -1}, "&value", "value", t.Name+"Extra", 1)
	p.line("v.Extra[name] = value")
}

// defaults fills optional members that are absent.
func (p *printer) defaults(t *model.Type) {
	var body printer
	for _, f := range t.Fields {
		if f.Default == "" || f.ReadOnly || f.Shape() != model.Pointer || f.Required {
			continue
		}
		if lit, ok := constant(f.Type, f.Default); ok {
			body.line("if v.%s == nil {\nv.%s = new(%s)\n}", f.Name, f.Name, typed(f.Type, lit))
		}
	}
	if body.Len() > 0 {
		p.line("if d.Defaults() {\n%s}", body.String())
	}
}

// typed gives an untyped constant the type of its place.
func typed(t *model.Type, lit string) string {
	switch t.Kind {
	case model.Int32, model.Int64, model.Float32, model.Float64:
		return fmt.Sprintf("%s(%s)", t.Kind.Go(), lit)
	}
	return lit
}

func (p *printer) decodeUnion(t *model.Type) {
	if t.Discriminator != "" {
		var values []string
		p.line("d.Tagged(%q, func(tag string) codec.Variant {\nswitch tag {", t.Discriminator)
		for _, v := range t.Variants {
			var quoted []string
			for _, value := range v.Values {
				quoted = append(quoted, strconv.Quote(value))
			}
			values = append(values, quoted...)
			p.line("case %s:", strings.Join(quoted, ", "))
			p.line("v.%s = new(%s)", v.Name, v.Type.Go(""))
			p.line("return func(d *codec.Decoder) { decode%s(d, v.%s) }", v.Type.Name, v.Name)
		}
		p.line("}\nreturn nil\n}, %s)", strings.Join(values, ", "))
		return
	}
	for _, v := range t.Variants {
		p.line("var %s %s", variantVar(v), v.Type.Go(""))
	}
	name := "AnyOf"
	if t.Exclusive {
		name = "OneOf"
	}
	p.line("d.%s(func(n int) {\nswitch n {", name)
	for i, v := range t.Variants {
		p.line("case %d:\nv.%s = &%s", i, v.Name, variantVar(v))
	}
	p.line("}\n},")
	for _, v := range t.Variants {
		p.line("func(d *codec.Decoder) {")
		p.read(v.Type, v.Rules, "&"+variantVar(v), variantVar(v), t.Name+v.Name, 0)
		p.line("},")
	}
	p.line(")")
}

func variantVar(v *model.Variant) string { return "as" + v.Name }

// param returns the statements that read a parameter into the request struct.
// index is the place of a path parameter in the template.
func (p *printer) param(o *model.Operation, f *model.Param, index int) string {
	p.Reset()
	p.in = "in"
	place := "req." + f.Name
	if lit, ok := constant(f.Type, f.Default); ok && lit != "0" && lit != "false" && lit != `""` {
		p.line("%s = %s", place, lit)
	}
	found := fmt.Sprintf("in.Path(%q, path[%d])", f.Wire, index)
	if f.In != model.InPath {
		found = fmt.Sprintf("in.%s(%q, %t)", model.Exported(string(f.In)), f.Wire, f.Required)
		if f.Type.Kind != model.Slice {
			found += " && in.Once()"
		}
	}
	p.found(found, func(body *printer) {
		body.textual(f.Type, f.Rules, f.Shape(), place, separator(f), o.Name+f.Name, f.JSON)
	})
	return strings.TrimSpace(p.String())
}

// found prints what to do when a parameter is there. When that is a single if,
// the two conditions become one.
func (p *printer) found(condition string, then func(*printer)) {
	body := &printer{in: p.in, patterns: p.patterns}
	then(body)
	text := body.String()
	if rest, ok := strings.CutPrefix(text, "if "); ok && strings.Count(text, "\n}") == 1 && strings.HasSuffix(text, "\n}\n") {
		p.line("if %s && %s", condition, strings.TrimSuffix(rest, "\n"))
		return
	}
	p.line("if %s {\n%s}", condition, text)
}

// formField returns the statements that read a field of a form body.
func (p *printer) formField(o *model.Operation, f *model.Field) string {
	p.Reset()
	p.in = "in"
	once := ""
	if f.Type.Kind != model.Slice {
		once = " && in.Once()"
	}
	p.found(fmt.Sprintf("in.Form(%q, %t)%s", f.JSON, f.Required, once), func(body *printer) {
		place := "req.Body." + f.Name
		if f.Shape() == model.Tristate {
			body.line("%s.Set = true", place)
			place += ".Value"
		}
		body.textual(f.Type, f.Rules, f.Shape(), place, "", o.Name+f.Name, false)
	})
	return p.String()
}

// textual reads a value from the text of a parameter.
func (p *printer) textual(t *model.Type, r model.Rules, shape model.Shape, place, sep, hint string, document bool) {
	if document {
		p.line("in.JSON(func(d *codec.Decoder) {")
		p.in = "d"
		defer func() { p.line("})") }()
	}
	ptr, value := "&"+place, place
	if shape == model.Pointer {
		p.line("%s = new(%s)", place, t.Go(""))
		ptr, value = place, "*"+place
	}
	if t.Kind != model.Slice || document {
		p.read(t, r, ptr, value, hint, 0)
		return
	}
	p.line("in.Items(%q)\nfor in.Next() {\nvar item %s", sep, t.Elem.Go(""))
	p.read(t.Elem, t.ElemRules, "&item", "item", hint, 1)
	p.line("%s = append(%s, item)\n}", value, value)
	p.listChecks(t, r, value, "item")
}

// separator is what stands between the values of a list, or "" when the
// parameter is repeated instead.
func separator(f *model.Param) string {
	switch {
	case f.Style == "spaceDelimited" && !f.Explode:
		return " "
	case f.Style == "pipeDelimited" && !f.Explode:
		return "|"
	case f.In == model.InQuery && f.Explode:
		return ""
	}
	return ","
}
