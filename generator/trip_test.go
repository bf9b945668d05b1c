package generator_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// tripSample are the documents whose values make the round trip with every run of
// the tests.
var tripSample = []string{
	"specs/museum-3.1.yaml", "specs/train-travel-3.1.yaml", "specs/petstore-full-3.1.json",
	"specs/schema-types-3.1.json", "specs/discriminators-3.0.json", "specs/conduit-realworld-3.1.yml",
}

// TestTrips takes every schema of the documents by others there and back: what a
// client and what a service may send is decoded, encoded, and decoded to the same
// value again. With APIGEN_CORPUS set it does so for all documents.
func TestTrips(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the types of several documents")
	}
	documents := corpusDocuments(t)
	names := tripSample
	if os.Getenv("APIGEN_CORPUS") != "" {
		names = slices.Sorted(maps.Keys(documents))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTime(t)
			dir := t.TempDir()
			schemas, samples := tripProject(t, dir, loadDocument(t, documents[name]))
			if schemas == 0 {
				return
			}
			out, err := sweepGo(t.Context(), dir, "test", "-vet=off", "-count=1", "-run=TestTrips", "-v", "./internal/api").CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, head(string(out), 200))
			}
			done := tripsDone.FindSubmatch(out)
			if done == nil || string(done[1]) != strconv.Itoa(samples) {
				t.Errorf("%d samples, and it says %s", samples, done)
			}
			t.Logf("%4d schemas, %5d samples", schemas, samples)
		})
	}
}

// TestFuzzTrips fuzzes the decoders that are generated for our own documents and for
// some by others. APIGEN_FUZZ is the time for all of them:
//
//	make fuzz
func TestFuzzTrips(t *testing.T) {
	total, err := time.ParseDuration(os.Getenv("APIGEN_FUZZ"))
	if err != nil {
		t.Skip("APIGEN_FUZZ is not set to a time")
	}
	documents := map[string]string{"bookshop": filepath.Join(repository, "testdata/specs/bookshop.yaml")}
	for _, name := range []string{"messages", "names", "http"} {
		documents[name] = filepath.Join(repository, "testdata/golden", name, "openapi.yaml")
	}
	others := corpusDocuments(t)
	for _, name := range tripSample {
		documents[name] = others[name]
	}
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tripProject(t, dir, loadDocument(t, documents[name]))
			each := total / time.Duration(len(documents))
			out, err := sweepGo(t.Context(), dir, "test", "-run=^$", "-fuzz=FuzzDecode", "-fuzztime="+each.String(), "./internal/api").CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			t.Log(strings.Join(lines[max(0, len(lines)-4):], "\n"))
		})
	}
}

var tripsDone = regexp.MustCompile(`(?m)^trips (\d+)$`)

// trip is one sample for the test in testdata/sweep/trip.
type trip struct {
	Name   string
	Answer bool
	Open   bool // it may have members that no schema names: they are not kept
	Text   string
}

// tripProject writes a project whose one operation takes and answers an object
// with a member for every schema of the document, and samples for them.
func tripProject(t *testing.T, dir string, doc *spec.Document) (schemas, samples int) {
	t.Helper()
	all := &spec.Schema{
		Name: "SweepAll", Types: []string{"object"},
		Extensions: map[string]spec.Value{"x-go-name": {JSON: `"SweepAll"`}},
	}
	file, err := os.Create(filepath.Join(dir, "samples.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := json.NewEncoder(file)
	for _, s := range payloads(doc) {
		member := fmt.Sprintf("m%04d", len(all.Properties))
		all.Properties = append(all.Properties, spec.Property{Name: member, Schema: s})
		for _, sample := range tripSamples(s, member) {
			samples++
			if err := out.Encode(sample); err != nil {
				t.Fatal(err)
			}
		}
	}
	ref := &spec.Schema{Ref: all.Name, Target: all}
	content := []*spec.MediaType{{Type: "application/json", Schema: ref}}
	doc.Schemas, doc.Webhooks = append(doc.Schemas, all), nil
	doc.Paths = []*spec.Path{{Template: "/sweep", Operations: []*spec.Operation{{
		Method: "POST", Path: "/sweep", ID: "sweep", Body: &spec.RequestBody{Required: true, Content: content},
		Responses: []*spec.Response{{Status: "200", Content: content}},
	}}}}
	writeSweep(t, dir, buildSweep(t, doc), func(path string) bool {
		return strings.HasPrefix(path, "go.") || strings.HasPrefix(path, "internal/") && !strings.HasSuffix(path, "_test.go") &&
			!strings.HasPrefix(path, "internal/server") && !strings.HasPrefix(path, "internal/handler") && !strings.HasPrefix(path, "internal/config")
	})
	copyFile(t, filepath.Join(repository, "testdata/sweep/trip/trip_test.go"), filepath.Join(dir, "internal/api/trip_test.go"))
	if err := os.Rename(filepath.Join(dir, "samples.json"), filepath.Join(dir, "internal/api/samples.json")); err != nil {
		t.Fatal(err)
	}
	return len(all.Properties), samples
}

// payloads returns the schemas of a document: its components, and those of JSON
// bodies that have one of their own.
func payloads(doc *spec.Document) []*spec.Schema {
	var out []*spec.Schema
	for _, s := range doc.Schemas {
		out = append(out, &spec.Schema{Pos: s.Pos, Ref: s.Name, Target: s, Strict: s.Strict})
	}
	seen := map[*spec.Schema]bool{}
	add := func(content []*spec.MediaType) {
		for _, m := range content {
			if s := m.Schema; s != nil && s.Target == nil && strings.Contains(m.Type, "json") && !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	for _, paths := range [][]*spec.Path{doc.Paths, doc.Webhooks} {
		for _, path := range paths {
			for _, o := range path.Operations {
				if o.Body != nil {
					add(o.Body.Content)
				}
				for _, r := range o.Responses {
					add(r.Content)
				}
			}
		}
	}
	return out
}

// maxTrip is the size of the largest samples.
const maxTrip = 64 << 10

// tripSamples are samples of a schema in an object with one member, made up and
// of the document's own.
func tripSamples(s *spec.Schema, member string) []trip {
	var out []trip
	holder := &spec.Schema{Types: []string{"object"}, Properties: []spec.Property{{Name: member, Schema: s}}, Required: []string{member}}
	add := func(dir model.Direction, open bool, text string) {
		sample := trip{s.Ref + " " + s.Pos.String(), dir == model.Response, open, text}
		if len(text) > len(`{}`) && len(text) <= maxTrip && !slices.Contains(out, sample) {
			out = append(out, sample)
		}
	}
	for _, dir := range []model.Direction{model.Request, model.Response} {
		for _, seed := range []uint64{0, 1, 2, 3, 4, 8, 12} {
			if text, ok := model.Sample(holder, dir, seed); ok {
				add(dir, false, text)
			}
		}
		for _, example := range s.Resolve().Examples {
			if text := `{"` + member + `":` + example.JSON + `}`; model.Valid(holder, text, dir) {
				add(dir, true, text)
			}
		}
	}
	return out
}
