package model

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// bundle writes schemas as one JSON Schema (2020-12) document, as requests see
// them: read-only members are neither required nor looked at.
type bundle struct {
	keys map[*spec.Schema]string // of the schemas in $defs
	took map[string]bool
	seen map[*spec.Schema]bool // written in place once; a second time they get a key
	wait []*spec.Schema
	defs map[string]any

	both bool // answers are held to the schemas too: write-only members are not required
}

func newBundle() *bundle {
	return &bundle{
		keys: map[*spec.Schema]string{}, took: map[string]bool{},
		seen: map[*spec.Schema]bool{}, defs: map[string]any{},
	}
}

// reserve gives a schema the key that it is looked up by.
func (b *bundle) reserve(s *spec.Schema, key string) {
	b.keys[s], b.took[key] = key, true
	b.wait = append(b.wait, s)
}

// key returns the key of a schema in $defs.
func (b *bundle) key(s *spec.Schema) string {
	if key := b.keys[s]; key != "" {
		return key
	}
	name := Exported(s.Name)
	if s.Name == "" {
		name = "Part"
	}
	key := name
	for n := 2; b.took[key]; n++ {
		key = name + strconv.Itoa(n)
	}
	b.reserve(s, key)
	return key
}

// flush writes everything that waits and what that leads to.
func (b *bundle) flush() {
	for len(b.wait) > 0 {
		s := b.wait[0]
		b.wait = b.wait[1:]
		b.defs[b.keys[s]] = b.body(s, nil)
	}
}

// schema is the JSON of a schema in its place. hidden are the read-only members
// of the object that the schema describes a part of.
func (b *bundle) schema(s *spec.Schema, hidden map[string]bool) any {
	if s.Bool == nil && (b.keys[s] != "" || s.Name != "" || b.seen[s]) {
		return map[string]any{"$ref": "#/$defs/" + b.key(s)}
	}
	b.seen[s] = true
	return b.body(s, hidden)
}

func (b *bundle) body(s *spec.Schema, hidden map[string]bool) any {
	if s.Bool != nil {
		return *s.Bool
	}
	found := maps.Clone(hidden)
	if found == nil {
		found = map[string]bool{}
	}
	members(s, isReadOnly, found, map[*spec.Schema]bool{})
	hidden = found
	out := map[string]any{}
	put := func(key string, v any) { out[key] = v }
	if s.Target != nil {
		put("$ref", "#/$defs/"+b.key(s.Target))
	}
	switch len(s.Types) {
	case 0:
	case 1:
		put("type", s.Types[0])
	default:
		put("type", s.Types)
	}
	if checkedFormat(s.Format) && !s.Strict {
		put("format", s.Format)
	}
	if s.Const != nil {
		put("const", json.RawMessage(s.Const.JSON))
	}
	if len(s.Enum) > 0 {
		values := make([]json.RawMessage, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = json.RawMessage(v.JSON)
		}
		put("enum", values)
	}
	b.limits(s, put)
	required := hidden
	if b.both {
		required = maps.Clone(hidden)
		members(s, isWriteOnly, required, map[*spec.Schema]bool{})
	}
	if names := visible(s.Required, required); len(names) > 0 {
		put("required", names)
	}
	b.parts(s, hidden, put)
	if s.Rare != nil {
		b.rare(s.Rare, hidden, put)
	}
	return out
}

// checkedFormat reports whether the types of Go check the format too.
func checkedFormat(format string) bool {
	switch format {
	case "date-time", "date", "uuid", "email", "uri", "uri-reference", "hostname", "ipv4", "ipv6", "time", "duration", "regex":
		return true
	}
	return false
}

func (b *bundle) limits(s *spec.Schema, put func(string, any)) {
	for _, limit := range []struct {
		key string
		to  *spec.Number
	}{
		{"minimum", s.Minimum},
		{"maximum", s.Maximum},
		{"exclusiveMinimum", s.ExclusiveMinimum},
		{"exclusiveMaximum", s.ExclusiveMaximum},
		{"multipleOf", s.MultipleOf},
	} {
		if limit.to != nil {
			put(limit.key, json.RawMessage(*limit.to))
		}
	}
	for _, size := range []struct {
		key string
		to  *int
	}{
		{"minLength", s.MinLength},
		{"maxLength", s.MaxLength},
		{"minItems", s.MinItems},
		{"maxItems", s.MaxItems},
		{"minProperties", s.MinProperties},
		{"maxProperties", s.MaxProperties},
	} {
		if size.to != nil {
			put(size.key, *size.to)
		}
	}
	if s.Pattern != nil {
		put("pattern", *s.Pattern)
	}
	if s.UniqueItems {
		put("uniqueItems", true)
	}
}

