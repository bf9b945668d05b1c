package render

import (
	"fmt"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// param returns the statements that read a parameter into a field of the variable
// that to names. index is the place of a path parameter in the template.
func (p *printer) param(o *model.Operation, f *model.Param, to string, index int) string {
	p.Reset()
	p.in = "in"
	place := to + "." + f.Name
	lit, plain := constant(f.Type, f.Default)
	if plain && lit != "0" && lit != "false" && lit != `""` {
		p.line("%s = %s", place, lit)
	}
	flat := f.JSON || textual(f.Type) && f.Style != "deepObject" && !f.Whole
	found := finding(o, f, index)
	if flat && f.In != model.InPath && f.Type.Kind != model.Slice {
		found += " && in.Once()"
	}
	if f.Empty {
		found += " && in.Filled()"
	}
	absent := &printer{in: p.in, patterns: p.patterns}
	if f.Default != "" && !plain {
		absent.structured(fmt.Sprintf("Default(%q, ", f.Default), f.Type, f.Rules, f.Shape(), place, o.Name+f.Name)
	}
	p.found(found, absent.String(), func(body *printer) {
		if flat {
			body.textual(f.Type, f.Rules, f.Shape(), place, separator(f), o.Name+f.Name, f.JSON)
			return
		}
		if f.Type.Kind == model.Slice && f.In != model.InQuery {
			body.line("in.Items(%q)", separator(f))
		}
		body.structured("Decode(", f.Type, f.Rules, f.Shape(), place, o.Name+f.Name)
	})
	return strings.TrimSpace(p.String())
}

// finding is the condition that moves to a parameter and tells whether it is there.
func finding(o *model.Operation, f *model.Param, index int) string {
	object := !f.JSON && !textual(f.Type) && f.Type.Kind != model.Slice
	if f.In == model.InPath {
		found := fmt.Sprintf("in.Path(%q, path[%d])", f.Wire, index)
		if prefix := pathPrefix(f, object); prefix != "" {
			found = fmt.Sprintf("in.PathAfter(%q, %q, path[%d])", prefix, f.Wire, index)
		}
		return found + pairs(f, object)
	}
	place := model.Exported(string(f.In))
	if f.Style == "cookie" {
		place = "PlainCookie"
	}
	switch {
	case f.Whole && f.JSON:
		return fmt.Sprintf("in.WholeQuery(%q, %t)", f.Wire, f.Required)
	case f.Whole:
		return fmt.Sprintf("in.Rest(%q, %t)", f.Wire, f.Required)
	case f.JSON:
	case f.In == model.InQuery && (f.Style == "deepObject" || !object && !textual(f.Type) || f.Type.Kind == model.Union):
		return fmt.Sprintf("in.Deep(%q, %t)", f.Wire, f.Required)
	case object && f.Explode && f.In == model.InQuery && open(f.Type):
		return fmt.Sprintf("in.Rest(%q, %t%s)", f.Wire, f.Required, quoted(otherParams(o, f)))
	case object && f.Explode && f.In == model.InQuery:
		return fmt.Sprintf("in.Members(%q, %t%s)", f.Wire, f.Required, quoted(memberNames(f.Type)))
	case object && f.Explode && f.In == model.InCookie && f.Type.Kind == model.Struct:
		return fmt.Sprintf("in.%sMembers(%q, %t%s)", place, f.Wire, f.Required, quoted(memberNames(f.Type)))
	}
	return fmt.Sprintf("in.%s(%q, %t)", place, f.Wire, f.Required) + pairs(f, object)
}

// pairs cuts the text of an object into its members.
func pairs(f *model.Param, object bool) string {
	if !object || f.Type.Kind == model.Union {
		return ""
	}
	return fmt.Sprintf(" && in.Pairs(%q, %t)", separator(f), f.Explode && f.In != model.InCookie)
}

// pathPrefix is what the styles label and matrix put before a value.
func pathPrefix(f *model.Param, object bool) string {
	switch {
	case f.Style == "label":
		return "."
	case f.Style == "matrix" && object && f.Explode:
		return ";"
	case f.Style == "matrix":
		return ";" + f.Wire + "="
	}
	return ""
}

// open reports whether an object may have members that the document does not name.
func open(t *model.Type) bool { return t.Kind == model.Map || t.Extra != nil }

func memberNames(t *model.Type) []string {
	var out []string
	for _, f := range t.Fields {
		out = append(out, f.JSON)
	}
	return out
}

// otherParams are the query parameters of an operation but for one.
func otherParams(o *model.Operation, not *model.Param) []string {
	var out []string
	for _, f := range o.Params {
		if f != not && f.In == model.InQuery {
			out = append(out, f.Wire)
		}
	}
	return out
}

// quoted prints further string arguments.
func quoted(list []string) string {
	var out strings.Builder
	for _, text := range list {
		fmt.Fprintf(&out, ", %q", text)
	}
	return out.String()
}

// textual reports whether a parameter of the type can be read from text: a
// scalar, or a list of scalars.
func textual(t *model.Type) bool {
	return t.Scalar() || t.Kind == model.Raw || t.Kind == model.Custom ||
		t.Kind == model.Slice && t.Elem.Scalar() && !t.Declared() && !t.ElemNullable
}

// structured reads a parameter that a decoder must take apart, by the given call.
func (p *printer) structured(call string, t *model.Type, r model.Rules, shape model.Shape, place, hint string) {
	p.line("in.%sfunc(d *codec.Decoder) {", call)
	p.in = "d"
	ptr, value := "&"+place, place
	if shape == model.Pointer {
		p.line("%s = new(%s)", place, t.Go(""))
		ptr, value = place, "*"+place
	}
	p.read(t, r, ptr, value, hint, 0)
	p.line("})")
}

// found prints what to do when a parameter is there, and otherwise. When the first
// is a single if, the two conditions become one.
func (p *printer) found(condition, otherwise string, then func(*printer)) {
	body := &printer{in: p.in, patterns: p.patterns}
	then(body)
	text := body.String()
	if otherwise != "" {
		p.line("if %s {\n%s} else {\n%s}", condition, text, otherwise)
		return
	}
	if rest, ok := strings.CutPrefix(text, "if "); ok && strings.Count(text, "\n}") == 1 && strings.HasSuffix(text, "\n}\n") {
		p.line("if %s && %s", condition, strings.TrimSuffix(rest, "\n"))
		return
	}
	p.line("if %s {\n%s}", condition, text)
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
	case f.Style == "tabDelimited" && !f.Explode:
		return "\t"
	case f.Style == "label" && f.Explode:
		return "."
	case f.Style == "matrix" && f.Explode && f.Type.Kind == model.Slice:
		return ";" + f.Wire + "="
	case f.Style == "matrix" && f.Explode:
		return ";"
	case (f.In == model.InQuery || f.Style == "cookie") && f.Explode:
		return ""
	}
	return ","
}
