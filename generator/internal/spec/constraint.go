package spec

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"
)

// numbers decodes the limits of numbers.
func (d *decoder) numbers(n *node, s *Schema) {
	s.Minimum, s.Maximum = d.number(n, "minimum"), d.number(n, "maximum")
	s.ExclusiveMinimum = d.exclusive(n, "exclusiveMinimum", "minimum", &s.Minimum)
	s.ExclusiveMaximum = d.exclusive(n, "exclusiveMaximum", "maximum", &s.Maximum)
	s.MultipleOf = d.number(n, "multipleOf")
	if s.MultipleOf != nil && !positive(string(*s.MultipleOf)) {
		d.errorf(n.get("multipleOf").at, "", "multipleOf must be greater than 0")
	}
	lo, hi := n.get("minimum"), n.get("maximum")
	if lo != nil && hi != nil && lo.kind == numberNode && hi.kind == numberNode && lo.float() > hi.float() {
		d.errorf(hi.at, "", "maximum %s is less than minimum %s: no value is valid", hi.text, lo.text)
	}
}

// positive reports whether a JSON number is greater than 0, however small.
func positive(number string) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	return !strings.HasPrefix(number, "-") && strings.Trim(mantissa, "+0.") != ""
}

func (d *decoder) number(n *node, key string) *Number {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind == textNode && jsonNumberRE.MatchString(v.text) {
		d.warnf(v.at, "remove the quotes", "%s must be a number, not a string", key)
	} else if v.kind != numberNode {
		d.errorf(v.at, "", "%s must be a number, not %s", key, v.kind)
		return nil
	}
	out := Number(v.text)
	return &out
}

// exclusive decodes an exclusive limit. The boolean of OpenAPI 3.0 makes the
// inclusive one exclusive.
func (d *decoder) exclusive(n *node, key, inclusive string, limit **Number) *Number {
	v := n.get(key)
	switch {
	case v == nil:
		return nil
	case v.kind != boolNode:
		if d.v30 {
			d.warnf(v.at, "write "+inclusive+": "+v.text+" and "+key+": true", "%s as a number is OpenAPI 3.1", key)
		}
		return d.number(n, key)
	case !d.v30:
		d.warnf(v.at, "write the limit itself: "+key+": 0", "%s as a boolean is OpenAPI 3.0", key)
	}
	if v.text != "true" {
		return nil
	}
	out := *limit
	*limit = nil
	if out == nil {
		d.warnf(v.at, "add "+inclusive, "%s without %s means nothing", key, inclusive)
	}
	return out
}

// sizes decodes the limits of lengths and counts, and the pattern.
func (d *decoder) sizes(n *node, s *Schema) {
	s.MinLength, s.MaxLength = d.sizePair(n, "minLength", "maxLength")
	s.MinItems, s.MaxItems = d.sizePair(n, "minItems", "maxItems")
	s.MinProperties, s.MaxProperties = d.sizePair(n, "minProperties", "maxProperties")
	s.UniqueItems = d.flag(n, "uniqueItems")
	if v := n.get("pattern"); v != nil {
		text := d.text(n, "pattern")
		if err := d.compile(text); err != nil {
			d.warnf(v.at, "", "pattern cannot be read and is not checked: %v", err)
		} else {
			s.Pattern = &text
		}
	}
}

// compile reports whether the pattern can be run: by Go itself, or by the ECMA
// 262 engine that knows what Go leaves out.
func (d *decoder) compile(pattern string) error {
	err, ok := d.patterns[pattern]
	if !ok {
		if _, err = regexp.Compile(pattern); err != nil {
			_, err = regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
		}
		d.patterns[pattern] = err
	}
	return err
}

func (d *decoder) sizePair(n *node, low, high string) (lo, hi *int) {
	lo, hi = d.size(n, low), d.size(n, high)
	if lo != nil && hi != nil && *lo > *hi {
		d.errorf(n.get(high).at, "", "%s %d is less than %s %d: no value is valid", high, *hi, low, *lo)
	}
	return lo, hi
}

func (d *decoder) size(n *node, key string) *int {
	if d.number(n, key) == nil {
		return nil
	}
	v := n.get(key)
	f, _ := strconv.ParseFloat(v.text, 64)
	switch {
	case f < 0:
		d.errorf(v.at, "", "%s must not be negative", key)
		return nil
	case f != math.Trunc(f):
		d.errorf(v.at, "", "%s must be a whole number", key)
		return nil
	case f >= math.MaxInt32: // no limit at all, and safe in 32 bits
		f = math.MaxInt32
	}
	out := int(f)
	return &out
}

// values decodes enum and const.
func (d *decoder) values(n *node, s *Schema) {
	if m := n.find("const"); m != nil {
		if d.v30 {
			d.warnf(m.at, "write enum with one value", "const is OpenAPI 3.1")
		}
		v := d.value(m.value)
		s.Const = &v
	}
	v := n.get("enum")
	if v == nil {
		return
	}
	items := d.list(n, "enum")
	if v.kind == listNode && len(items) == 0 {
		d.emptyEnum(v, s)
	}
	nullable := textOf(n, "nullable") == "true" || d.converted && textOf(n, "x-nullable") == "true"
	seen := map[string]bool{}
	for _, item := range items {
		val := d.value(item)
		if !fits(item, s.Types) && (!nullable || item.kind != nullNode) {
			text, ok := d.coerce(item, s.Types)
			if !ok {
				d.warnf(item.at, enumHint(s), "enum value %s is not of type %s; it is ignored", val.JSON, typeList(s.Types))
				continue
			}
			d.warnf(item.at, "write "+text, "enum value %s is not of type %s", val.JSON, typeList(s.Types))
			val.JSON = text
		}
		if seen[val.JSON] {
			d.warnf(item.at, "", "enum value %s is listed twice", val.JSON)
			continue
		}
		seen[val.JSON] = true
		s.Enum = append(s.Enum, val)
	}
}

