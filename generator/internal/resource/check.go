package resource

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	decimalRule = regexp.MustCompile(decimalPattern)
	numberRule  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

// flagHint lists the flags.
const flagHint = "the flags are: unique index optional min=N max=N default=V; a required field has ! after its type"

// flag applies one :flag to the field. The type is only looked at when it was
// understood.
func (p *parser) flag(f *Field, t token, typed bool) bool {
	name, value, hasValue := strings.Cut(t.text, "=")
	k, _ := kindOf(f.Type.Kind)
	misplaced := func(why string) bool {
		p.fail(widen(t.at), why, "%s cannot be used on %s", name, f.Type.Kind)
		return false
	}
	switch {
	case hasValue && value == "", !hasValue && slices.Contains([]string{"min", "max", "default"}, name):
		p.fail(widen(t.at), "write "+name+"=VALUE", "%s has no value", name)
		return false
	case name == "unique" && !hasValue:
		if typed && !k.unique && f.Type.Kind != "ref" {
			return misplaced("unique is for string, int, int32, uuid, email, url and ref")
		}
		f.Unique = true
	case name == "index" && !hasValue:
		if typed && (f.Type.Kind == "json" || f.Type.Kind == "list" || f.Type.Kind == "text") {
			return misplaced("only single short values can be indexed")
		}
		f.Index = true
	case name == "optional" && !hasValue:
		if f.Required {
			p.fail(t.at, "leave out one of the two; a field without ! is optional", "%s is both required (!) and optional", f.Name)
			return false
		}
	case name == "required" && !hasValue:
		f.Required = true
	case (name == "min" || name == "max") && hasValue:
		if typed && !k.number && !k.length && f.Type.Kind != "list" {
			return misplaced("min and max are for int, int32, float (value), string, text (length) and list (items)")
		}
		if name == "min" {
			f.Min = value
		} else {
			f.Max = value
		}
		return !typed || p.bound(*f, k, t, value)
	case name == "default" && hasValue:
		if typed && !k.literal && f.Type.Kind != "enum" {
			return misplaced("defaults are for string, text, int, int32, float, decimal, bool and enum")
		}
		f.Default = value
		return !typed || p.literal(*f, k, t, value)
	default:
		p.fail(widen(t.at), flagHint, "unknown flag %q", t.text)
		return false
	}
	return true
}

// bound checks the value of min or max.
func (p *parser) bound(f Field, k kind, t token, value string) bool {
	if k.number {
		if !numberRule.MatchString(value) || k.typ == "integer" && !fits(value, k) {
			p.fail(t.at, "", "%q is no %s", value, f.Type.Kind)
			return false
		}
		return true
	}
	if n, err := strconv.Atoi(value); err != nil || n < 0 || n > 1<<20 || strings.HasPrefix(value, "+") {
		p.fail(t.at, "lengths and item counts are whole numbers up to 1048576", "%q is no length", value)
		return false
	}
	return true
}

// fits reports whether value is an integer in the range of the type.
func fits(value string, k kind) bool {
	bits := 64
	if k.format == "int32" {
		bits = 32
	}
	_, err := strconv.ParseInt(value, 10, bits)
	return err == nil && numberRule.MatchString(value)
}

// literal checks a default against the type.
func (p *parser) literal(f Field, k kind, t token, value string) bool {
	ok, hint := true, ""
	switch {
	case f.Type.Kind == "enum":
		ok, hint = slices.Contains(f.Type.Values, value), "the values are: "+strings.Join(f.Type.Values, " ")
	case f.Type.Kind == "bool":
		ok, hint = value == "true" || value == "false", "write true or false"
	case f.Type.Kind == "decimal":
		ok, hint = decimalRule.MatchString(value), "write it like 12.50"
	case k.typ == "integer":
		ok = fits(value, k)
	case k.number:
		ok = numberRule.MatchString(value)
	}
	if !ok {
		p.fail(t.at, hint, "the default %q is no value of %s", value, f.Name)
	}
	return ok
}

