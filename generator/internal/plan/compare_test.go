package plan

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/apigen-go/apigen/generator/internal/render"
)

// TestCompare is the table of ownership: base (what apigen wrote, in the lock),
// disk (what is there now) and new (what is rendered). "" stands for nothing.
func TestCompare(t *testing.T) {
	const g, m, y = render.Generated, render.Managed, render.Yours
	for _, tt := range []struct {
		name            string
		class           render.Class
		base, disk, new string
		want            Action // "": no change at all
		state           State  // in the new lock, "": no record
		said            string // in the diagnostics
	}{
		{"generated new", g, "", "", "n", Create, Live, ""},
		{"generated taken", g, "", "u", "n", Refuse, "", "taken by a file"},
		{"generated adopted", g, "", "n", "n", Adopt, Live, ""},
		{"generated in step", g, "n", "n", "n", Same, Live, ""},
		{"generated pristine", g, "b", "b", "n", Rewrite, Live, ""},
		{"generated edited", g, "b", "u", "n", Refuse, "", "edited by hand"},
		{"generated edited, render as before", g, "b", "u", "b", Refuse, "", "edited by hand"},
		{"generated merged by hand", g, "b", "n", "n", Same, Live, ""},
		{"generated deleted", g, "b", "", "n", Create, Live, ""},
		{"generated with other line ends", g, "n\nn\n", "n\r\nn\r\n", "n\nn\n", Same, Live, ""},
		{"generated stale, pristine", g, "b", "b", "", Delete, "", ""},
		{"generated stale, edited", g, "b", "u", "", Keep, Orphan, "no longer generated"},
		{"generated stale, gone", g, "b", "", "", "", "", ""},

		{"managed new", m, "", "", "n", Create, Live, ""},
		{"managed taken", m, "", "u", "n", Refuse, "", "taken by a file"},
		{"managed adopted", m, "", "n", "n", Adopt, Live, ""},
		{"managed pristine", m, "b", "b", "n", Rewrite, Live, ""},
		{"managed pristine with other line ends", m, "b\nb\n", "b\r\nb\r\n", "n\n", Rewrite, Live, ""},
		{"managed edited", m, "b", "u", "b", Keep, Live, ""},
		{"managed edited, render moved on", m, "b", "u", "n", Keep, Live, "kept as you edited it"},
		{"managed edited to the render", m, "b", "n", "n", Same, Live, ""},
		{"managed deleted", m, "b", "", "n", Gone, Deleted, ""},
		{"managed stale, pristine", m, "b", "b", "", Delete, "", ""},
		{"managed stale, edited", m, "b", "u", "", Keep, Orphan, "no longer generated"},

		{"yours new", y, "", "", "n", Create, Live, ""},
		{"yours taken", y, "", "u", "n", Refuse, "", "taken by a file"},
		{"yours adopted", y, "", "n", "n", Adopt, Live, ""},
		{"yours pristine", y, "b", "b", "n", Same, Live, ""},
		{"yours edited", y, "b", "u", "n", Same, Live, ""},
		{"yours deleted", y, "b", "", "n", Gone, Deleted, ""},
		{"yours stale", y, "b", "b", "", Keep, Orphan, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			project := fstest.MapFS{}
			lock := &Lock{}
			if tt.disk != "" {
				project["x"] = &fstest.MapFile{Data: []byte(tt.disk)}
			}
			if tt.base != "" {
				lock.Files = []FileRecord{{"x", tt.class, Hash([]byte(tt.base)), Live}}
			}
			var files []render.File
			if tt.new != "" {
				files = []render.File{{Path: "x", Class: tt.class, Data: []byte(tt.new)}}
			}
			p, err := Compare(project, lock, files, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := actionOf(p, "x"); got != tt.want {
				t.Errorf("action: got %q, want %q", got, tt.want)
			}
			rec := p.Lock.file("x")
			switch {
			case rec == nil && tt.state != "":
				t.Errorf("no record in the lock")
			case rec != nil && rec.State != tt.state:
				t.Errorf("state: got %q, want %q", rec.State, tt.state)
			}
			said := p.Diagnostics.Error()
			if !strings.Contains(said, tt.said) || tt.said == "" && said != "" {
				t.Errorf("diagnostics: got %q, want %q", said, tt.said)
			}
			if (p.Diagnostics.Err() != nil) != (tt.want == Refuse) {
				t.Errorf("error: got %v for %s", p.Diagnostics.Err(), tt.want)
			}
		})
	}
}

func actionOf(p *Plan, path string) Action {
	if c := p.Find(path); c != nil {
		return c.Action
	}
	return ""
}

