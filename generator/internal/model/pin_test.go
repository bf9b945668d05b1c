package model_test

import (
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// named builds a document with the names of an earlier run and returns the name
// of each key.
func named(t *testing.T, file, text string, earlier []model.Name) ([]model.Name, map[string]string) {
	t.Helper()
	doc, _, err := spec.Load(file, []byte(text), spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, list := model.Build(doc, model.Options{Name: "a", Module: "a", Names: earlier})
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	// Through the lock and back.
	names, err := model.DecodeNames(model.EncodeNames(p.Names))
	if err != nil {
		t.Fatal(err)
	}
	byKey, owner := map[string]string{}, map[string]string{}
	for _, n := range names {
		byKey[n.Key] = n.Go
		space := n.Go
		if strings.HasPrefix(n.Key, "operation ") {
			space = "method " + n.Go
		}
		if strings.HasPrefix(n.Key, "shared ") {
			continue
		}
		if other := owner[space]; other != "" && other != n.Key {
			t.Errorf("%s is the name of %s and of %s", n.Go, other, n.Key)
		}
		owner[space] = n.Key
	}
	return names, byKey
}

const firstVersion = `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /pets:
    post:
      operationId: add_pet
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        "204": {description: d}
        "404": {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
components:
  schemas:
    Pet: {type: object, properties: {owner: {type: object, properties: {a: {type: string}}}, kind: {type: string, enum: [a, b]}, mood: {$ref: '#/components/schemas/Mood'}, size: {$ref: '#/components/schemas/Size'}}}
    Mood: {type: string, enum: ["+1", "a ", so 'so]}
    Size: {oneOf: [{const: 1}, {const: 2}]}
`

const secondVersion = `openapi: 3.1.0
info: {title: t, version: "2"}
paths:
  /animals:
    post:
      operationId: addPet
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/PetOwner'}}}}
      responses:
        "204": {description: d}
        "404": {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/pet'}}}}
  /pets:
    post:
      operationId: add_pet
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        "204": {description: d}
        "404": {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
components:
  schemas:
    pet: {type: object, properties: {x: {$ref: '#/components/schemas/AddPetRequest'}}}
    PetOwner: {type: object, properties: {b: {type: string}}}
    PetKindA: {type: object, properties: {b: {type: string}}}
    MoodSoSo: {type: object, properties: {b: {type: string}}}
    SizeN1: {type: object, properties: {b: {type: string}}}
    AddPetRequest: {type: object, properties: {b: {type: string}}}
    Pet: {type: object, properties: {owner: {type: object, properties: {a: {type: string}}}, kind: {type: string, enum: [b, a]}, mood: {$ref: '#/components/schemas/Mood'}, size: {$ref: '#/components/schemas/Size'}}}
    Mood: {type: string, enum: [plus1, a, so 'so, "+1", "a "]}
    Size: {oneOf: [{const: 2}, {const: 1}]}
`

// TestNamesStay adds to a document, in front of everything, what would take the
// names of what was there.
func TestNamesStay(t *testing.T) {
	names, before := named(t, "one.yaml", firstVersion, nil)
	for key, want := range map[string]string{
		"schema Pet": "Pet", "operation add_pet": "AddPet", "request add_pet": "AddPetRequest",
		"type /components/schemas/Pet/properties/owner": "PetOwner",
		"type /components/schemas/Pet/properties/kind":  "PetKind",
		"failure 404 application/json Pet":              "NotFoundError",
		`value schema Mood "+1"`:                        "MoodPlus1",
		`value schema Mood "a "`:                        "MoodA",
		"value schema Size 1":                           "SizeN1",
	} {
		if before[key] != want {
			t.Errorf("%s is %q, want %s", key, before[key], want)
		}
	}
	_, after := named(t, "two.yaml", secondVersion, names)
	for key, name := range before {
		if after[key] != name {
			t.Errorf("%s was %s and becomes %q", key, name, after[key])
		}
	}
	// What is gone keeps nothing.
	gone := strings.NewReplacer("    Pet: {", "    Other: {", "schemas/Pet'", "schemas/Other'", "add_pet", "other").Replace(secondVersion)
	if _, left := named(t, "three.yaml", gone, names); left["schema pet"] != "Pet" || left["operation addPet"] != "AddPet" {
		t.Errorf("names of what is gone are still kept: %v", left)
	}
	// A name that the document asks for wins.
	_, asked := named(t, "four.yaml", strings.Replace(firstVersion, "    Pet: {", "    Pet: {x-go-name: Animal, ", 1), names)
	if asked["schema Pet"] != "Animal" {
		t.Errorf("x-go-name is ignored: %v", asked)
	}
}

func TestDecodeNamesRefuses(t *testing.T) {
	for _, line := range []string{"Pet", "pet schema Pet", "Pet(); schema x", "func schema x"} {
		if _, err := model.DecodeNames([]string{line}); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

// TestNamesEvolve follows real documents through their versions.
func TestNamesEvolve(t *testing.T) {
	if testing.Short() {
		t.Skip("reads big documents")
	}
	dir := os.Getenv("APIGEN_SHARED")
	if dir == "" {
		dir = "../../../../shared"
	}
	folders, err := os.ReadDir(filepath.Join(dir, "evolution"))
	if err != nil {
		t.Skipf("corpus is missing: %v", err)
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		versions, err := filepath.Glob(filepath.Join(dir, "evolution", folder.Name(), "*.*"))
		if err != nil {
			t.Fatal(err)
		}
		var names []model.Name
		var before map[string]string
		stayed := 0
		for _, file := range versions {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var after map[string]string
			names, after = named(t, file, string(text), names)
			for _, key := range slices.Sorted(maps.Keys(before)) {
				switch {
				case after[key] == "", strings.HasPrefix(key, "shared "): // a name follows the place that it came from
				case after[key] != before[key]:
					t.Errorf("%s: %s was %s and becomes %s", file, key, before[key], after[key])
				default:
					stayed++
				}
			}
			before = after
		}
		t.Logf("%s: %d versions, %d names stayed", folder.Name(), len(versions), stayed)
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "+1", "-1", "type", "func", "windows", "a_test", "日本", "ñandú", "ǆ", "1a", "_", "ß", "$ref", "a\u0301", "\xff", "٣", "ａ", "Ⅷ", "ʰx", "'s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		exported := model.Exported(s)
		if !token.IsIdentifier(exported) || !token.IsExported(exported) {
			t.Errorf("Exported(%q) is %q", s, exported)
		}
		if u := model.Unexported(exported); !token.IsIdentifier(u) || token.IsExported(u) {
			t.Errorf("Unexported(%q) is %q", exported, u)
		}
		if snake := model.Snake(s); !token.IsIdentifier("x"+snake) || strings.ToLower(snake) != snake {
			t.Errorf("Snake(%q) is %q", s, snake)
		}
	})
}
