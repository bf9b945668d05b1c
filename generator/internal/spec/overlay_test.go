package spec_test

import (
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

const overlaid = head + `paths:
  /a: {get: {operationId: getA, x-internal: true, tags: [one], responses: {"204": {description: d}}}}
  /b: {get: {operationId: getB, tags: [two], responses: {"204": {description: d}}}}
components: {schemas: {S: &s {type: object, properties: {p: {type: string}}}, T: *s}}
`

func TestOverlays(t *testing.T) {
	for _, tt := range []struct{ actions, want string }{
		{"{target: $.info, update: {title: new}}", "title new"},
		{"{target: $.info.title, update: new}", "title new"},
		{"{target: '$.paths.*.get[?@ == true]', remove: true}", "getA getB"},
		{"{target: '$.paths[*][?@.x-internal == true]', remove: true}", "getB"},
		{"{target: '$.paths[?@.get.operationId==\"getA\"]', remove: true}", "getB"},
		{"{target: '$..get.tags', update: more}", "getA[one more] getB[two more]"},
		{"{target: \"$.paths['/a'].get\", update: {operationId: renamed, tags: [x]}}", "renamed[one x]"},
		{"{target: $.components.schemas.S.properties, update: {q: {type: integer}}}", "S(p q) T(p)"},
		{"{target: \"$.paths['/b'].get\", copy: \"$.paths['/a'].get\"}, {target: \"$.paths['/b'].get.operationId\", update: b2}", "getA[one] b2[two one]"},
		{"{target: '$.paths[?length(@.get.tags) > 5]', remove: true}", "target $.paths[?length(@.get.tags) > 5] selects nothing"},
		{"{target: $.nothing, update: 1}", "o.yaml:2:20: warning: target $.nothing selects nothing"},
		{"{target: '$.paths[', update: 1}", "o.yaml:2:20: invalid JSONPath $.paths[: expected a name in quotes, an index, a filter or *, not \"the end\" at character 9"},
		{"{target: $.info, update: [1]}", "an object can only be updated with an object, not a list"},
		{"{target: $, remove: true}", "cannot be removed"},
		{"{update: {}}", "an action has no target"},
		{"{target: $.components.schemas.S, update: {type: 7}}", "o.yaml:2:59: type must be a string"},
	} {
		text := "overlay: 1.0.0\nactions: [" + tt.actions + "]\n"
		doc, said := loadText(overlaid, spec.Options{Overlays: []spec.File{{Path: "o.yaml", Text: []byte(text)}}})
		if got := outline(doc) + "\n" + said; !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.actions, got, tt.want)
		}
	}
	for text, want := range map[string]string{
		"[]":                         "an overlay must be an object",
		"actions: []":                "there is no field overlay",
		"overlay: 2.0.0":             "unsupported overlay version 2.0.0",
		"overlay: 1.0.0\nactions: {": "o.yaml:2",
	} {
		_, said := loadText(overlaid, spec.Options{Overlays: []spec.File{{Path: "o.yaml", Text: []byte(text)}}})
		if !strings.Contains(said, want) {
			t.Errorf("%s: got %s, want %s", text, said, want)
		}
	}
}

// outline is what the test looks at, in one line.
func outline(doc *spec.Document) string {
	if doc == nil {
		return ""
	}
	var ids, full, schemas []string
	for _, p := range doc.Paths {
		for _, op := range p.Operations {
			ids = append(ids, op.ID)
			full = append(full, op.ID+"["+strings.Join(op.Tags, " ")+"]")
		}
	}
	for _, s := range doc.Schemas {
		var names []string
		for _, p := range s.Resolve().Properties {
			names = append(names, p.Name)
		}
		schemas = append(schemas, s.Name+"("+strings.Join(names, " ")+")")
	}
	return "title " + doc.Title + "\n" + strings.Join(ids, " ") + "\n" + strings.Join(full, " ") + "\n" + strings.Join(schemas, " ")
}

// FuzzOverlay checks that no overlay breaks the reader, and that what it refuses
// has a reason.
func FuzzOverlay(f *testing.F) {
	f.Add([]byte("overlay: 1.0.0\nactions: [{target: $.info, update: {title: new}}]"))
	f.Add([]byte("overlay: 1.0.0\nactions: [{target: '$..get.tags', update: more}, {target: $.components, remove: true}]"))
	f.Add([]byte(`{"overlay": "1.1.0", "actions": [{"target": "$.paths['/b'].get", "copy": "$.paths['/a'].get"}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, _, err := spec.Load("fuzz.yaml", []byte(overlaid), spec.Options{Overlays: []spec.File{{Path: "o.yaml", Text: src}}})
		if (doc == nil) == (err == nil) {
			t.Fatalf("document %v and error %v", doc != nil, err)
		}
	})
}
