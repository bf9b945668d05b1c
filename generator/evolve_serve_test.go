package generator_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// serve starts the service of each version in turn on one database.
func serve(t *testing.T, programs, versions []string, database string) {
	t.Helper()
	for i, program := range programs {
		doc, _, err := spec.ReadFile(versions[i], spec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := conformance.Launch(t.Context(), program, "DATABASE_URL="+database, "LOG_LEVEL=warn")
		if err != nil {
			t.Fatal(err)
		}
		talk(t, s.URL, doc, strings.TrimSuffix(versions[i], ".yaml")+".http")
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Fatal(s.Log())
		}
	}
}

// talk sends the requests of a file and compares the answers.
func talk(t *testing.T, url string, doc *spec.Document, name string) {
	t.Helper()
	script, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(script)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		request, wanted, ok := strings.Cut(line, " -> ")
		method, target, _ := strings.Cut(request, " ")
		target, body, _ := strings.Cut(target, " ")
		status, part, _ := strings.Cut(wanted, " ")
		if !ok {
			t.Fatalf("%s:%d: no ->", name, n)
		}
		got, text, err := conformance.Exchange(t.Context(), url, doc, method, target, body)
		if err != nil {
			t.Errorf("%s:%d: %s: %v", name, n, request, err)
		}
		if fmt.Sprint(got) != status || part != "" && !holds(t, text, part) {
			t.Errorf("%s:%d: %s\n\twant %s\n\tgot  %d %s", name, n, request, wanted, got, text)
		}
	}
}

// holds reports whether JSON text has everything that part has.
func holds(t *testing.T, text, part string) bool {
	t.Helper()
	var got, want any
	if err := json.Unmarshal([]byte(part), &want); err != nil {
		t.Fatalf("%v in %s", err, part)
	}
	return json.Unmarshal([]byte(text), &got) == nil && covers(got, want)
}

func covers(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		for k, v := range want {
			member, there := object[k]
			ok = ok && there && covers(member, v)
		}
		return ok
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !covers(list[i], want[i]) {
				return false
			}
		}
		return true
	}
	return got == want
}
