package render

import (
	"fmt"
	"slices"
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

// requirement is a set of required members: in which variable they are noted, and
// which method asks for them.
type requirement struct {
	set, method string
	names       []string
}

// requirements sorts the required members of a struct by the direction that must
// have them.
func requirements(t *model.Type) []*requirement {
	all := &requirement{set: "seen", method: "Require"}
	read := &requirement{set: "read", method: "RequireRead"}
	written := &requirement{set: "written", method: "RequireWrite"}
	for _, f := range t.Fields {
		if r := required(t, f, all, read, written); r != nil && len(r.names) < maxRequired {
			r.names = append(r.names, f.JSON)
		}
	}
	return slices.DeleteFunc([]*requirement{all, read, written}, func(r *requirement) bool { return len(r.names) == 0 })
}

// required chooses the set of a member, nil when it is not required.
func required(t *model.Type, f *model.Field, all, read, written *requirement) *requirement {
	switch {
	case !f.Required || f.ReadOnly && !t.Read || f.ReadOnly && f.WriteOnly:
		return nil
	case f.ReadOnly:
		return read
	case f.WriteOnly && t.Read:
		return written
	}
	return all
}

// onlyRead reports whether a type is decoded from answers and nothing else.
func onlyRead(t *model.Type) bool { return t.Read && !t.Served }

func (p *printer) decodeStruct(t *model.Type) {
	needs := requirements(t)
	p.line("if !d.Object() {\nreturn\n}")
	if len(needs) > 0 {
		var sets []string
		for _, r := range needs {
			sets = append(sets, r.set)
		}
		p.line("var %s codec.Seen", strings.Join(sets, ", "))
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
		p.fields(t, needs)
		p.line("default:")
		p.extra(t)
		p.line("}")
	default:
		p.line("switch d.Name() {")
		p.fields(t, needs)
		p.line("default:\n%s\n}", rest(t))
	}
	p.line("}")
	if counted {
		p.line("d.Count(members, %d, %d, %q)", t.Members.MinItems, t.Members.MaxItems, "member")
	}
	for _, r := range needs {
		p.line("d.%s(&%s%s)", r.method, r.set, quoted(r.names))
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

func (p *printer) fields(t *model.Type, needs []*requirement) {
	for _, f := range t.Fields {
		p.line("case %q:", f.JSON)
		for _, r := range needs {
			if bit := slices.Index(r.names, f.JSON); bit >= 0 {
				p.line("%s.Add(%d)", r.set, bit)
			}
		}
		guarded := f.ReadOnly && !onlyRead(t)
		if guarded {
			p.line("if d.ReadOnly() {")
		}
		p.readField(f, "v."+f.Name, t.Name+f.Name)
		if guarded {
			p.line("}")
		}
	}
}

// readField prints how a member is read, by the shape that holds it.
func (p *printer) readField(f *model.Field, place, hint string) {
	switch f.Shape() {
	case model.Tristate:
		p.found(fmt.Sprintf("d.Nullable(&%s.Set, &%s.Null)", place, place), "", func(p *printer) {
			ptr, value := "&"+place+".Value", place+".Value"
			if f.Boxed {
				p.line("%s = new(%s)", value, f.Type.Go(""))
				ptr, value = value, "*"+value
			}
			p.read(f.Type, f.Rules, ptr, value, hint, 0)
		})
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
	extra := t.ExtraMap()
	p.line("if v.Extra == nil {\nv.Extra = %s{}\n}", extra.Go(""))
	p.readElem(extra, "value", t.Name+"Extra", 0)
	p.line("v.Extra[name] = value")
}

// defaults fills optional members that are absent.
func (p *printer) defaults(t *model.Type) {
	if onlyRead(t) {
		return
	}
	body := printer{in: p.in, patterns: p.patterns}
	for _, f := range t.Fields {
		fills := f.Shape() == model.Pointer || f.Shape() == model.Plain && f.Type.Nilable()
		if f.Default == "" || f.Default == "null" || f.ReadOnly || f.Required || !fills {
			continue
		}
		if lit, ok := constant(f.Type, f.Default); ok {
			body.line("if v.%s == nil {\nv.%s = new(%s)\n}", f.Name, f.Name, typed(f.Type, lit))
			continue
		}
		body.line("if v.%s == nil {\nd.Default(%s, func(d *codec.Decoder) {", f.Name, strconv.Quote(f.Default))
		body.readField(f, "v."+f.Name, t.Name+f.Name)
		body.line("})\n}")
	}
	if body.Len() > 0 {
		p.line("if d.Defaults() {\n%s}", body.String())
	}
}

// typed gives an untyped constant the type of its place.
func typed(t *model.Type, lit string) string {
	switch t.Kind {
	case model.Int32, model.Int64, model.Uint64, model.Float32, model.Float64:
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
			if len(quoted) > 0 {
				p.line("case %s:", strings.Join(quoted, ", "))
				p.decodeVariant(v)
			}
		}
		p.line("}")
		if t.Fallback != nil {
			p.decodeVariant(t.Fallback)
			p.line("})")
			return
		}
		p.line("return nil\n}, %s)", strings.Join(values, ", "))
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

func (p *printer) decodeVariant(v *model.Variant) {
	p.line("v.%s = new(%s)", v.Name, v.Type.Go(""))
	p.line("return func(d *codec.Decoder) { decode%s(d, v.%s) }", v.Type.Name, v.Name)
}

func variantVar(v *model.Variant) string { return "as" + v.Name }