// bounds checks min, max and default against each other.
func (p *parser) bounds(f Field) bool {
	if f.Required && f.Default != "" {
		p.fail(f.pos, "leave out one of the two; a field with a default is always there in answers", "%s is required and has a default", f.Name)
		return false
	}
	if f.Min != "" && f.Max != "" && number(f.Min).Cmp(number(f.Max)) > 0 {
		p.fail(f.pos, "", "the least value of %s, %s, is above the greatest, %s", f.Name, f.Min, f.Max)
		return false
	}
	if f.Default == "" {
		return true
	}
	k, _ := kindOf(f.Type.Kind)
	value := new(big.Rat).SetInt64(int64(len([]rune(f.Default))))
	if k.number {
		value = number(f.Default)
	}
	if f.Min != "" && value.Cmp(number(f.Min)) < 0 || f.Max != "" && value.Cmp(number(f.Max)) > 0 {
		p.fail(f.pos, "", "the default of %s lies outside its min and max", f.Name)
		return false
	}
	return true
}

// number reads a checked decimal number.
func number(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return new(big.Rat)
	}
	return r
}

// check holds the resources against each other.
func (p *parser) check(all []*Resource) {
	byName := map[string]*Resource{}
	taken := map[string]*Resource{} // plural, which is path and table
	tables := map[string]string{}
	var names []string
	for _, r := range all {
		tables[r.Name] = r.Plural
		r.target = tables
		if first := byName[r.Name]; first != nil {
			p.fail(r.pos, fmt.Sprintf("put all fields of %s into one", r.Name), "%s is described twice, first in resource %d", r.Name, first.pos.line)
			continue
		}
		byName[r.Name] = r
		names = append(names, r.Name)
		if other := taken[r.Plural]; other != nil {
			p.fail(r.pos, fmt.Sprintf("give another plural: %s/%s_list", r.Name, r.Name), "%s and %s share the plural %s", other.Name, r.Name, r.Plural)
		}
		taken[r.Plural] = r
		if t := pascal(r.Name); slices.Contains(fixedSchemas, t) {
			p.fail(r.pos, "choose another name, such as "+r.Name+"_item", "the name %s is used by the error answers", r.Name)
		}
	}
	p.schemas(all)
	for _, r := range all {
		p.properties(r)
		for _, f := range r.Fields {
			if f.Type.Kind != "ref" || byName[f.Type.Ref] != nil || p.partial {
				continue
			}
			hint := "the resources are: " + strings.Join(names, " ") + "; add one, as in --resource '" + f.Type.Ref + " name:string!'"
			if near := nearest(f.Type.Ref, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			p.fail(f.pos, hint, "%s refers to %s, which is no resource", f.Name, f.Type.Ref)
		}
	}
	p.cycles(all, byName)
}

// schemas finds resources whose schemas would carry the same name, such as
// book_page beside book.
func (p *parser) schemas(all []*Resource) {
	owner := map[string]*Resource{}
	for _, r := range all {
		for _, s := range r.schemaNames() {
			if first := owner[s]; first != nil && first.Name != r.Name {
				p.fail(r.pos, "choose another name for one of them", "%s and %s both need a schema named %s", first.Name, r.Name, s)
				break
			}
			owner[s] = r
		}
	}
}

// properties finds fields that end up as the same property.
func (p *parser) properties(r *Resource) {
	seen := map[string]bool{}
	for _, f := range r.Fields {
		name := f.property()
		switch fold := strings.ToLower(name); {
		case slices.Contains(given, fold):
			p.fail(f.pos, "every resource has id, created_at and updated_at by itself", "%s cannot have a field %s", r.Name, name)
		case seen[fold]:
			p.fail(f.pos, "", "%s has two fields named %s", r.Name, name)
		default:
			seen[fold] = true
		}
	}
}

// cycles finds resources that require each other: none could be created first.
func (p *parser) cycles(all []*Resource, byName map[string]*Resource) {
	const visiting, done = 1, 2
	state := map[string]int{}
	var visit func(r *Resource)
	visit = func(r *Resource) {
		state[r.Name] = visiting
		for _, f := range r.Fields {
			to := byName[f.Type.Ref]
			if f.Type.Kind != "ref" || !f.Required || to == nil {
				continue
			}
			switch state[to.Name] {
			case visiting:
				p.fail(f.pos, "make one of the references optional: leave out its !", "%s needs %s, which needs %s first; none could ever be created", r.Name, to.Name, r.Name)
			case 0:
				visit(to)
			}
		}
		state[r.Name] = done
	}
	for _, r := range all {
		if state[r.Name] == 0 {
			visit(r)
		}
	}
}
