package spec_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// TestCorpusMulti loads the documents of several files, with the folder above
// them allowed.
func TestCorpusMulti(t *testing.T) {
	dir := shared(t, "specs/multi")
	for _, tt := range []struct {
		folder, path   string
		files, schemas int
	}{
		{"petstore-separate-2.0", "spec/swagger.json", 4, 3},
		{"spacetraders-3.0", "reference/SpaceTraders.json", 74, 74},
		{"kin-recursive-ref-3.0", "openapi.yml", 7, 5},
		{"oapi-path-item-refs-3.0", "foo-service.yaml", 1, 1},
	} {
		t.Run(tt.folder, func(t *testing.T) {
			name := filepath.Join(dir, tt.folder, tt.path)
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			root, err := os.OpenRoot(filepath.Join(dir, tt.folder))
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			doc, _, err := spec.Load(name, src, spec.Options{Files: root.FS(), Path: tt.path})
			if err != nil {
				t.Fatal(err)
			}
			if len(doc.Files) != tt.files || len(doc.Schemas) != tt.schemas {
				t.Errorf("%d files and %d schemas, want %d and %d", len(doc.Files), len(doc.Schemas), tt.files, tt.schemas)
			}
		})
	}
}

// folder makes a file system of texts that start with their name:
// "models/a.yaml: text".
func folder(files ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for _, f := range files {
		name, text, _ := strings.Cut(f, ": ")
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

const head = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"

// loadText loads a document from a folder and returns what there is to say, one
// finding a line.
func loadText(text string, opt spec.Options) (*spec.Document, string) {
	opt.Path = "api/openapi.yaml"
	doc, warnings, err := spec.Load("api/openapi.yaml", []byte(text), opt)
	var errs diag.List
	errors.As(err, &errs)
	return doc, append(errs, warnings...).Error()
}

func TestReferences(t *testing.T) {
	files := folder(
		"api/models/pet.yaml: {type: object, properties: {tag: {$ref: '../tag.json'}, owner: {$ref: 'owner.yaml#/Owner'}}}",
		`api/tag.json: {"type": "string", "description": "a tag"}`,
		"api/models/owner.yaml: {Owner: {properties: {pet: {$ref: 'pet.yaml'}, self: {$ref: '#/Owner'}, root: {$ref: '../openapi.yaml#/components/schemas/Root'}}}}",
		"api/broken.yaml: {a: [}",
		"secret.yaml: {type: string}",
	)
	doc, said := loadText(head+`components:
  schemas:
    Root: {type: boolean}
    Pet: {$ref: models/pet.yaml}
    A: {$ref: '#/components/schemas/Pet'}
    B: {properties: {p: {$ref: './models/../models/pet.yaml'}, t: {$ref: 'tag.json#'}}}
`, spec.Options{Files: files})
	if doc == nil {
		t.Fatal(said)
	}
	schemas := map[string]*spec.Schema{}
	var names []string
	for _, s := range doc.Schemas {
		names = append(names, s.Name)
		schemas[s.Name] = s
	}
	if got, want := strings.Join(names, " "), "Root Pet A B Owner tag"; got != want {
		t.Fatalf("schemas are %s, want %s", got, want)
	}
	if pet := schemas["Pet"]; pet.Pos.File != "api/models/pet.yaml" || schemas["A"].Resolve() != pet ||
		schemas["B"].Properties[0].Schema.Resolve() != pet || schemas["Owner"].Properties[0].Schema.Resolve() != pet {
		t.Error("one schema under two names")
	}
	if schemas["Owner"].Properties[2].Schema.Resolve() != schemas["Root"] {
		t.Error("a reference back to the document leads elsewhere")
	}

	for ref, want := range map[string]string{
		"../secret.yaml":          "", // inside the file system: who makes it decides
		"../../secret.yaml":       "leads out of the folder of the document",
		"/etc/passwd":             "is refused",
		"file:///etc/passwd":      "is refused",
		"//example.com/x.yaml":    "is refused",
		"http://127.0.0.1/x":      "allow it with --allow-ref http://127.0.0.1/",
		"tag.jsn":                 "did you mean tag.json?",
		"models":                  "no regular file",
		"broken.yaml":             "api/broken.yaml:1:",
		"models/owner.yaml#/Ownr": "did you mean #/Owner?",
	} {
		_, said := loadText(head+"components: {schemas: {A: {properties: {x: {$ref: '"+ref+"'}}}}}", spec.Options{Files: files})
		if !strings.Contains(said, want) || want == "" && said != "" {
			t.Errorf("%s: got %q, want %q", ref, said, want)
		}
	}
}

// TestReferencesRefused has nothing to read from.
func TestReferencesRefused(t *testing.T) {
	_, said := loadText(head+"components: {schemas: {A: {$ref: b.yaml}}}", spec.Options{})
	if !strings.Contains(said, "not read from a folder") {
		t.Error(said)
	}
}

// TestReferencesByLink must not follow a link out of the folder.
func TestReferencesByLink(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("secret.yaml", "type: string")
	if err := os.Mkdir(filepath.Join(dir, "api"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret.yaml", filepath.Join(dir, "api/link.yaml")); err != nil {
		t.Skip(err)
	}
	write("api/openapi.yaml", head+"components: {schemas: {A: {$ref: link.yaml}}}")
	_, _, err := spec.ReadFile(filepath.Join(dir, "api/openapi.yaml"), spec.Options{})
	if err == nil || !strings.Contains(err.Error(), "leads out of the folder") {
		t.Errorf("got %v", err)
	}
}

func TestReferencesRemote(t *testing.T) {
	const address = "https://example.com/models/pet.yaml"
	fetched := 0
	opt := spec.Options{
		Files: folder("api/x: "),
		Allow: []string{"https://example.com/"},
		Fetch: func(a string) ([]byte, error) {
			fetched++
			if a == address {
				return []byte("{properties: {tag: {$ref: '../tag.yaml'}}}"), nil
			}
			if a == "https://example.com/tag.yaml" {
				return []byte("{type: string}"), nil
			}
			return nil, fs.ErrNotExist
		},
	}
	text := head + "components: {schemas: {Pet: {$ref: '" + address + "'}}}"
	doc, said := loadText(text, opt)
	if doc == nil || fetched != 2 || len(doc.Files) != 2 || doc.Files[0].Path != "api/remote/example.com/models/pet.yaml" {
		t.Fatalf("%d fetched; %s", fetched, said)
	}
	// A later run has the copies and needs no network.
	kept := fstest.MapFS{}
	for _, f := range doc.Files {
		kept[f.Path] = &fstest.MapFile{Data: f.Text}
	}
	if doc, said = loadText(text, spec.Options{Files: kept}); doc == nil || len(doc.Files) != 2 {
		t.Error(said)
	}
	if doc, said = loadText(text+"\n$self: https://example.com/models/openapi.yaml\n", spec.Options{
		Files: folder("api/pet.yaml: {type: string}"),
	}); doc == nil || len(doc.Files) != 1 {
		t.Errorf("$self is ignored: %s", said)
	}
}

func TestSkipUnsupported(t *testing.T) {
	text := head + `paths:
  /good: {get: {responses: {"200": {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Good'}}}}}}}
  /direct: {get: {responses: {bad: {description: d}}}, post: {responses: {"204": {description: d}}}}
  /schema: {get: {responses: {"200": {$ref: '#/components/responses/Deep'}}}, put: {responses: {"204": {description: d}}}}
  /shared: {parameters: [{in: query}], get: {responses: {"204": {description: d}}}}
  /circle: {get: {responses: {"200": {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Circle'}}}}}}}
  broken: {get: {responses: {"204": {description: d}}}}
components:
  responses:
    Deep: {description: d, content: {application/json: {schema: {items: {$ref: '#/components/schemas/Uses'}}}}}
  schemas:
    Good: {type: string}
    Uses: {properties: {a: {$ref: '#/components/schemas/Bad'}}}
    Bad: {type: 7}
    Circle: {allOf: [{$ref: '#/components/schemas/Circle'}]}
`
	if doc, _ := loadText(text, spec.Options{}); doc != nil {
		t.Fatal("must be refused without the option")
	}
	doc, said := loadText(text, spec.Options{SkipUnsupported: true})
	if doc == nil {
		t.Fatal(said)
	}
	var left []string
	for _, p := range doc.Paths {
		for _, op := range p.Operations {
			left = append(left, op.Method+" "+op.Path)
		}
	}
	if got, want := strings.Join(left, ", "), "GET /good, POST /direct, PUT /schema"; got != want {
		t.Errorf("left are %s, want %s\n%s", got, want, said)
	}
	if n := strings.Count(said, "is left out"); n != 5 {
		t.Errorf("%d are said to be left out\n%s", n, said)
	}
	if doc, _ := loadText(head+"components: {securitySchemes: {a: {type: magic}}}", spec.Options{SkipUnsupported: true}); doc != nil {
		t.Error("what belongs to no operation cannot be left out")
	}
}
