package conformance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// acceptance are the documents of others that must work from end to end.
var acceptance = []string{
	"petstore-expanded-3.0.yaml", "museum-3.1.yaml", "train-travel-3.1.yaml",
	"conduit-realworld-3.1.yml", "tictactoe-3.1.yaml", "resend-3.0.yml",
	"firecracker-3.0.json", "link-example-3.0.yaml", "petstore-full-3.1.json",
}

// golden are our own documents.
var golden = []string{"bookshop", "messages", "tiny", "names"}

const root = "../../.."

// documents returns the paths of all documents under test by name. Documents
// that are not on this machine are named in the log and left out.
func documents(t *testing.T) map[string]string {
	t.Helper()
	shared := os.Getenv("APIGEN_SHARED")
	if shared == "" {
		shared = filepath.Join(root, "..", "shared")
	}
	paths := map[string]string{}
	for _, name := range acceptance {
		paths[name] = filepath.Join(shared, "specs", name)
	}
	for _, name := range golden {
		paths[name] = filepath.Join(root, "testdata", "golden", name, "openapi.yaml")
	}
	paths["bookshop"] = filepath.Join(root, "testdata", "specs", "bookshop.yaml")
	for name, path := range paths {
		if _, err := os.Stat(path); err != nil {
			t.Logf("skip %s: %v", name, err)
			delete(paths, name)
		}
	}
	return paths
}

func load(t *testing.T, path string) *spec.Document {
	t.Helper()
	doc, _, err := spec.ReadFile(path, spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestSamplesPleaseTheOracle holds model.Sample and model.Mutants to a second
// opinion on real documents.
func TestSamplesPleaseTheOracle(t *testing.T) {
	for title, path := range documents(t) {
		t.Run(title, func(t *testing.T) {
			doc := load(t, path)
			o, err := newOracle(doc)
			if err != nil {
				t.Fatal(err)
			}
			bodies, mutants, refused := 0, 0, 0
			for _, p := range doc.Paths {
				for _, op := range p.Operations {
					if op.Body == nil {
						continue
					}
					media := pickMedia(op.Body.Content)
					schema := o.bodySchema(op, media.Type)
					for seed := range uint64(6) {
						value, ok := model.Sample(media.Schema, model.Request, seed)
						if !ok {
							t.Errorf("%s: no sample", name(op))
							break
						}
						bodies++
						if isJSON(media.Type) && !o.accepts(schema, value) {
							t.Errorf("%s: the oracle refuses %s", name(op), value)
						}
						for _, m := range model.Mutants(media.Schema, value) {
							mutants++
							switch {
							case !o.accepts(schema, m.JSON):
								refused++
							case m.Rule != "format":
								t.Errorf("%s: the oracle takes the mutant %s %s: %s", name(op), m.Rule, m.Pointer, m.JSON)
							}
						}
					}
				}
			}
			t.Logf("%d bodies, %d mutants, the oracle refuses %d", bodies, mutants, refused)
		})
	}
}
