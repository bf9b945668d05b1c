package model

import (
	"encoding/base64"
	"math/big"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Valid tells whether the JSON text is valid under s when it travels in
// direction dir.
func Valid(s *spec.Schema, text string, dir Direction) bool {
	v, err := decodeValue(text)
	return err == nil && conforms(s, v, dir)
}

// conforms tells whether v is valid under s when it travels in direction dir.
// Samples are checked with it, so that a merge that loses a constraint shows.
func conforms(s *spec.Schema, v any, dir Direction) bool {
	c := &checker{dir: dir}
	return c.valid(s, v)
}

type checker struct {
	dir  Direction
	seen []*spec.Schema        // schemas already being applied to the same value
	done map[*spec.Schema]bool // schemas that were, and whether it is valid
}

// below checks a value inside the present one.
func (c *checker) below(s *spec.Schema, v any) bool {
	return (&checker{dir: c.dir}).valid(s, v)
}

func (c *checker) valid(s *spec.Schema, v any) bool {
	if s == nil || slices.Contains(c.seen, s) {
		return true
	}
	if s.Bool != nil {
		return *s.Bool
	}
	ok, known := c.done[s]
	if !known {
		c.seen = append(c.seen, s)
		ok = c.validNow(s, v)
		c.seen = c.seen[:len(c.seen)-1]
		if c.done == nil {
			c.done = map[*spec.Schema]bool{}
		}
		c.done[s] = ok
	}
	return ok
}

func (c *checker) validNow(s *spec.Schema, v any) bool {
	if s.Target != nil && !c.valid(s.Target, v) {
		return false
	}
	return c.validOwn(s, v) && c.validParts(s, v)
}

func (c *checker) validOwn(s *spec.Schema, v any) bool {
	if len(s.Types) > 0 && !hasType(s.Types, v) {
		return false
	}
	is := func(want spec.Value) bool {
		w, err := decodeValue(want.JSON)
		return err == nil && equalValues(w, v)
	}
	if s.Const != nil && !is(*s.Const) || len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, is) {
		return false
	}
	switch v := v.(type) {
	case string:
		return validString(s, v)
	case number:
		return validNumber(s, v)
	case []any:
		return c.validArray(s, v)
	case *object:
		return c.validObject(s, v)
	}
	return true
}

func (c *checker) validParts(s *spec.Schema, v any) bool {
	for _, part := range s.AllOf {
		if !c.valid(part, v) {
			return false
		}
	}
	holds := func(alts []*spec.Schema) (n int) {
		for _, alt := range alts {
			if c.valid(alt, v) {
				n++
			}
		}
		return n
	}
	if d := s.Discriminator; d != nil && len(s.OneOf)+len(s.AnyOf) > 0 {
		return c.validVariant(d, append(slices.Clone(s.OneOf), s.AnyOf...), v)
	}
	if len(s.OneOf) > 0 && holds(s.OneOf) != 1 || len(s.AnyOf) > 0 && holds(s.AnyOf) == 0 {
		return false
	}
	return (s.Not == nil || !c.valid(s.Not, v)) && (s.Rare == nil || c.validRare(s.Rare, v))
}

// validRare applies the keywords that few schemas have, but for unevaluated
// members and items.
func (c *checker) validRare(r *spec.Rare, v any) bool {
	if r.If != nil {
		branch := r.Else
		if c.valid(r.If, v) {
			branch = r.Then
		}
		if branch != nil && !c.valid(branch, v) {
			return false
		}
	}
	switch v := v.(type) {
	case []any:
		return c.validItems(r, v)
	case *object:
		return c.validMembers(r, v)
	}
	return true
}

func (c *checker) validItems(r *spec.Rare, v []any) bool {
	for i, s := range r.PrefixItems {
		if i < len(v) && !c.below(s, v[i]) {
			return false
		}
	}
	if r.Contains == nil {
		return true
	}
	n := 0
	for _, item := range v {
		if c.below(r.Contains, item) {
			n++
		}
	}
	least := 1
	if r.MinContains != nil {
		least = *r.MinContains
	}
	return within(n, &least, r.MaxContains)
}

func (c *checker) validMembers(r *spec.Rare, v *object) bool {
	for _, m := range v.members {
		if r.PropertyNames != nil && !c.below(r.PropertyNames, m.name) {
			return false
		}
		for _, p := range r.PatternProperties {
			if re, err := regexp.Compile(goPattern(p.Name)); err == nil && re.MatchString(m.name) && !c.below(p.Schema, m.value) {
				return false
			}
		}
	}
	for _, d := range r.DependentRequired {
		if _, ok := v.get(d.Name); !ok {
			continue
		}
		for _, name := range d.Required {
			if _, ok := v.get(name); !ok && !c.skips(name) {
				return false
			}
		}
	}
	for _, d := range r.DependentSchemas {
		if _, ok := v.get(d.Name); ok && !c.valid(d.Schema, v) {
			return false
		}
	}
	return true
}

// validVariant applies the variant that the discriminator of v names.
func (c *checker) validVariant(d *spec.Discriminator, alts []*spec.Schema, v any) bool {
	o, ok := v.(*object)
	if !ok {
		return slices.ContainsFunc(alts, func(alt *spec.Schema) bool { return c.valid(alt, v) })
	}
	name, _ := o.get(d.Property)
	named := func(alt *spec.Schema) bool {
		text, isText := name.(string)
		return isText && slices.Contains(discriminatorValues(d, alt), text)
	}
	if d.Default != nil {
		if i := slices.IndexFunc(alts, named); i >= 0 {
			return c.valid(alts[i], v)
		}
		return c.valid(d.Default, v)
	}
	for _, alt := range alts {
		values := discriminatorValues(d, alt)
		text, isText := name.(string)
		if (len(values) == 0 && (isText || !fixes(alt, d.Property)) || isText && slices.Contains(values, text)) && c.valid(alt, v) {
			return true
		}
	}
	return false
}

