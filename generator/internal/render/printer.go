package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// printer writes the statements that move values between Go and the wire. They
// are nested and repeat, which templates do badly; everything flat is a template.
type printer struct {
	strings.Builder
	in       string            // variable that is read from: "d" or "in"
	patterns map[string]string // regular expression → variable, shared by all printers of a project
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// pattern returns the variable that holds a compiled regular expression. hint
// names it where it is met first.
func (p *printer) pattern(expr, hint string) string {
	if name := p.patterns[expr]; name != "" {
		return name
	}
	taken := slices.Collect(maps.Values(p.patterns))
	name := "pattern" + hint
	for n := 2; slices.Contains(taken, name); n++ {
		name = fmt.Sprintf("pattern%s%d", hint, n)
	}
	p.patterns[expr] = name
	return name
}

// read prints the statements that read a value of type t into the place that ptr
// points to; value is the same place as an expression.
func (p *printer) read(t *model.Type, r model.Rules, ptr, value, hint string, depth int) {
	if r.Check != nil {
		p.checked(t, r, ptr, value, hint, depth)
		return
	}
	if t.Declared() && t.Kind != model.Enum {
		p.line("decode%s(%s, %s)", t.Name, p.in, ptr)
		if t.Kind == model.Slice || t.Kind == model.Map {
			p.listChecks(t, r, parens(value), noun(t))
		}
		return
	}
	switch t.Kind {
	case model.Custom:
		p.readCustom(t, r, ptr, hint, depth)
	case model.Slice:
		p.readSlice(t, r, value, hint, depth)
	case model.Map:
		p.readMap(t, r, value, hint, depth)
	default:
		p.readScalar(t, r, ptr, value, hint)
	}
}

// checked reads a value that is validated against its schema first, because its
// type does not say everything. What comes as text is validated afterwards.
func (p *printer) checked(t *model.Type, r model.Rules, ptr, value, hint string, depth int) {
	check := r.Check.Name
	r.Check = nil
	if p.in != "d" {
		p.read(t, r, ptr, value, hint, depth)
		p.line("codec.Check(%s, %s, %s)", p.in, check, value)
		return
	}
	p.line("d.Check(%s, func(d *codec.Decoder) {", check)
	p.read(t, r, ptr, value, hint, depth)
	p.line("})")
}

// readCustom prints how a value of a type of another package is read: checked first
// as what the document says that it is.
func (p *printer) readCustom(t *model.Type, r model.Rules, ptr, hint string, depth int) {
	body := &printer{in: p.in, patterns: p.patterns}
	if t.Elem != nil {
		body.line("var plain %s", t.Elem.Go(""))
		body.read(t.Elem, r, "&plain", "plain", hint, depth)
	}
	switch {
	case p.in == "d" && t.Elem == nil:
		p.line("codec.Custom(d, %s, nil)", ptr)
	case p.in == "d":
		p.line("codec.Custom(d, %s, func(d *codec.Decoder) {\n%s})", ptr, body.String())
	case t.Elem == nil:
		p.line("codec.CustomText(%s, %s, nil)", p.in, ptr)
	default:
		p.line("codec.CustomText(%s, %s, func() {\n%s})", p.in, ptr, body.String())
	}
}

// noun is what a list consists of.
func noun(t *model.Type) string {
	if t.Kind == model.Map {
		return "member"
	}
	return "item"
}

func (p *printer) readScalar(t *model.Type, r model.Rules, ptr, value, hint string) {
	var checks printer
	checks.in, checks.patterns = p.in, p.patterns
	checks.checks(t, r, value, hint)
	call := fmt.Sprintf("%s.%s(%s)", p.in, method(t.Kind), ptr)
	if t.Kind == model.Enum {
		call = fmt.Sprintf("%s.%s((*%s)(%s))", p.in, method(t.Base), t.Base.Go(), ptr)
	}
	if checks.Len() == 0 {
		p.line("%s", call)
		return
	}
	p.line("if %s {\n%s}", call, checks.String())
}

// method is the name of the Decoder, Request and Encoder method for a kind.
func method(k model.Kind) string {
	return [...]string{
		model.String: "String", model.Bool: "Bool", model.Int32: "Int32", model.Int64: "Int64",
		model.Uint64: "Uint64", model.Big: "Integer",
		model.Float32: "Float32", model.Float64: "Float64", model.Time: "Time", model.Date: "Date",
		model.Bytes: "Bytes", model.Raw: "Raw",
	}[k]
}

func (p *printer) readSlice(t *model.Type, r model.Rules, value, hint string, depth int) {
	item := variable("item", depth)
	p.line("if %s.Array() {", p.in)
	p.line("%s = %s{}", value, t.Go(""))
	p.line("for %s.More() {", p.in)
	p.readElem(t, item, hint, depth)
	p.line("%s = append(%s, %s)", value, value, item)
	p.line("}")
	p.listChecks(t, r, value, "item")
	p.line("}")
}

func (p *printer) readMap(t *model.Type, r model.Rules, value, hint string, depth int) {
	item, key := variable("value", depth), variable("key", depth)
	p.line("if %s.Object() {", p.in)
	p.line("%s = %s{}", value, t.Go(""))
	p.line("for %s.More() {", p.in)
	p.line("%s := %s.Name()", key, p.in)
	p.readElem(t, item, hint, depth)
	p.line("%s[%s] = %s", value, key, item)
	p.line("}")
	p.listChecks(t, r, value, "member")
	p.line("}")
}

// readElem declares a variable for an element and reads into it.
func (p *printer) readElem(t *model.Type, item, hint string, depth int) {
	elem := t.Elem.Go("")
	if strings.HasPrefix(t.Go(""), "[]*") || strings.HasPrefix(t.Go(""), "map[string]*") {
		p.line("var %s *%s", item, elem)
		p.line("if !%s.Null() {", p.in)
		p.line("%s = new(%s)", item, elem)
		p.read(t.Elem, t.ElemRules, item, "*"+item, hint+"Item", depth+1)
		p.line("}")
		return
	}
	p.line("var %s %s", item, elem)
	if t.ElemNullable {
		p.line("if !%s.Null() {", p.in)
		defer p.line("}")
	}
	p.read(t.Elem, t.ElemRules, "&"+item, item, hint+"Item", depth+1)
}

// variable names loop variables apart when loops nest.
func variable(name string, depth int) string {
	if depth == 0 {
		return name
	}
	return name + strconv.Itoa(depth+1)
}

func (p *printer) listChecks(t *model.Type, r model.Rules, value, noun string) {
	if r.MinItems > 0 || r.MaxItems >= 0 {
		p.line("%s.Count(len(%s), %d, %d, %q)", p.in, value, r.MinItems, r.MaxItems, noun)
	}
	if r.Unique && t.Kind == model.Slice {
		p.line("codec.Unique(%s, %s)", p.in, value)
	}
	if r.Check != nil {
		p.line("codec.Check(%s, %s, %s)", p.in, r.Check.Name, value)
	}
}

// checks prints the rules on a scalar.
func (p *printer) checks(t *model.Type, r model.Rules, value, hint string) {
	switch t.Kind {
	case model.Enum:
		p.line("%s.Enum(%s.Valid(), %s)", p.in, parens(value), model.Unexported(t.Name)+"Values")
	case model.String:
		if r.MinLength > 0 || r.MaxLength >= 0 {
			p.line("%s.Length(%s, %d, %d)", p.in, value, r.MinLength, r.MaxLength)
		}
		if r.Pattern != "" {
			p.line("%s.Match(%s, %s)", p.in, value, p.pattern(r.Pattern, hint))
		}
		if r.Format != "" {
			p.line("%s.Format(%s, %q)", p.in, value, r.Format)
		}
	case model.Int32, model.Int64, model.Uint64, model.Float32, model.Float64:
		p.numberChecks(t.Kind, r, value)
	}
	if lit, ok := constant(t, r.Const); ok && r.Const != "" {
		p.line("%s.Const(%s == %s, %s)", p.in, value, lit, strconv.Quote(r.Const))
	}
}

func parens(value string) string {
	if strings.HasPrefix(value, "*") {
		return "(" + value + ")"
	}
	return value
}

func (p *printer) numberChecks(k model.Kind, r model.Rules, value string) {
	for _, rule := range []struct {
		name, limit string
		up          bool
	}{{"Min", r.Min, true}, {"Max", r.Max, false}, {"Above", r.ExclMin, false}, {"Below", r.ExclMax, true}} {
		if limit, ok := limitLiteral(k, rule.limit, rule.up); ok {
			p.line("codec.%s(%s, %s, %s)", rule.name, p.in, value, limit)
		}
	}
	if r.MultipleOf != "" && !(integer(k) && r.MultipleOf == "1") {
		p.line("codec.MultipleOf(%s, %s, %q)", p.in, value, r.MultipleOf)
	}
}

func integer(k model.Kind) bool {
	return k == model.Int32 || k == model.Int64 || k == model.Uint64
}

// limitLiteral returns a limit as a Go constant that fits the kind. Between two
// integers it is rounded to the one that means the same (up or down); a limit
// that no value can reach is left out.
func limitLiteral(k model.Kind, text string, up bool) (string, bool) {
	limit, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	if !integer(k) {
		f, _ := limit.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64), true
	}
	n := new(big.Int).Div(limit.Num(), limit.Denom()) // floor
	if up && !limit.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	if k == model.Uint64 {
		return n.String(), n.IsUint64()
	}
	if !n.IsInt64() || k == model.Int32 && int64(int32(n.Int64())) != n.Int64() {
		return "", false
	}
	return n.String(), true
}

// constant returns the Go literal of a JSON scalar for a type, and whether there is one.
func constant(t *model.Type, text string) (string, bool) {
	kind := t.Kind
	if kind == model.Enum {
		for _, v := range t.Values {
			if v.JSON == text {
				return v.Name, true
			}
		}
		return "", false
	}
	switch kind {
	case model.String:
		var s string
		if json.Unmarshal([]byte(text), &s) != nil || text == "null" {
			return "", false
		}
		return strconv.Quote(s), true
	case model.Bool:
		return text, text == "true" || text == "false"
	case model.Int32, model.Int64, model.Uint64, model.Float32, model.Float64:
		n, ok := new(big.Rat).SetString(text)
		if !ok || integer(kind) && !n.IsInt() {
			return "", false
		}
		return limitLiteral(kind, text, false)
	}
	return "", false
}
