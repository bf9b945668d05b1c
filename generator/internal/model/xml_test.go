package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// outline writes a node as name[content], with @ before attributes, * for flat
// lists, = for text and {namespace} before the name.
func (n *XMLNode) outline(p *Project) string {
	name := n.Name
	if n.Name == "" {
		name = n.Member
	}
	if n.Space != "" {
		name = "{" + n.Prefix + " " + n.Space + "}" + name
	}
	name = map[string]string{"attribute": "@", "text": "=", "cdata": "=!"}[n.As] + name
	switch {
	case n.Flat && n.Item != nil && n.Member != "":
		return "*" + n.Item.outline(p)
	case n.Item != nil:
		return name + "[" + n.Item.outline(p) + "]"
	case n.Value != nil:
		return name + "{" + n.Value.outline(p) + "}"
	case n.Any:
		return name + "?"
	case n.Type == "":
		return name
	}
	i := slices.IndexFunc(p.XMLTypes, func(t *XMLType) bool { return t.Name == n.Type })
	var members []string
	for _, m := range p.XMLTypes[i].Members {
		if m.Type == n.Type {
			members = append(members, m.Member+" again")
			continue
		}
		members = append(members, m.outline(p))
	}
	if p.XMLTypes[i].Mixed {
		members = append(members, "text")
	}
	return name + "(" + strings.Join(members, " ") + ")"
}

// TestXMLNames: what the document says about the notation of a schema. The lists
// called animals are the examples of the specification, section XML Object.
func TestXMLNames(t *testing.T) {
	for _, tt := range []struct{ schema, want string }{
		{`{type: object, properties: {a: {type: string}, b: {type: integer, xml: {name: c}}}}`, "Root(a c)"},
		{`{xml: {name: thing, namespace: urn:t, prefix: t}, properties: {a: {type: string}}, type: object}`, "{t urn:t}thing(a)"},
		{`{type: object, properties: {a: {type: integer, xml: {attribute: true}}, b: {type: string, xml: {namespace: urn:b, prefix: s}}}}`, "Root(@a {s urn:b}b)"},
		{`{type: object, properties: {a: {type: string, xml: {prefix: s}}, b: {type: string, xml: {name: 'xml:lang', attribute: true}}}}`,
			"Root(a @{xml http://www.w3.org/XML/1998/namespace}lang)"},
		{`{type: object, properties: {animals: {type: array, items: {type: string}}}}`, "Root(*animals)"},
		{`{type: object, properties: {animals: {type: array, items: {type: string, xml: {name: animal}}, xml: {name: aliens}}}}`, "Root(*animal)"},
		{`{type: object, properties: {animals: {type: array, items: {type: string}, xml: {wrapped: true}}}}`, "Root(animals[animals])"},
		{`{type: object, properties: {animals: {type: array, items: {type: string, xml: {name: animal}}, xml: {wrapped: true}}}}`, "Root(animals[animal])"},
		{`{type: object, properties: {animals: {type: array, items: {type: string, xml: {name: animal}}, xml: {name: aliens, wrapped: true}}}}`, "Root(aliens[animal])"},
		{`{type: object, properties: {animals: {type: array, items: {type: string}, xml: {name: aliens, wrapped: true}}}}`, "Root(aliens[aliens])"},
		{`{type: object, properties: {a: {type: array, items: {type: string}, xml: {nodeType: element}}, b: {type: string, xml: {nodeType: cdata}}}}`, "Root(a[a] =!b)"},
		{`{type: object, properties: {a: {type: array, items: {type: array, items: {type: string}}}}}`, "Root(*a[a])"},
		{`{type: object, properties: {a: {type: object, additionalProperties: {type: string}}, b: {}}}`, "Root(a{} b?)"},
		{`{type: object, properties: {a: {$ref: '#/components/schemas/Named'}, b: {$ref: '#/components/schemas/Plain'}, c: {allOf: [{$ref: '#/components/schemas/Named'}, {xml: {name: d}}]}}}`,
			"Root(named(x) b(x) d(x))"},
		{`{type: object, properties: {a: {type: array, items: {$ref: '#/components/schemas/Named'}}, next: {$ref: '#/components/schemas/Root'}}}`, "Root(*named(x) next again)"},
		{`{allOf: [{$ref: '#/components/schemas/Named'}, {type: object, properties: {x: {type: string, xml: {name: y}}}}]}`, "Root(y)"},
		{`{type: object, properties: {a: {oneOf: [{$ref: '#/components/schemas/Named'}, {type: object, properties: {z: {type: string}}}, {type: string}]}}}`, "Root(a(x z text))"},
		{`{type: object, properties: {a: {oneOf: [{type: array, items: {type: string}}, {type: string}]}}}`, "Root(a?)"},
		{`{type: array, items: {$ref: '#/components/schemas/Named'}}`, "Root[named(x)]"},
		{`{type: object, properties: {a: {type: object, properties: {}, xml: {attribute: true}}}}`, "Root(a{?}); member a has structure, so it cannot be the attribute of an element; it becomes an element"},
		{`{type: object, properties: {a: {type: string, xml: {name: b}}, b: {type: string}, c: {type: string, xml: {name: b, attribute: true}}}}`, "Root(b b @b); members a and b are both written as b: only a can be read"},
		{`{type: object, properties: {a: {$ref: '#/components/schemas/Plain', xml: {nodeType: none}}}}`, "Root(a(x)); member a is no list, so nodeType none is not supported; it becomes an element"},
	} {
		p, warnings := buildXML(t, "application/xml: {schema: {$ref: '#/components/schemas/Root'}}", tt.schema)
		got := p.Operations[0].Body.XML.Root.outline(p)
		for _, w := range warnings {
			got += "; " + w.Msg
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.schema, got, tt.want)
		}
	}
}

