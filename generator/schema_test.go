package generator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/apigen-go/apigen/generator"
	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// TestSchemas sends the values of testdata/schema to a generated service: each is
// taken or refused as the document says, and what was refused is a list of
// violations.
func TestSchemas(t *testing.T) {
	document := filepath.Join(repository, "testdata/schema/openapi.yaml")
	data, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Exchanges []struct {
			Send  map[string]any
			Query string
			Take  bool
		} `yaml:"x-exchanges"`
	}
	if err := yaml.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "things")
	create(t, dir, document, "none")
	service, err := conformance.Start(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer service.Stop()
	for _, x := range list.Exchanges {
		body, err := json.Marshal(x.Send)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(service.URL+"/things/7?"+x.Query, "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		want := http.StatusBadRequest
		if x.Take {
			want = http.StatusNotImplemented
		}
		if res.StatusCode != want || !x.Take && !bytes.Contains(text, []byte(`"errors":[`)) {
			t.Errorf("%s %s: status %d, want %d: %s", body, x.Query, res.StatusCode, want, text)
		}
	}
}

// TestRoundTrip encodes and decodes samples of every type that requests and
// answers of a document carry, with the generated code: nothing may change. With
// APIGEN_CORPUS set it does so for every document of APIGEN_SHARED.
func TestRoundTrip(t *testing.T) {
	documents := []string{filepath.Join(repository, "testdata/schema/openapi.yaml")}
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
