package model

import (
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

func num(s string) *spec.Number { n := spec.Number(s); return &n }
func ptr[T any](v T) *T         { return &v }

func values(texts ...string) (out []spec.Value) {
	for _, t := range texts {
		out = append(out, spec.Value{JSON: t})
	}
	return out
}

func typed(name string) *spec.Schema { return &spec.Schema{Types: []string{name}} }

func struc(required string, props ...spec.Property) *spec.Schema {
	return &spec.Schema{Types: []string{"object"}, Properties: props, Required: strings.Fields(required)}
}

func sampleSchemas() map[string]*spec.Schema {
	node := struc("name", spec.Property{Name: "name", Schema: typed("string")})
	node.Properties = append(node.Properties,
		spec.Property{Name: "next", Schema: &spec.Schema{Ref: "Node", Target: node}},
		spec.Property{Name: "kids", Schema: &spec.Schema{Types: []string{"array"}, Items: &spec.Schema{Ref: "Node", Target: node}}})
	card := struc("number", spec.Property{Name: "kind", Schema: typed("string")}, spec.Property{Name: "number", Schema: &spec.Schema{Types: []string{"string"}, Pattern: ptr(`^\d{4}-\d{4}$`)}})
	bank := struc("iban", spec.Property{Name: "kind", Schema: typed("string")}, spec.Property{Name: "iban", Schema: &spec.Schema{Types: []string{"string"}, MinLength: ptr(15), MaxLength: ptr(34)}})
	readOnlyID := struc("id name",
		spec.Property{Name: "id", Schema: &spec.Schema{Types: []string{"string"}, Format: "uuid", ReadOnly: true}},
		spec.Property{Name: "name", Schema: typed("string")},
		spec.Property{Name: "secret", Schema: &spec.Schema{Types: []string{"string"}, WriteOnly: true}})
	closed := struc("name", spec.Property{Name: "name", Schema: typed("string")})
	closed.Additional = &spec.Schema{Bool: ptr(false)}
	return map[string]*spec.Schema{
		"code":       {Types: []string{"string"}, MinLength: ptr(2), MaxLength: ptr(2), Pattern: ptr("^[A-Z]{2}$")},
		"long":       {Types: []string{"string"}, MinLength: ptr(300)},
		"short":      {Types: []string{"string"}, MaxLength: ptr(3)},
		"alternate":  {Types: []string{"string"}, Pattern: ptr(`^(foo|ba[rz]+)-(\d{3,5})$`)},
		"time":       {Types: []string{"string"}, Pattern: ptr(`^([01]\d|2[0-3]):?([0-5]\d)$`)},
		"escape":     {Types: []string{"string"}, Pattern: ptr(`^[\u0041-\u0043]+\/x$`), MinLength: ptr(8)},
		"email":      {Types: []string{"string"}, Format: "email", MinLength: ptr(40)},
		"uuid":       {Types: []string{"string"}, Format: "uuid"},
		"date":       {Types: []string{"string"}, Format: "date"},
		"moment":     {Types: []string{"string", "null"}, Format: "date-time"},
		"bytes":      {Types: []string{"string"}, Format: "byte", MaxLength: ptr(12)},
		"ip":         {Types: []string{"string"}, Format: "ipv4"},
		"percent":    {Types: []string{"integer"}, Minimum: num("1"), Maximum: num("100"), MultipleOf: num("5")},
		"open":       {Types: []string{"number"}, ExclusiveMinimum: num("0"), ExclusiveMaximum: num("1")},
		"negative":   {Types: []string{"integer"}, Maximum: num("-3")},
		"cents":      {Types: []string{"number"}, MultipleOf: num("0.01"), Minimum: num("9.99")},
		"enum":       {Types: []string{"string"}, Enum: values(`"a"`, `"b"`, `"c"`)},
		"const":      {Const: &spec.Value{JSON: `{"a":1}`}},
		"unique":     {Types: []string{"array"}, UniqueItems: true, MinItems: ptr(2), Items: &spec.Schema{Types: []string{"string"}, Enum: values(`"x"`, `"y"`, `"z"`)}},
		"list":       {Types: []string{"array"}, MaxItems: ptr(2), Items: typed("integer")},
		"map":        {Types: []string{"object"}, Additional: typed("boolean"), MinProperties: ptr(2)},
		"recursive":  node,
		"closed":     closed,
		"directions": readOnlyID,
		"merged":     {AllOf: []*spec.Schema{readOnlyID, struc("title", spec.Property{Name: "title", Schema: &spec.Schema{Types: []string{"string"}, MaxLength: ptr(20)}})}},
		"shapes":     {OneOf: []*spec.Schema{card, bank, typed("null")}},
		"discerned": {
			OneOf:         []*spec.Schema{{Ref: "Card", Target: card}, {Ref: "Bank", Target: bank}},
			Discriminator: &spec.Discriminator{Property: "kind", Mapping: []spec.Mapping{{Value: "card", Target: card}, {Value: "bank", Target: bank}}},
		},
	}
}

func TestSampleIsValidForEverySeed(t *testing.T) {
	for name, s := range sampleSchemas() {
		for seed := range uint64(40) {
			for _, dir := range []Direction{Request, Response} {
				text, ok := Sample(s, dir, seed)
				if !ok {
					t.Errorf("%s: no sample for seed %d", name, seed)
					continue
				}
				v, err := decodeValue(text)
				if err != nil || !conforms(s, v, dir) {
					t.Errorf("%s: seed %d made %s (%v), which is not valid", name, seed, text, err)
				}
				if again, _ := Sample(s, dir, seed); again != text {
					t.Errorf("%s: seed %d made %s, then %s", name, seed, text, again)
				}
			}
		}
		text, _ := Sample(s, Request, 0)
		t.Logf("%-10s %.300s", name, text)
	}
}

func TestSampleDiffersBySeed(t *testing.T) {
	for name, s := range sampleSchemas() {
		switch name {
		case "enum", "const", "percent", "open", "map", "unique", "short", "code", "time", "alternate", "escape":
			continue // few values to choose from
		}
		seen := map[string]uint64{}
		for seed := uint64(0); seed < 400; seed += 4 {
			text, _ := Sample(s, Request, seed)
			if before, ok := seen[text]; ok {
				t.Errorf("%s: seeds %d and %d both made %s", name, before, seed, text)
				break
			}
			seen[text] = seed
		}
	}
}

func TestSampleGivesUp(t *testing.T) {
	loop := struc("next")
	loop.Properties = []spec.Property{{Name: "next", Schema: &spec.Schema{Ref: "Loop", Target: loop}}}
	for name, s := range map[string]*spec.Schema{
		"lookahead": {Types: []string{"string"}, Pattern: ptr(`^(?=a)b$`)},
		"never":     {Bool: ptr(false)},
		"empty":     {Types: []string{"integer"}, Minimum: num("3"), Maximum: num("2")},
		"infinite":  loop,
		"clash":     {AllOf: []*spec.Schema{typed("string"), typed("integer")}},
	} {
		if text, ok := Sample(s, Request, 0); ok {
			t.Errorf("%s: made %s, but nothing is valid", name, text)
		}
	}
}

func TestSampleText(t *testing.T) {
	for want, s := range map[string]*spec.Schema{
		"b": {Types: []string{"string"}, Enum: values(`""`, `"b"`)},
		"7": {Types: []string{"integer"}, Minimum: num("7"), Maximum: num("7")},
	} {
		if got, ok := SampleText(s, 0); got != want || !ok {
			t.Errorf("got %q, %v, want %q", got, ok, want)
		}
	}
	if got, ok := SampleText(&spec.Schema{Types: []string{"array"}, Items: typed("string")}, 0); ok {
		t.Errorf("got %q for an array", got)
	}
}

func TestMutantsBreakOneRuleEach(t *testing.T) {
	want := map[string]string{
		"code":       "type null minLength maxLength pattern",
		"uuid":       "type null format",
		"percent":    "type type null minimum maximum multipleOf",
		"open":       "type null minimum maximum",
		"enum":       "type null enum",
		"unique":     "type null minItems uniqueItems type null enum",
		"list":       "type null maxItems type type null",
		"closed":     "type null required additionalProperties type null",
		"directions": "type null required type null type null",
		"moment":     "type format",
		"discerned":  "type null required required type null enum type null pattern",
	}
	for name, s := range sampleSchemas() {
		valid, _ := Sample(s, Request, 0)
		var rules []string
		for _, m := range Mutants(s, valid) {
			rules = append(rules, m.Rule)
			v, err := decodeValue(m.JSON)
			if err != nil || conforms(s, v, Request) {
				t.Errorf("%s: mutant %s %s is still valid: %s", name, m.Rule, m.Pointer, m.JSON)
			}
		}
		if got := strings.Join(rules, " "); want[name] != "" && got != want[name] {
			t.Errorf("%s: from %s\n got %s\nwant %s", name, valid, got, want[name])
		}
	}
}

func TestMutantsOfUnionsNameTheUnion(t *testing.T) {
	s := struc("pay", spec.Property{Name: "pay", Schema: sampleSchemas()["shapes"]})
	valid, _ := Sample(s, Request, 0)
	for _, m := range Mutants(s, valid) {
		if m.Pointer != "" && m.Pointer != "/pay" {
			t.Errorf("mutant %s names %s", m.JSON, m.Pointer)
		}
	}
}
