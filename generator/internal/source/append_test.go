package source

import (
	"bytes"
	"errors"
	"go/scanner"
	"strings"
	"testing"
)

const stub = `// ListPets handles GET /pets.
func (h *Handler) ListPets(ctx context.Context, req api.ListPetsRequest) (*api.PetPage, error) {
	return nil, api.ErrNotImplemented
}
`

func TestAppend(t *testing.T) {
	decl := []Decl{{Source: stub, Imports: []string{"context", "example.com/pets/internal/api"}}}
	for _, tt := range []struct {
		name, src string
		want      []string // in this order
		not       []string
	}{
		{
			name: "nothing but a package clause",
			src:  "package handler // pets\n",
			want: []string{"package handler // pets\n\nimport (\n\t\"context\"\n\n\t\"example.com/pets/internal/api\"\n)\n\n// ListPets"},
		},
		{
			name: "imports are there",
			src:  "package handler\n\nimport (\n\t\"context\"\n\t\"example.com/pets/internal/api\"\n)\n\nfunc   ugly( ) { }\n",
			want: []string{"func   ugly( ) { }\n\n// ListPets"},
			not:  []string{"\"context\"\n\t\"context\""},
		},
		{
			name: "sorted into the groups",
			src:  "package handler\n\nimport (\n\t\"bytes\" // why\n\t\"fmt\"\n\n\t\"example.com/pets/internal/zoo\"\n)\n",
			want: []string{"\t\"bytes\" // why\n\t\"context\"\n\t\"fmt\"\n\n\t\"example.com/pets/internal/api\"\n\t\"example.com/pets/internal/zoo\"\n)"},
		},
		{
			name: "a group of its own",
			src:  "package handler\n\nimport (\n\t\"github.com/a/b\"\n)\n",
			want: []string{"import (\n\t\"context\"\n\n\t\"example.com/pets/internal/api\"\n\t\"github.com/a/b\"\n)"},
		},
		{
			name: "third party behind the standard library",
			src:  "package handler\n\nimport (\n\t\"context\"\n)\n",
			want: []string{"import (\n\t\"context\"\n\n\t\"example.com/pets/internal/api\"\n)"},
		},
		{
			name: "one single import",
			src:  "package handler\n\nimport \"context\"\n\nvar x = 1\n",
			want: []string{"import \"context\"\nimport \"example.com/pets/internal/api\"\n\nvar x = 1\n"},
		},
		{
			name: "cgo is left alone",
			src:  "package handler\n\n// #include <stdio.h>\nimport \"C\"\n",
			want: []string{"import \"C\"\n\nimport (\n\t\"context\"\n\n\t\"example.com/pets/internal/api\"\n)\n"},
		},
		{
			name: "the user's alias",
			src:  "package handler\n\nimport (\n\tctx \"context\"\n\tpetapi \"example.com/pets/internal/api\"\n)\n",
			want: []string{"ListPets(ctx ctx.Context, req petapi.ListPetsRequest) (*petapi.PetPage, error)", "petapi.ErrNotImplemented"},
		},
		{
			name: "a taken name gets an alias",
			src:  "package handler\n\nimport \"example.com/other/api\"\n\nvar _ = api.X\n",
			want: []string{"api2 \"example.com/pets/internal/api\"", "req api2.ListPetsRequest"},
		},
		{
			name: "blank and dot imports do not count",
			src:  "package handler\n\nimport (\n\t_ \"context\"\n\t. \"example.com/pets/internal/api\"\n)\n",
			want: []string{"\t\"context\"\n\t_ \"context\"\n", "\t\"example.com/pets/internal/api\"\n"},
		},
		{
			name: "no line break at the end",
			src:  "package handler\n\nvar x = 1 // the end",
			want: []string{"var x = 1 // the end\n\n// ListPets"},
		},
		{
			name: "windows line ends",
			src:  "package handler\r\n\r\nimport (\r\n\t\"context\"\r\n)\r\n",
			want: []string{"\t\"context\"\r\n\r\n\t\"example.com/pets/internal/api\"\r\n)\r\n\r\n// ListPets handles GET /pets.\r\n"},
		},
		{
			name: "byte order mark",
			src:  "\ufeffpackage handler\n",
			want: []string{"\ufeffpackage handler\n\nimport ("},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Append("pets.go", []byte(tt.src), decl)
			if err != nil {
				t.Fatal(err)
			}
			rest := string(got)
			for _, want := range tt.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("no %q in\n%s", want, got)
				}
				rest = after
			}
			for _, not := range tt.not {
				if strings.Contains(string(got), not) {
					t.Errorf("%q in\n%s", not, got)
				}
			}
			if !subsequence([]byte(tt.src), got) {
				t.Errorf("bytes of the source were lost in\n%s", got)
			}
			again, err := Append("pets.go", got, nil)
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("appending nothing changed the file: %v", err)
			}
		})
	}
}

func TestAppendRefusesBrokenSource(t *testing.T) {
	_, err := Append("internal/handler/pets.go", []byte("package handler\n\nfunc {\n"), nil)
	var list scanner.ErrorList
	if !errors.As(err, &list) || list[0].Pos.String() != "internal/handler/pets.go:3:6" {
		t.Fatalf("got %v", err)
	}
}

func TestNew(t *testing.T) {
	got, err := New("handler", []Decl{{Source: stub, Imports: []string{"context", "example.com/pets/internal/api"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "package handler\n\nimport (\n\t\"context\"\n\n\t\"example.com/pets/internal/api\"\n)\n\n" + stub
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// FuzzAppend holds the promise that no byte of a user's file is lost.
func FuzzAppend(f *testing.F) {
	f.Add("package handler\n\nimport (\n\t\"bytes\" // why\n\n\t_ \"embed\"\n)\n")
	f.Add("package handler; import \"context\"; import (api \"x.y/z\")")
	f.Add("package handler /* a\n b */\n")
	f.Fuzz(func(t *testing.T, src string) {
		got, err := Append("x.go", []byte(src), []Decl{{Source: stub, Imports: []string{"context", "example.com/pets/internal/api"}}})
		if err == nil && !subsequence([]byte(src), got) {
			t.Fatalf("bytes of %q were lost in %q", src, got)
		}
	})
}

// subsequence reports whether all of src is in got, in order.
func subsequence(src, got []byte) bool {
	for _, b := range got {
		if len(src) > 0 && src[0] == b {
			src = src[1:]
		}
	}
	return len(src) == 0
}
