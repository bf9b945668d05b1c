package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// collection is the YAML of a list and a POST of rows, three lines.
func collection(path, parameters, schema string) string {
	return fmt.Sprintf(`  %[1]s:
    parameters: [%[2]s]
    get: {responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/%[3]s"}}}}}}}
    post: {requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/%[3]s"}}}}, responses: {"201": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/%[3]s"}}}}}}
`, path, parameters, schema)
}

func TestShardMistakes(t *testing.T) {
	const (
		tenant = `{name: tenantId, in: path, required: true, schema: {type: string}}`
		id     = `id: {type: string, format: uuid, readOnly: true}`
	)
	for name, tt := range map[string]struct {
		document string // x-apigen of the document, in line 4
		paths    string // from line 6 on
		schemas  string // in lines that the wanted ones count from their own begin
		want     []string
	}{
		"right": {
			document: "{shard: tenantId}", paths: collection("/t/{tenantId}/notes", tenant, "Note"),
			schemas: "    Note: {type: object, properties: {" + id + "}}\n",
		},
		"nobody has it": {
			document: "{shard: tenant}", paths: collection("/notes", "", "Note"),
			schemas: "    Note: {type: object, properties: {" + id + ", tenantId: {type: string}}}\n",
			want:    []string{"4:1: no resource has tenant beside its key: it is no property, no parameter of a path and no required one"},
		},
		"the schema lacks it": {
			paths:   collection("/notes", "", "Note"),
			schemas: "    Note:\n      x-apigen: {shard: tenantId}\n      type: object\n      properties: {" + id + "}\n",
			want:    []string{"+2:7: tenantId is no property of the rows of /notes, no parameter of their path and no required one"},
		},
		"not a name": {
			document: "{shard: 7}", paths: collection("/notes", "", "Note"),
			schemas: "    Note:\n      x-apigen: {shards: 4}\n      type: object\n      properties: {" + id + "}\n",
			want:    []string{"4:1: x-apigen.shard is 7, not a name", "+2:7: x-apigen has shards but no shard"},
		},
		"too many": {
			document: "{shard: tenantId, shards: 1025}", paths: collection("/t/{tenantId}/notes", tenant, "Note"),
			schemas: "    Note: {type: object, properties: {" + id + "}}\n",
			want:    []string{"4:1: x-apigen.shards is 1025; want 1 to 1024"},
		},
		"optional": {
			document: "{shard: tenantId}", paths: collection("/notes", "", "Note"),
			schemas: "    Note:\n      type: object\n      properties:\n        " + id + "\n        tenantId: {type: string}\n",
			want: []string{
				"8:5: warning: GET /notes is left to you: the request does not say tenantId, by which the rows are sharded",
				"+5:9: the rows of /notes are sharded by tenantId, but POST /notes may leave it out",
			},
		},
		"no key": {
			document: "{shard: tenantId}", paths: collection("/notes", "", "Note"),
			schemas: "    Note: {type: object, required: [tenantId], properties: {" + id + ", tenantId: {type: number}}}\n",
			want:    []string{"4:1: the shard key tenantId of /notes is DOUBLE PRECISION"},
		},
		"out of a table that is not divided": {
			document: "{shard: tenantId}", paths: collection("/t/{tenantId}/notes", tenant, "Note") + collection("/marks", "", "Mark"),
			schemas: "    Note: {type: object, properties: {" + id + "}}\n    Mark: {type: object, properties: {" + id + ", note: {type: string, x-apigen: {ref: notes}}}}\n",
			want:    []string{"13:5: marks.note refers to notes, which is sharded by tenantId, but marks is not sharded: the two rows may be in different places"},
		},
		"out of a table that is divided otherwise": {
			document: "{shard: tenantId}", paths: collection("/t/{tenantId}/notes", tenant, "Note") + collection("/u/{userId}/marks", `{name: userId, in: path, required: true, schema: {type: string}}`, "Mark"),
			schemas: "    Note: {type: object, properties: {" + id + "}}\n    Mark:\n      type: object\n      x-apigen: {shard: userId}\n      properties: {" + id + ", note: {type: string, x-apigen: {ref: notes}}}\n",
			want:    []string{"+4:7: marks.note refers to notes, which is sharded by tenantId, but marks is sharded by userId: the two rows may be in different places"},
		},
		"given up": {
			document: "{shard: tenantId}", paths: collection("/t/{tenantId}/notes", tenant, "Note") + collection("/marks", "", "Mark"),
			schemas: "    Note: {type: object, properties: {" + id + "}}\n    Mark:\n      type: object\n      x-apigen: {shard: none}\n      properties: {" + id + ", note: {type: string, x-apigen: {ref: notes}}}\n",
			want:    []string{"+4:7: warning: marks.note refers to notes, which is sharded by tenantId: the database does not hold the rows to that"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			head := "openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\n\n"
			if tt.document != "" {
				head += "x-apigen: " + tt.document + "\n"
			}
			text := head + "paths:\n" + tt.paths + "components:\n  schemas:\n"
			begin := strings.Count(text, "\n")
			doc, _, err := spec.Load("a.yaml", []byte(text+tt.schemas), spec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			_, list := Build(doc, Options{Name: "a", Module: "a", Features: Features{Store: true}})
			var got []string
			for _, d := range list {
				if !strings.Contains(d.Msg, "operationId") {
					got = append(got, d.String())
				}
			}
			for _, want := range tt.want {
				if rest, ok := strings.CutPrefix(want, "+"); ok {
					line := int(rest[0]-'0') + begin
					want = fmt.Sprint(line) + rest[1:]
				}
				i := slices.IndexFunc(got, func(s string) bool { return strings.HasPrefix(s, "a.yaml:"+want) })
				if i < 0 {
					t.Errorf("want %s", want)
					continue
				}
				got = slices.Delete(got, i, i+1)
			}
			if len(got) > 0 {
				t.Errorf("got\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

// What is known of divided tables survives in the lock.
func TestShardRecords(t *testing.T) {
	p := build(t, "testdata/crud/shard.yaml", Options{})
	kept, err := DecodeTables(EncodeTables(p.Kept()))
	if err != nil {
		t.Fatal(err)
	}
	again := build(t, "testdata/crud/shard.yaml", Options{Previous: kept, Migrations: 1})
	if _, text := again.Migration(); text != "" {
		t.Errorf("nothing changed, but there is a migration:\n%s", text)
	}
	if tasks := findTable(kept, "tasks"); tasks.Shard != tasks.named("account_id") || tasks.Shards != 2 || !findTable(kept, "accounts").Reference {
		t.Errorf("read back %+v", tasks)
	}
	if _, err := DecodeTables([]string{"table a id shards=many"}); err == nil {
		t.Error("a number of partitions that is none is taken")
	}
}
