package generator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator"
	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/diag"
)

// suiteCase is one schema of the JSON Schema Test Suite and its values.
type suiteCase struct {
	keyword     string          // file it is from
	name        string          // in the document
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
}

// beyond are the files of the suite with schemas that are refused by name. The
// values say what the refusal must mention.
var beyond = map[string]string{
	"refRemote":             "refer", // to other addresses
	"ref":                   "refer",
	"defs":                  "refer",
	"definitions":           "refer",
	"dynamicRef":            "",
	"vocabulary":            "vocabulary",
	"unevaluatedItems":      "$dynamicRef",
	"unevaluatedProperties": "$dynamicRef",
}

// TestSchemaSuite puts the schemas of the JSON Schema Test Suite into documents
// as request bodies, generates a service from each document and sends it every
// value of the suite: what is valid must be taken, what is not must be refused.
// A schema may be refused when the project is made, but only with a keyword of
// beyond, and never may a wrong value be taken.
func TestSchemaSuite(t *testing.T) {
	suites := filepath.Join(shared(), "jsonschema/tests")
	if _, err := os.Stat(suites); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("builds services from some hundred schemas")
	}
	for _, suite := range []struct{ draft, version, dialect string }{
		{"draft2020-12", "3.1.0", "https://json-schema.org/draft/2020-12/schema"},
		{"draft4", "3.0.3", "http://json-schema.org/draft-04/schema#"},
	} {
		t.Run(suite.draft, func(t *testing.T) {
			t.Parallel()
			cases := suiteCases(t, filepath.Join(suites, suite.draft))
			dir := filepath.Join(t.TempDir(), "suite")
			cases, refused := suiteProject(t, dir, suite.version, suite.dialect, cases)
			service, err := conformance.Start(t.Context(), dir, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer service.Stop()
			score := suiteScore{}
			for _, c := range cases {
				score.run(t, service.URL, c)
			}
			score.print(t, refused)
		})
	}
}

// suiteCases reads the required part of the suite. OpenAPI 3.0 has fewer keywords
// than draft 4: schemas with the others are left out.
func suiteCases(t *testing.T, dir string) []*suiteCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no suite in %s", dir)
	}
	var out []*suiteCase
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []*suiteCase
		if err := json.Unmarshal(data, &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			c.keyword = strings.TrimSuffix(filepath.Base(file), ".json")
			c.name = fmt.Sprintf("Case%d", len(out)+1)
			out = append(out, c)
		}
	}
	return out
}

