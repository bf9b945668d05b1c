package generator_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/apigen-go/apigen/generator"
	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// exchange is a line of the list x-exchanges in a document of testdata/schema: a
// request, and whether it is taken.
type exchange struct {
	To    string            // method and path; empty: POST to the first path
	Send  any               // JSON body; "" in YAML is a string, so absent is nil
	JSON  string            // the body as it is written, for what YAML would change
	Form  string            // an urlencoded body instead
	Parts map[string]string // the values of a multipart body instead
	Query string
	Take  bool
	Get   *string // the JSON that is answered: what the handler got, written again
}

// TestSchemas sends the values of the documents in testdata/schema to generated
// services: each is taken or refused as the document says, and what was refused is
// a list of violations. The handlers answer with the body that they got.
func TestSchemas(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(repository, "testdata/schema/*.yaml"))
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	for _, document := range documents {
		name := strings.TrimSuffix(filepath.Base(document), ".yaml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(document)
			if err != nil {
				t.Fatal(err)
			}
			var list struct {
				Paths     yaml.Node
				Exchanges []exchange `yaml:"x-exchanges"`
			}
			if err := yaml.Unmarshal(data, &list); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), name)
			create(t, dir, document, "none")
			echo(t, dir)
			service, err := conformance.Start(t.Context(), dir, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer service.Stop()
			first := strings.NewReplacer("{id}", "7").Replace(list.Paths.Content[0].Value)
			for _, x := range list.Exchanges {
				x.run(t, service.URL, first)
			}
		})
	}
}

// echo makes the handlers of a project answer with the body of the request, where
// the types of the two are the same.
func echo(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "internal/handler/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src = stub.ReplaceAllFunc(src, func(text []byte) []byte {
			m := stub.FindSubmatch(text)
			if bytes.HasSuffix(m[3], []byte("Response")) {
				return text
			}
			return fmt.Appendf(nil, "req api.%sRequest) (%s%s, error) {\n\treturn %s, nil",
				m[1], m[2], m[3], strings.Replace(string(m[2]), "*", "&", 1)+"req.Body")
		})
		if err := os.WriteFile(file, src, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// stub matches what a handler does before it is written.
var stub = regexp.MustCompile(`_ api\.(\w+)Request\) \((\*?)(\S+), error\) \{\s+return \S+, api\.ErrNotImplemented`)

func (x exchange) run(t *testing.T, url, first string) {
	t.Helper()
	body, media := []byte(x.JSON), "application/json"
	var err error
	switch {
	case x.Form != "":
		body, media = []byte(x.Form), "application/x-www-form-urlencoded"
	case x.Parts != nil:
		var parts bytes.Buffer
		w := multipart.NewWriter(&parts)
		for _, name := range slices.Sorted(maps.Keys(x.Parts)) {
			if err := w.WriteField(name, x.Parts[name]); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		body, media = parts.Bytes(), w.FormDataContentType()
	case x.JSON == "":
		if body, err = json.Marshal(x.Send); err != nil {
			t.Fatal(err)
		}
	}
	method, path, ok := strings.Cut(cmp.Or(x.To, "POST "+first), " ")
	if !ok {
		method, path = http.MethodPost, x.To
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url+path+"?"+x.Query, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	refused := res.StatusCode == http.StatusBadRequest && bytes.Contains(text, []byte(`"errors":[`))
	took := res.StatusCode == http.StatusOK || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotImplemented
	switch {
	case x.Take && !took || !x.Take && !refused:
		t.Errorf("%s %s %s: status %d, take: %t: %s", x.To, body, x.Query, res.StatusCode, x.Take, text)
	case x.Get != nil && canonical(t, text) != canonical(t, []byte(*x.Get)):
		t.Errorf("%s %s %s: got %s, want %s", x.To, body, x.Query, text, *x.Get)
	}
}

// canonical is JSON with its members sorted and its numbers as they are.
func canonical(t *testing.T, text []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestRoundTrip encodes and decodes samples of every type that requests and
// answers of a document carry, with the generated code: nothing may change. With
// APIGEN_CORPUS set it does so for every document of APIGEN_SHARED.
func TestRoundTrip(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join(repository, "testdata/schema/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if shared := os.Getenv("APIGEN_SHARED"); shared != "" && os.Getenv("APIGEN_CORPUS") != "" {
		more, err := filepath.Glob(filepath.Join(shared, "specs/*.*"))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, slices.DeleteFunc(more, func(file string) bool {
			return !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(file))
		})...)
	}
	for _, document := range documents {
		t.Run(filepath.Base(filepath.Dir(document))+"/"+filepath.Base(document), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "trip")
			p, err := generator.NewPlan(t.Context(), generator.Config{
				Dir: dir, Name: "trip", Module: "example.com/trip", Spec: document, Features: []string{"none"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Apply(); err != nil {
				t.Fatal(err)
			}
			test, n := roundTrips(t, document)
			if err := os.WriteFile(filepath.Join(dir, "internal/api/trip_test.go"), []byte(test), 0o644); err != nil {
				t.Fatal(err)
			}
			goTool(t, dir, "test", "./internal/api")
			t.Logf("%d samples", n)
		})
	}
}

// roundTrips is a test of package api with samples of the types of a document.
func roundTrips(t *testing.T, document string) (test string, samples int) {
	t.Helper()
	doc, _, err := spec.ReadFile(document, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.Build(doc, model.Options{Name: "trip", Module: "example.com/trip"})
	var calls strings.Builder
	for _, typ := range p.Types {
		if !typ.Decoded || !typ.Encoded || typ.Kind == model.Enum || typ.Schema == nil || secret(typ, map[*model.Type]bool{}) {
			continue
		}
		seen := map[string]bool{}
		for seed := range uint64(8) {
			text, ok := model.Sample(typ.Schema, model.Response, seed)
			if !ok || seen[text] {
				continue
			}
			seen[text] = true
			samples++
			fmt.Fprintf(&calls, "\ttrip(t, %q, decode%s, encode%s)\n", text, typ.Name, typ.Name)
		}
	}
	return fmt.Sprintf(tripTest, calls.String()), samples
}

// secret reports whether values of a type need members that no answer shows.
func secret(t *model.Type, seen map[*model.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	for _, f := range t.Fields {
		if f.Required && f.WriteOnly || secret(f.Type, seen) {
			return true
		}
	}
	for _, v := range t.Variants {
		if secret(v.Type, seen) {
			return true
		}
	}
	return secret(t.Elem, seen) || secret(t.Extra, seen)
}

const tripTest = `package api

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/trip/internal/codec"
)

func trip[T any](t *testing.T, text string, decode func(*codec.Decoder, *T), encode func(*codec.Encoder, *T)) {
	var first, second T
	if err := codec.Unmarshal([]byte(text), &first, decode); err != nil {
		t.Errorf("decode %%T from %%s: %%v", first, text, err)
		return
	}
	out, err := codec.Marshal(&first, encode)
	if err != nil {
		t.Errorf("encode %%T from %%s: %%v", first, text, err)
		return
	}
	if err := codec.Unmarshal(out, &second, decode); err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("%%T: sent %%s, got %%s: %%v", first, text, out, err)
	}
	a, b := jsontext.Value(text), jsontext.Value(out)
	if a.Canonicalize() != nil || b.Canonicalize() != nil || !bytes.Equal(a, b) {
		t.Errorf("%%T: sent %%s, got %%s", first, a, b)
	}
}

func TestTrip(t *testing.T) {
	_ = trip[int]
%s}
`