func hasType(types []string, v any) bool {
	for _, t := range types {
		var ok bool
		switch v := v.(type) {
		case nil:
			ok = t == "null"
		case bool:
			ok = t == "boolean"
		case string:
			ok = t == "string"
		case number:
			r := rat(string(v))
			ok = t == "number" || t == "integer" && r != nil && r.IsInt()
		case []any:
			ok = t == "array"
		case *object:
			ok = t == "object"
		}
		if ok {
			return true
		}
	}
	return false
}

func within(n int, lo, hi *int) bool {
	return (lo == nil || n >= *lo) && (hi == nil || n <= *hi)
}

func validString(s *spec.Schema, v string) bool {
	if !within(utf8.RuneCountInString(v), s.MinLength, s.MaxLength) {
		return false
	}
	if s.Pattern != nil {
		if re, err := regexp.Compile(goPattern(*s.Pattern)); err == nil && !re.MatchString(v) {
			return false
		}
	}
	return validFormat(s.Format, v)
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// validFormat checks the formats a service must check; the others hold always.
func validFormat(format, v string) bool {
	switch format {
	case "uuid":
		return uuidForm.MatchString(v)
	case "date":
		_, err := time.Parse(time.DateOnly, v)
		return err == nil
	case "date-time":
		_, err := time.Parse(time.RFC3339, v)
		return err == nil
	case "email":
		a, err := mail.ParseAddress(v)
		return err == nil && a.Address == v
	case "ipv4":
		a, err := netip.ParseAddr(v)
		return err == nil && a.Is4()
	case "ipv6":
		a, err := netip.ParseAddr(v)
		return err == nil && a.Is6()
	case "uri", "url":
		u, err := url.Parse(v)
		return err == nil && u.IsAbs() && !strings.ContainsAny(v, " \t\n")
	case "byte":
		_, err := base64.StdEncoding.DecodeString(v)
		return err == nil
	}
	return true
}

func validNumber(s *spec.Schema, v number) bool {
	r := rat(string(v))
	if r == nil {
		return false
	}
	compare := func(n *spec.Number, ok func(int) bool) bool {
		if n == nil {
			return true
		}
		limit := rat(string(*n))
		return limit == nil || ok(r.Cmp(limit))
	}
	if !compare(s.Minimum, func(c int) bool { return c >= 0 }) ||
		!compare(s.Maximum, func(c int) bool { return c <= 0 }) ||
		!compare(s.ExclusiveMinimum, func(c int) bool { return c > 0 }) ||
		!compare(s.ExclusiveMaximum, func(c int) bool { return c < 0 }) {
		return false
	}
	if s.MultipleOf != nil {
		if step := rat(string(*s.MultipleOf)); step != nil && step.Sign() > 0 && !new(big.Rat).Quo(r, step).IsInt() {
			return false
		}
	}
	f, ok := integerFormats[s.Format]
	return !ok || s.Strict || r.Cmp(rat(f.min)) >= 0 && r.Cmp(rat(f.max)) <= 0
}

func (c *checker) validArray(s *spec.Schema, v []any) bool {
	if !within(len(v), s.MinItems, s.MaxItems) {
		return false
	}
	prefix := 0
	if s.Rare != nil {
		prefix = len(s.Rare.PrefixItems)
	}
	for i, item := range v {
		if s.Items != nil && i >= prefix && !c.below(s.Items, item) || s.UniqueItems && holds(v[:i], item) {
			return false
		}
	}
	return true
}

func (c *checker) validObject(s *spec.Schema, v *object) bool {
	if !within(len(v.members), s.MinProperties, s.MaxProperties) {
		return false
	}
	known := map[string]bool{}
	for _, p := range s.Properties {
		known[p.Name] = true
		item, ok := v.get(p.Name)
		if c.dir == Request && isReadOnly(p.Schema) || c.dir == Response && isWriteOnly(p.Schema) {
			if ok {
				return false
			}
			continue
		}
		if ok && !c.below(p.Schema, item) || !ok && slices.Contains(s.Required, p.Name) {
			return false
		}
	}
	for _, name := range s.Required {
		if _, ok := v.get(name); !ok && !known[name] && !c.skips(name) {
			return false
		}
	}
	for _, m := range v.members {
		if !known[m.name] && !matchesPattern(s, m.name) && s.Additional != nil && !c.below(s.Additional, m.value) {
			return false
		}
	}
	return true
}

// matchesPattern tells whether patternProperties describes the member.
func matchesPattern(s *spec.Schema, name string) bool {
	return slices.ContainsFunc(patterns(s), func(p spec.Property) bool {
		re, err := regexp.Compile(goPattern(p.Name))
		return err == nil && re.MatchString(name)
	})
}

// skips tells whether a required name is a property of an enclosing schema that
// this direction does not carry: {allOf: [Book], required: [id]} with a
// readOnly id asks nothing of a request.
func (c *checker) skips(name string) bool {
	if len(c.seen) == 0 {
		return false
	}
	sh := shapeOf(c.seen[0], func([]*spec.Schema) int { return 0 })
	for _, p := range sh.props {
		if p.name == name {
			s := p.schema()
			return c.dir == Request && isReadOnly(s) || c.dir == Response && isWriteOnly(s)
		}
	}
	return false
}
