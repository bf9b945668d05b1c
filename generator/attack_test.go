package generator_test

import (
	"fmt"
	"strings"
)

// attacks are documents that are made to cost time or memory: file name → text.
func attacks() map[string]func() string {
	return map[string]func() string{
		"laughs.yaml":     laughs,
		"deep.json":       func() string { return strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) },
		"deep-flow.yaml":  func() string { return "a: " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) },
		"deep-block.yaml": deepBlock,
		"deep-schema.json": func() string {
			return service(`"A": ` + nest(`{"type": "array", "items": `, 100_000, `{"type": "string"}`))
		},
		"deep-900.json":    func() string { return service(`"A": ` + nest(`{"properties": {"x": `, 450, `{"type": "string"}`)) },
		"chain.json":       func() string { return service(links(20_000, `{"$ref": "#/components/schemas/%s"}`)) },
		"chain-allof.json": func() string { return service(links(2_000, `{"allOf": [{"$ref": "#/components/schemas/%s"}]}`)) },
		"chain-fields.json": func() string {
			return service(links(2_000, `{"properties": {"next": {"$ref": "#/components/schemas/%s"}}, "required": ["next"]}`))
		},
		"self.json": func() string { return service(`"A": {"$ref": "#/components/schemas/A"}`) },
		"mutual.json": func() string {
			return service(`"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}`)
		},
		"self-required.json": func() string {
			return service(`"A": {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}}}`)
		},
		"mutual-required.json": func() string {
			return service(`"A": {"required": ["b"], "properties": {"b": {"$ref": "#/components/schemas/B"}}}, "B": {"required": ["a"], "properties": {"a": {"$ref": "#/components/schemas/A"}}}`)
		},
		"allof-mutual.json": func() string {
			return service(`"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"allOf": [{"$ref": "#/components/schemas/A"}]}`)
		},
		"oneof-self.json": func() string {
			return service(`"A": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "string"}]}`)
		},
		"fan-allof.json": func() string { return service(fan(40, `{"allOf": [%[1]s, %[1]s]}`)) },
		"fan-oneof.json": func() string { return service(fan(40, `{"oneOf": [%[1]s, {"type": "array", "items": %[1]s}]}`)) },
		"fan-anyof.json": func() string { return service(fan(40, `{"anyOf": [%[1]s, %[1]s, {"type": "string"}]}`)) },
		"fan-fields.json": func() string {
			return service(fan(40, `{"type": "object", "required": ["a", "b"], "properties": {"a": %[1]s, "b": %[1]s}}`))
		},
		"fan-mixed.json": func() string {
			return service(fan(40, `{"allOf": [{"properties": {"a": %[1]s}}, {"properties": {"b": %[1]s}}], "anyOf": [%[1]s, %[1]s]}`))
		},
		"digits.json": func() string {
			return service(`"A": {"type": "number", "maximum": 1` + strings.Repeat("0", 100_000) + `, "multipleOf": 1e-999999999}`)
		},
		"exponent.json": func() string { return service(`"A": {"type": "integer", "maximum": 1e999999999}`) },
		"pattern.json":  func() string { return service(`"A": {"type": "string", "pattern": "((a{1000}){1000}){1000}"}`) },
		"sizes.json": func() string {
			return service(`"A": {"type": "object", "required": ["x", "y"], "properties": {"x": {"type": "array", "minItems": 4000000000, "items": {"type": "string", "minLength": 4000000000}}, "y": {"type": "string", "minLength": 9000000000000000000}}}`)
		},
		"large.json": large,
	}
}

// service is a document with one operation that answers the schema A.
func service(schemas string) string {
	return `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {"/a/{id}": {"get": {"operationId": "getA",
"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
"components": {"schemas": {` + schemas + `}}}`
}

// nest puts a schema into n others.
func nest(open string, n int, inner string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat("}", n*strings.Count(open, "{"))
}

// links are schemas that each refer to the next.
func links(n int, format string) string {
	var b strings.Builder
	b.WriteString(`"A": {"$ref": "#/components/schemas/S0"}`)
	for i := range n {
		fmt.Fprintf(&b, ", \"S%d\": "+format, i, fmt.Sprintf("S%d", i+1))
	}
	fmt.Fprintf(&b, `, "S%d": {"type": "string"}`, n)
	return b.String()
}

// fan are schemas that each refer to the next more than once.
func fan(n int, format string) string {
	var b strings.Builder
	b.WriteString(`"A": {"$ref": "#/components/schemas/S0"}`)
	for i := range n {
		next := fmt.Sprintf(`{"$ref": "#/components/schemas/S%d"}`, i+1)
		fmt.Fprintf(&b, `, "S%d": %s`, i, fmt.Sprintf(format, next))
	}
	fmt.Fprintf(&b, `, "S%d": {"type": "object", "properties": {"x": {"type": "string"}}}`, n)
	return b.String()
}

// laughs doubles an alias until it stands for 10^12 values.
func laughs() string {
	var b strings.Builder
	b.WriteString("openapi: 3.0.3\ninfo: {title: t, version: '1'}\nx-0: &a0 [lol]\n")
	for i := 1; i <= 12; i++ {
		fmt.Fprintf(&b, "x-%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b.String() + "paths: {}\ncomponents: {schemas: {A: {enum: *a12}}}\n"
}

// deepBlock nests mappings by indentation.
func deepBlock() string {
	var b strings.Builder
	for i := range 3_000 {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// large is a document of 50 MB.
func large() string {
	var b strings.Builder
	b.WriteString(`"A": {"type": "string"}`)
	text := strings.Repeat("many words ", 450)
	for i := range 10_000 {
		fmt.Fprintf(&b, `, "S%d": {"type": "object", "description": %q, "properties": {"x": {"type": "string"}}}`, i, text)
	}
	return service(b.String())
}