// suiteProject generates a project from the cases. Those that the generator
// refuses are left out and returned with the reason.
func suiteProject(t *testing.T, dir, version, dialect string, cases []*suiteCase) (taken []*suiteCase, refused map[*suiteCase]string) {
	t.Helper()
	refused = map[*suiteCase]string{}
	for {
		document, lines := suiteDocument(t, version, dialect, cases)
		file := filepath.Join(t.TempDir(), "openapi.json")
		if err := os.WriteFile(file, document, 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := generator.NewPlan(t.Context(), generator.Config{
			Dir: dir, Name: "suite", Module: "example.com/suite", Spec: file, Features: []string{"none"},
		})
		if err == nil {
			if err := p.Apply(); err != nil {
				t.Fatal(err)
			}
			return cases, refused
		}
		var list generator.Diagnostics
		if !errors.As(err, &list) {
			t.Fatal(err)
		}
		before := len(refused)
		for _, d := range list {
			if c := lines[d.Pos.Line]; c != nil && refused[c] == "" && d.Severity == diag.Error {
				refused[c] = d.Msg
			}
		}
		if len(refused) == before {
			t.Fatal(err)
		}
		cases = slices.DeleteFunc(cases, func(c *suiteCase) bool { return refused[c] != "" })
	}
}

// suiteDocument is an OpenAPI document with one operation for each case. lines
// tells which case is on which line.
func suiteDocument(t *testing.T, version, dialect string, cases []*suiteCase) (document []byte, lines map[int]*suiteCase) {
	t.Helper()
	var out bytes.Buffer
	lines = map[int]*suiteCase{}
	fmt.Fprintf(&out, `{"openapi": %q, "jsonSchemaDialect": %q, "info": {"title": "suite", "version": "1"}, "paths": {`+"\n", version, dialect)
	for i, c := range cases {
		comma := ","
		if i == len(cases)-1 {
			comma = ""
		}
		fmt.Fprintf(&out, `"/%s": {"post": {"operationId": "post%s", "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/%s"}}}}, "responses": {"204": {"description": "ok"}}}}%s`+"\n",
			c.name, c.name, c.name, comma)
		lines[2+i] = c
	}
	out.WriteString(`}, "components": {"schemas": {` + "\n")
	for i, c := range cases {
		comma := ","
		if i == len(cases)-1 {
			comma = ""
		}
		dec := json.NewDecoder(bytes.NewReader(c.Schema))
		dec.UseNumber()
		var schema any
		if err := dec.Decode(&schema); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(settle(schema, c.name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%q: %s%s\n", c.name, text, comma)
		lines[3+len(cases)+i] = c
	}
	out.WriteString("}}}\n")
	return out.Bytes(), lines
}

// settle makes a schema that is a document of its own a component of a larger
// one. With an address ($id) it may stay as it is; so that the addresses inside it
// are no others' it gets one. Else its references become those of the component.
func settle(v any, name string) any {
	root, ok := v.(map[string]any)
	text, _ := json.Marshal(v)
	switch {
	case !ok:
	case root["$id"] != nil:
		return v
	case bytes.Contains(text, []byte(`"$id"`)):
		root["$id"] = "https://suite.example/" + name + "/root.json"
		return v
	}
	return move(v, name)
}

// move makes pointers start at the component and gives anchors its name.
func move(v any, name string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = move(v[i], name)
		}
	case map[string]any:
		for key, value := range v {
			text, isText := value.(string)
			switch {
			case key == "enum" || key == "const":
			case (key == "$ref" || key == "$dynamicRef") && isText && (text == "#" || strings.HasPrefix(text, "#/")):
				v[key] = "#/components/schemas/" + name + text[1:]
			case (key == "$ref" || key == "$dynamicRef") && isText && strings.HasPrefix(text, "#"):
				v[key] = "#" + name + "-" + text[1:]
			case (key == "$anchor" || key == "$dynamicAnchor") && isText:
				v[key] = name + "-" + text
			default:
				v[key] = move(value, name)
			}
		}
	}
	return v
}

// suiteScore counts by keyword.
type suiteScore map[string]*struct{ passed, total int }

func (s suiteScore) run(t *testing.T, url string, c *suiteCase) {
	t.Helper()
	row := s[c.keyword]
	if row == nil {
		row = &struct{ passed, total int }{}
		s[c.keyword] = row
	}
	for _, test := range c.Tests {
		row.total++
		res, err := http.Post(url+"/"+c.name, "application/json", bytes.NewReader(test.Data))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		took := res.StatusCode == http.StatusNotImplemented || res.StatusCode == http.StatusNoContent
		if took == test.Valid && (took || res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnprocessableEntity) {
			row.passed++
			continue
		}
		t.Errorf("%s: %s: %s: status %d for %s, valid: %t\nschema %s\n%s",
			c.keyword, c.Description, test.Description, res.StatusCode, test.Data, test.Valid, compact(c.Schema), body)
	}
}

func compact(text []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil {
		return string(text)
	}
	return out.String()
}

// print shows the figures by keyword, and checks that only what is beyond the
// generator was refused.
func (s suiteScore) print(t *testing.T, refused map[*suiteCase]string) {
	t.Helper()
	left := map[string]int{}
	for c, reason := range refused {
		left[c.keyword] += len(c.Tests)
		part, ok := beyond[c.keyword]
		if !ok || !strings.Contains(reason, part) {
			t.Errorf("%s: %s: refused: %s\nschema %s", c.keyword, c.Description, reason, compact(c.Schema))
		}
		t.Logf("refused %s: %s: %s", c.keyword, c.Description, reason)
	}
	var passed, total, not int
	keywords := map[string]bool{}
	for key := range s {
		keywords[key] = true
	}
	for key := range left {
		keywords[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keywords)) {
		row := s[key]
		if row == nil {
			row = &struct{ passed, total int }{}
		}
		t.Logf("%-26s %4d / %4d passed, %3d refused by name", key, row.passed, row.total, left[key])
		passed, total, not = passed+row.passed, total+row.total, not+left[key]
	}
	t.Logf("%-26s %4d / %4d passed, %3d refused by name", "all", passed, total, not)
}