func (b *bundle) parts(s *spec.Schema, hidden map[string]bool, put func(string, any)) {
	if len(s.Properties) > 0 {
		members := map[string]any{}
		for _, p := range s.Properties {
			if hidden[p.Name] {
				members[p.Name] = true
			} else {
				members[p.Name] = b.schema(p.Schema, nil)
			}
		}
		put("properties", members)
	}
	if s.Additional != nil {
		put("additionalProperties", b.schema(s.Additional, nil))
	}
	if s.Items != nil {
		put("items", b.schema(s.Items, nil))
	}
	for _, list := range []struct {
		key     string
		schemas []*spec.Schema
	}{{"allOf", s.AllOf}, {"oneOf", s.OneOf}, {"anyOf", s.AnyOf}} {
		if len(list.schemas) == 0 {
			continue
		}
		schemas := b.list(list.schemas, hidden)
		if list.key != "allOf" {
			discern(s.Discriminator, list.schemas, schemas)
		}
		put(list.key, schemas)
	}
	if s.Not != nil {
		put("not", b.schema(s.Not, hidden))
	}
}

// discern has the alternatives ask for the values of the discriminator that choose
// them. JSON Schema knows no discriminator: without that more than one may fit.
func discern(d *spec.Discriminator, alternatives []*spec.Schema, schemas []any) {
	if d == nil || d.Default != nil {
		return
	}
	for i, a := range alternatives {
		if values := discriminatorValues(d, a); len(values) > 0 {
			schemas[i] = map[string]any{
				"allOf":      []any{schemas[i]},
				"properties": map[string]any{d.Property: map[string]any{"enum": values}},
				"required":   []string{d.Property},
			}
		}
	}
}

func (b *bundle) rare(r *spec.Rare, hidden map[string]bool, put func(string, any)) {
	one := func(key string, s *spec.Schema, hidden map[string]bool) {
		if s != nil {
			put(key, b.schema(s, hidden))
		}
	}
	if len(r.PrefixItems) > 0 {
		put("prefixItems", b.list(r.PrefixItems, nil))
	}
	one("contains", r.Contains, nil)
	if r.MinContains != nil {
		put("minContains", *r.MinContains)
	}
	if r.MaxContains != nil {
		put("maxContains", *r.MaxContains)
	}
	one("propertyNames", r.PropertyNames, nil)
	one("if", r.If, hidden)
	one("then", r.Then, hidden)
	one("else", r.Else, hidden)
	one("unevaluatedItems", r.UnevaluatedItems, nil)
	one("unevaluatedProperties", r.UnevaluatedProperties, nil)
	named := func(key string, list []spec.Property, hidden map[string]bool) {
		if len(list) == 0 {
			return
		}
		members := map[string]any{}
		for _, p := range list {
			members[p.Name] = b.schema(p.Schema, hidden)
		}
		put(key, members)
	}
	named("patternProperties", r.PatternProperties, nil)
	named("dependentSchemas", r.DependentSchemas, hidden)
	if len(r.DependentRequired) > 0 {
		members := map[string]any{}
		for _, d := range r.DependentRequired {
			members[d.Name] = append([]string{}, visible(d.Required, hidden)...)
		}
		put("dependentRequired", members)
	}
}

func (b *bundle) list(schemas []*spec.Schema, hidden map[string]bool) []any {
	out := make([]any, len(schemas))
	for i, s := range schemas {
		out[i] = b.schema(s, hidden)
	}
	return out
}

// visible drops the hidden names.
func visible(names []string, hidden map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return hidden[name] })
}

// members adds the names of the members that a schema or the parts it is made of
// describe and that are of a kind.
func members(s *spec.Schema, kind func(*spec.Schema) bool, out map[string]bool, seen map[*spec.Schema]bool) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	for _, p := range s.Properties {
		if kind(p.Schema) {
			out[p.Name] = true
		}
	}
	members(s.Target, kind, out, seen)
	for _, part := range s.AllOf {
		members(part, kind, out, seen)
	}
}

// compiles reports why the validator of a project could not read schemas of the
// document: by key, nothing for those it reads.
func compiles(document string, keys []string) map[string]error {
	bad := map[string]error{}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(jsonschema.SchemeURLLoader{})
	c.UseRegexpEngine(func(pattern string) (jsonschema.Regexp, error) {
		if re, err := regexp.Compile(pattern); err == nil {
			return re, nil
		}
		if _, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode); err != nil {
			return nil, err
		}
		return regexp.MustCompile(""), nil // it is not run here
	})
	if err == nil {
		err = c.AddResource("urn:contract", doc)
	}
	for _, key := range keys {
		failed := err
		if failed == nil {
			_, failed = c.Compile("urn:contract#/$defs/" + key)
		}
		if failed != nil {
			bad[key] = failed
		}
	}
	return bad
}
