package source

import (
	"errors"
	"go/scanner"
	"testing"
	"testing/fstest"
)

func TestMethods(t *testing.T) {
	fsys := fstest.MapFS{
		"h/pets.go":       {Data: []byte("package h\n\ntype Handler struct{}\n\nfunc (h *Handler) A() {}\nfunc (Handler) B() {}\nfunc (o *Other) C() {}\nfunc D() {}\n")},
		"h/enterprise.go": {Data: []byte("//go:build enterprise\n\npackage h\n\nfunc (h *Handler) E() {}\n")},
		"h/plan9_test.go": {Data: []byte("package h_test\n\nfunc (h *Handler) F() {}\n")},
		"h/deep/x.go":     {Data: []byte("package deep\n\nfunc (h *Handler) G() {}\n")},
		"h/notes.txt":     {Data: []byte("func (h *Handler) H() {}\n")},
	}
	got, err := Methods(fsys, "h", "Handler")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Place{
		"A": {"h/pets.go", 5, 19},
		"B": {"h/pets.go", 6, 16},
		"E": {"h/enterprise.go", 5, 19},
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	for name, place := range want {
		if got[name] != place {
			t.Errorf("%s: got %v, want %v", name, got[name], place)
		}
	}
}

func TestMethodsKeepsWhatParses(t *testing.T) {
	fsys := fstest.MapFS{
		"h/a.go": {Data: []byte("package h\n\nfunc (h *Handler) A() {}\nfunc (h *Handler) B() { if }\n")},
		"h/b.go": {Data: []byte("package h\n\nfunc (h *Handler) C() {}\n")},
	}
	got, err := Methods(fsys, "h", "Handler")
	var list scanner.ErrorList
	if !errors.As(err, &list) || list[0].Pos.Filename != "h/a.go" || list[0].Pos.Line != 4 {
		t.Errorf("got error %v", err)
	}
	if _, ok := got["C"]; !ok {
		t.Errorf("got %v, want C of the file that parses", got)
	}
}

func TestMethodsOfNoFolder(t *testing.T) {
	got, err := Methods(fstest.MapFS{}, "h", "Handler")
	if len(got) != 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