// emptyEnum is a mistake in 3.0. JSON Schema has allowed it since, and
// generators of documents leave it behind where they mean no limit.
func (d *decoder) emptyEnum(v *node, s *Schema) {
	const hint = "list the values, or remove it"
	if d.strict {
		reject := true
		s.Not = &Schema{Pos: d.pos(v.at), Bool: &reject}
	} else if d.v30 {
		d.errorf(v.at, hint, "enum is empty: no value is valid")
	} else {
		d.warnf(v.at, hint, "enum is empty; it is ignored")
	}
}

func enumHint(s *Schema) string {
	if slices.Contains(s.Types, "array") {
		return "move enum into items to limit the entries"
	}
	return ""
}

// fits reports whether the value is of one of the types.
func fits(n *node, types []string) bool {
	if len(types) == 0 {
		return true
	}
	for _, t := range types {
		switch {
		case t == "null" && n.kind == nullNode,
			t == "boolean" && n.kind == boolNode,
			t == "number" && n.kind == numberNode,
			t == "integer" && n.kind == numberNode && n.float() == math.Trunc(n.float()),
			t == "string" && n.kind == textNode,
			t == "array" && n.kind == listNode,
			t == "object" && n.kind == objectNode:
			return true
		}
	}
	return false
}

// coerce returns the JSON of a scalar that was written with quotes too many or
// too few for its type.
func (d *decoder) coerce(n *node, types []string) (string, bool) {
	switch {
	case slices.Contains(types, "string") && (n.kind == numberNode || n.kind == boolNode):
		return string(appendQuoted(nil, n.text)), true
	case n.kind == textNode && jsonNumberRE.MatchString(n.text):
		number := &node{kind: numberNode, text: n.text}
		return n.text, fits(number, types)
	case n.kind == textNode && (n.text == "true" || n.text == "false"):
		return n.text, slices.Contains(types, "boolean")
	}
	return "", false
}

// nullable folds the nullable of OpenAPI 3.0 into the schema.
func (d *decoder) nullable(n *node, s *Schema) {
	key := "nullable"
	if d.converted && n.get(key) == nil {
		key = "x-nullable"
	}
	v := n.get(key)
	if v == nil || !d.flag(n, key) {
		return
	}
	if !d.v30 {
		d.oftenf(v.at, `write type: [string, "null"] with the type in question`, "nullable is OpenAPI 3.0")
	}
	null := func() *Schema { return &Schema{Pos: d.pos(v.at), Types: []string{"null"}} }
	if len(s.AllOf) > 0 || s.Ref != "" {
		d.orNull(s, null())
		return
	}
	if len(s.Types) == 0 {
		s.Types = impliedTypes(s)
	}
	if len(s.Types) > 0 && !slices.Contains(s.Types, "null") {
		s.Types = append(s.Types, "null")
	}
	if len(s.OneOf) > 0 && !slices.ContainsFunc(s.OneOf, isNull) {
		s.OneOf = append(s.OneOf, null())
	}
	if len(s.AnyOf) > 0 && !slices.ContainsFunc(s.AnyOf, isNull) {
		s.AnyOf = append(s.AnyOf, null())
	}
}

func isNull(s *Schema) bool { return len(s.Types) == 1 && s.Types[0] == "null" }

// orNull moves everything but the annotations of s into one alternative and
// puts null beside it: {allOf: …, nullable: true} means that null is valid,
// which no schema with that allOf in it can say.
func (d *decoder) orNull(s, null *Schema) {
	inner := *s
	inner.Name, inner.Title, inner.Description, inner.Extensions = "", "", "", nil
	inner.Default, inner.Examples = nil, nil
	inner.ReadOnly, inner.WriteOnly, inner.Deprecated = false, false, false
	d.order = append(d.order, &inner)
	if d.moved == nil {
		d.moved = map[*Schema]bool{}
	}
	d.moved[&inner] = true
	*s = Schema{
		Pos: s.Pos, Name: s.Name, Title: s.Title, Description: s.Description, Extensions: s.Extensions,
		Default: s.Default, Examples: s.Examples,
		ReadOnly: s.ReadOnly, WriteOnly: s.WriteOnly, Deprecated: s.Deprecated,
		AnyOf: []*Schema{&inner, null},
	}
}

// impliedTypes guesses the types of a schema that names none.
func impliedTypes(s *Schema) []string {
	switch {
	case len(s.Properties) > 0 || s.Additional != nil:
		return []string{"object"}
	case s.Items != nil:
		return []string{"array"}
	}
	var out []string
	for _, v := range s.Enum {
		t := map[byte]string{'"': "string", 't': "boolean", 'f': "boolean", 'n': "null", '[': "array", '{': "object"}[v.JSON[0]]
		if t == "" {
			t = "number"
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
