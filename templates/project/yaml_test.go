// Package project_test holds tests of the runtime packages that need libraries which
// generated projects do without.
package project_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"github.com/apigen-go/apigen/templates/project/internal/docs"
)

// FuzzYAML compares what package docs serves as YAML with the JSON that it is made
// from.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `{"a": [[], [[1]], [{}], {"b": [{"c": 1, "d": [2]}]}]}`,
		`{"text": ["", " ", "a", "a b ", "yes", "NULL", "1", "-", "- a", "a: b", "a #b", "#", "'", "\"", "\\", "\t", "a\nb", "a\n", "a\nb\n", "a\n\n", " a\nb", "\na", "a\n b\n\n  c\n", "a\n\tb", "~", "=", "<<", "2001-01-01", "0x1", "1e3", ".inf", "\u0000", "\u2028\n", "é\nü", "a\r\nb"]}`,
		`{"yes": true, "null": null, "200": 1.50, "a b": -0, "": 1e40, "<<": 1, "a\nb": {"c\nd": ["e\nf"]}}`,
	} {
		f.Add([]byte(seed))
	}
	specs, _ := filepath.Glob("../../testdata/specs/*.json")
	for _, name := range specs {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want any
		if json.Unmarshal(data, &want) != nil || !jsontext.Value(data).IsValid() {
			return // no JSON, or with names twice
		}
		h := docs.Handler(http.NotFoundHandler(), "", fstest.MapFS{"openapi.json": {Data: data}})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%d", w.Code)
		}
		var got any
		if err := yaml.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v\n%s", err, w.Body)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatalf("%v\n%s", err, w.Body)
		}
		var back any
		if err := json.Unmarshal(again, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, back) {
			t.Fatalf("want %v\ngot  %v\n%s", want, back, w.Body)
		}
	})
}