// A managed file that was held back is still compared with the text it was
// edited from, however often the render moves on.
func TestCompareHoldsTheBase(t *testing.T) {
	base := Hash([]byte("base"))
	lock := &Lock{Files: []FileRecord{{"Makefile", render.Managed, base, Live}}}
	project := fstest.MapFS{"Makefile": {Data: []byte("edited")}}
	p, err := Compare(project, lock, []render.File{{Path: "Makefile", Class: render.Managed, Data: []byte("new")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Lock.file("Makefile").Hash; got != base {
		t.Errorf("base: got %s, want %s", got, base)
	}
}

func TestCompareRefusesOddPaths(t *testing.T) {
	project := fstest.MapFS{
		"folder/file": {Data: []byte("x")},
		"link":        {Mode: fs.ModeSymlink, Data: []byte("folder/file")},
	}
	for path, want := range map[string]string{"folder": "a folder", "link": "a symbolic link"} {
		p, err := Compare(project, &Lock{}, []render.File{{Path: path, Class: render.Generated, Data: []byte("n")}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := actionOf(p, path); got != Refuse || !strings.Contains(p.Diagnostics.Error(), want) {
			t.Errorf("%s: got %s, %v", path, got, p.Diagnostics)
		}
	}
	for _, path := range []string{"../x", "/x", "a/../b", ".", "", "apigen.lock", ".apigen/txn/0", ".git/config", `a\b`, "a\nb"} {
		if _, err := Compare(project, &Lock{}, []render.File{{Path: path, Class: render.Generated}}, nil); err == nil {
			t.Errorf("path %q was accepted", path)
		}
	}
}

func TestCompareMigrationsStay(t *testing.T) {
	const path = "internal/store/migrations/00001_init.sql"
	lock := &Lock{Files: []FileRecord{{path, render.Yours, Hash([]byte("x")), Live}}}
	p, err := Compare(fstest.MapFS{path: {Data: []byte("x")}}, lock, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if actionOf(p, path) != Same || len(p.Diagnostics) > 0 || p.Lock.file(path) == nil {
		t.Errorf("got %v, %v", p.Find(path), p.Diagnostics)
	}
}

const (
	listPets = "// ListPets handles GET /pets.\nfunc (h *Handler) ListPets(ctx context.Context) error {\n\treturn nil\n}\n"
	getPet   = "// GetPet handles GET /pets/{id}.\nfunc (h *Handler) GetPet(ctx context.Context) error {\n\treturn nil\n}\n"
	pets     = "internal/handler/pets.go"
)

func handlerFile(bodies ...string) render.File {
	f := render.File{Path: pets, Class: render.Yours}
	text := "package handler\n\nimport \"context\"\n"
	for _, b := range bodies {
		_, name, _ := strings.Cut(b, "(h *Handler) ")
		name, _, _ = strings.Cut(name, "(")
		f.Stubs = append(f.Stubs, render.Stub{Method: name, Source: b, Imports: []string{"context"}})
		text += "\n" + b
	}
	f.Data = []byte(text)
	return f
}

func TestCompareHandlers(t *testing.T) {
	const mine = "package handler\n\n// mine\nfunc  (x  Handler) ListPets() {}\n"
	first := handlerFile(listPets)
	both := handlerFile(listPets, getPet)
	known := []Record{{methodRecord, "internal/handler.Handler.ListPets"}}
	record := []FileRecord{{pets, render.Yours, Hash(first.Data), Live}}

	for _, tt := range []struct {
		name string
		disk map[string]string
		lock *Lock
		file render.File
		want Action
		text string // of the file afterwards, when it is written
		said string
	}{
		{"new", nil, &Lock{}, both, Create, string(both.Data), ""},
		{"in step", map[string]string{pets: string(first.Data)}, &Lock{record, known}, first, Same, "", ""},
		{"method added", map[string]string{pets: mine}, &Lock{record, known}, both, Append,
			"package handler\n\nimport \"context\"\n\n// mine\nfunc  (x  Handler) ListPets() {}\n\n" + getPet, ""},
		{"method is in another file",
			map[string]string{pets: string(first.Data), "internal/handler/more_linux.go": "//go:build linux\n\npackage handler\n\nfunc (h *Handler) GetPet() {}\n"},
			&Lock{record, known}, both, Same, "", ""},
		{"method deleted by the user", map[string]string{pets: "package handler\n"}, &Lock{record, known}, first, Same, "", "ListPets was deleted"},
		{"file deleted by the user", nil, &Lock{record, known}, first, Gone, "", "ListPets was deleted"},
		{"file deleted, then a method added", nil, &Lock{record, known}, both, Create, "package handler\n\nimport \"context\"\n\n" + getPet, "ListPets was deleted"},
		{"the user wrote the file first", map[string]string{pets: mine}, &Lock{}, first, Adopt, "", ""},
		{"the user wrote half of the file first", map[string]string{pets: mine}, &Lock{}, both, Append,
			"package handler\n\nimport \"context\"\n\n// mine\nfunc  (x  Handler) ListPets() {}\n\n" + getPet, ""},
		{"methods of a new file are elsewhere", map[string]string{"internal/handler/all.go": mine}, &Lock{}, first, Gone, "", ""},
		{"syntax error, nothing missing", map[string]string{pets: string(first.Data) + "func {\n"}, &Lock{record, known}, first, Same, "", ""},
		{"syntax error, method missing", map[string]string{pets: string(first.Data) + "func {\n"}, &Lock{record, known}, both, Same, "", pets + ":9:6: expected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			project := fstest.MapFS{}
			for path, text := range tt.disk {
				project[path] = &fstest.MapFile{Data: []byte(text)}
			}
			p, err := Compare(project, tt.lock, []render.File{tt.file}, nil)
			if err != nil {
				t.Fatal(err)
			}
			c := p.Find(pets)
			if c == nil || c.Action != tt.want {
				t.Fatalf("got %+v, want %s", c, tt.want)
			}
			if c.Writes() && string(c.New) != tt.text {
				t.Errorf("got\n%s\nwant\n%s", c.New, tt.text)
			}
			said := p.Diagnostics.Error()
			if !strings.Contains(said, tt.said) || tt.said == "" && said != "" {
				t.Errorf("diagnostics: got %q, want %q", said, tt.said)
			}
			for _, stub := range tt.file.Stubs {
				if !strings.Contains(string(p.Lock.Bytes()), "rec method internal/handler.Handler."+stub.Method+"\n") {
					t.Errorf("lock does not remember %s", stub.Method)
				}
			}
		})
	}
}