func buildXML(t *testing.T, content, root string) (*Project, diag.List) {
	t.Helper()
	text := fmt.Sprintf(`{openapi: 3.2.0, info: {title: t, version: '1'},
paths: {/x: {post: {operationId: x, requestBody: {content: {%s}}, responses: {'204': {description: d}}}}},
components: {schemas: {Root: %s,
  Named: {type: object, xml: {name: named}, properties: {x: {type: string}}},
  Plain: {type: object, properties: {x: {type: string}}}}}}`, content, root)
	doc, _, err := spec.Load("openapi.yaml", []byte(text), spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Build(doc, Options{})
}

// TestXMLBesideJSON: XML goes with the JSON whose members it names.
func TestXMLBesideJSON(t *testing.T) {
	const root = `{type: object, properties: {a: {type: string}, b: {type: array, items: {type: string}}}}`
	for _, tt := range []struct{ xml, want string }{
		{`{$ref: '#/components/schemas/Root'}`, "application/json application/xml"},
		{`{type: object, xml: {name: r}, properties: {a: {type: string, xml: {attribute: true}}}}`, "application/json application/xml"},
		{`{allOf: [{$ref: '#/components/schemas/Root'}, {properties: {b: {xml: {wrapped: true}}}}]}`, "application/json application/xml"},
		{`{type: object, additionalProperties: false, properties: {a: {type: string}}}`, "application/json; application/xml is not offered: it holds other values than application/json"},
		{`{type: object, properties: {a: {type: integer}}}`, "application/json; application/xml is not offered: it holds other values than application/json"},
		{`{type: object, properties: {c: {type: string}}}`, "application/json; application/xml is not offered: it holds other values than application/json"},
		{`{type: array, items: {$ref: '#/components/schemas/Root'}}`, "application/json; application/xml is not offered: it holds other values than application/json"},
		{`{type: string}`, "application/json"},
	} {
		p, warnings := buildXML(t, "application/xml: {schema: "+tt.xml+"}, application/json: {schema: {$ref: '#/components/schemas/Root'}}", root)
		body := p.Operations[0].Body
		got := strings.Join(body.Accepts(), " ")
		for _, w := range warnings {
			got += "; " + w.Msg
		}
		if got != tt.want || body.Kind != JSONBody || len(body.Others) > 0 {
			t.Errorf("%s\n got %s\nwant %s", tt.xml, got, tt.want)
		}
	}
}
