package generator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/render"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// supportGroups are the folders of testdata/support and their titles on the page.
var supportGroups = []struct{ folder, title string }{
	{"document", "Documents and their files"},
	{"objects", "Objects of a document"},
	{"paths", "Paths and methods"},
	{"parameters", "Parameters"},
	{"bodies", "Request bodies"},
	{"responses", "Responses"},
	{"schemas", "Schemas"},
	{"formats", "Formats"},
	{"swagger", "OpenAPI 2.0"},
	{"names", "Names"},
	{"parts", "Optional parts of a project"},
	{"quirks", "What real documents do"},
}

// supportRow is one feature: a file of testdata/support.
//
// A new row is a new file there. Before the first section it says, one a line:
//
//	feature: what the row is about
//	spec: versions of OpenAPI and the object or section that defines it
//	support: full, partial or refused
//	remark: one line for the page (may be left out)
//	suite: DRAFT/FILE of the JSON Schema Test Suite (may be left out)
//	skip: true reads the document as --skip-unsupported does
//	allow: an address that may be fetched, as --allow-ref says
//	features: optional parts of the project: client, check; with client, the exchanges go through it
//	also: a further document of the project, and what comes before its paths
//	write: bom, crlf or both: how the document is written
//
// The section openapi.yaml (or openapi.json) is the document. Whatever apigen
// has to say about it must be wanted on that line, as in # want "text", or in a
// section want with lines of "LINE: text" or "FILE:LINE: text". The other sections:
//
//	exchanges   requests to the generated service (lines with >) and what the
//	            answers hold (lines with <), see supportExchange
//	generated   lines that the generated project must have; must not, after !;
//	            file PATH stands for a file
//	handler.go  methods of handler, in package api, for operations that are to
//	            answer; the others show what they were given
//	overlay.*   an overlay
//	before.yaml the document as it was when the project was generated first
//
// Any other section is a file beside the document, or at an address.
type supportRow struct {
	group, name string // of the file
	feature     string
	spec        string
	support     string
	remark      string
	suite       string
	skip        bool
	allow       []string
	features    model.Features

	document  string // openapi.yaml or openapi.json
	also      []spec.Origin
	before    []byte
	files     map[string][]byte
	overlays  []spec.File
	wants     []supportWant
	generated []string
	handler   []byte
	exchanges []supportExchange

	project []render.File // nil when the document is refused
}

// supportWant is a message that must be given.
type supportWant struct {
	file string
	line int
	text string
}

func (r *supportRow) String() string { return r.group + "/" + r.name }

// supportRows reads the rows in the order of the page.
func supportRows(t *testing.T) []*supportRow {
	t.Helper()
	var rows []*supportRow
	for _, group := range supportGroups {
		files, err := filepath.Glob(filepath.Join(repository, "testdata/support", group.folder, "*.txtar"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no rows in %s: %v", group.folder, err)
		}
		for _, file := range files {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			row := &supportRow{group: group.folder, name: strings.TrimSuffix(filepath.Base(file), ".txtar"), files: map[string][]byte{}}
			if err := row.read(archive); err != nil {
				t.Errorf("%s: %v", row, err)
				continue
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *supportRow) read(archive *txtar.Archive) error {
	var write string
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		field := map[string]*string{
			"feature": &r.feature, "spec": &r.spec, "support": &r.support, "remark": &r.remark, "suite": &r.suite, "write": &write,
		}[key]
		switch {
		case strings.TrimSpace(line) == "":
		case field != nil:
			*field = value
		case key == "skip":
			r.skip = true
		case key == "allow":
			r.allow = append(r.allow, value)
		case key == "features":
			r.features = model.Features{Client: strings.Contains(value, "client"), Check: strings.Contains(value, "check")}
		case key == "also":
			file, base, _ := strings.Cut(value, " ")
			name := strings.TrimSuffix(file, filepath.Ext(file))
			r.also = append(r.also, spec.Origin{Name: name, Key: name + "#", Base: base})
		case !ok || field == nil:
			return fmt.Errorf("unknown line %q", line)
		}
	}
	for _, f := range archive.Files {
		if err := r.section(f, write); err != nil {
			return err
		}
	}
	return r.check()
}

func (r *supportRow) section(f txtar.File, write string) error {
	switch {
	case f.Name == "exchanges":
		list, err := parseExchanges(string(f.Data))
		r.exchanges = list
		return err
	case f.Name == "generated":
		r.generated = strings.Split(strings.TrimSpace(string(f.Data)), "\n")
	case f.Name == "handler.go":
		r.handler = f.Data
	case f.Name == "want":
		return r.wantLines(string(f.Data))
	case f.Name == "before.yaml":
		r.before = f.Data
	case strings.HasPrefix(f.Name, "overlay."):
		r.overlays = append(r.overlays, spec.File{Path: f.Name, Text: f.Data})
		r.wantComments(f)
	default:
		if strings.HasPrefix(f.Name, "openapi.") {
			r.document = f.Name
		}
		r.wantComments(f)
		if f.Name == r.document && strings.Contains(write, "crlf") {
			f.Data = bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))
		}
		if f.Name == r.document && strings.Contains(write, "bom") {
			f.Data = append([]byte("\uFEFF"), f.Data...)
		}
		r.files[f.Name] = f.Data
	}
	return nil
}

var (
	wantText  = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	wantPlain = strings.NewReplacer(`\"`, `"`, `\n`, "\n", `\t`, "\t")
)

func (r *supportRow) wantComments(f txtar.File) {
	for i, line := range strings.Split(string(f.Data), "\n") {
		_, comment, _ := strings.Cut(line, "# want ")
		for _, m := range wantText.FindAllStringSubmatch(comment, -1) {
			r.wants = append(r.wants, supportWant{f.Name, i + 1, wantPlain.Replace(m[1])})
		}
	}
}

func (r *supportRow) wantLines(text string) error {
	for line := range strings.Lines(text) {
		place, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
		file, number, named := strings.Cut(place, ":")
		if !named {
			file, number = r.document, place
		}
		want := supportWant{file: file, text: text}
		if _, err := fmt.Sscan(number, &want.line); !ok || err != nil {
			return fmt.Errorf("want: cannot read %q", line)
		}
		r.wants = append(r.wants, want)
	}
	return nil
}

// check refuses rows whose test could not fail.
func (r *supportRow) check() error {
	outcomes := map[string]bool{}
	for _, x := range r.exchanges {
		outcomes[x.answer[0]] = true
	}
	switch {
	case r.feature == "" || r.spec == "" || r.document == "":
		return errors.New("feature, spec and a document must be there")
	case r.support == "refused" && (r.remark == "" || len(r.wants) == 0):
		return errors.New("a refused row needs a remark that says why, and the error that is wanted")
	case r.support == "full" && len(outcomes) < 2 && len(r.generated) == 0:
		return errors.New("a full row needs two exchanges that differ, or a line of the project")
	case r.support == "partial" && (r.remark == "" || len(outcomes)+len(r.generated)+len(r.wants) == 0):
		return errors.New("a partial row needs a remark and something that shows it")
	case !slices.Contains([]string{"full", "partial", "refused"}, r.support):
		return fmt.Errorf("support must be full, partial or refused, not %q", r.support)
	}
	return nil
}

// fetch is the network of a row.
func (r *supportRow) fetch(address string) ([]byte, error) {
	if data, ok := r.files[address]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

// load reads the documents of a row as one. The list holds all there is to say.
func (r *supportRow) load() (*spec.Document, diag.List, error) {
	near := fstest.MapFS{}
	for name, data := range r.files {
		if !strings.Contains(name, "://") {
			near[name] = &fstest.MapFile{Data: data}
		}
	}
	opt := spec.Options{
		Files: near, Path: r.document, Allow: r.allow, Fetch: r.fetch, Overlays: r.overlays, SkipUnsupported: r.skip,
	}
	if len(r.also) == 0 {
		return load(r.document, r.files[r.document], opt)
	}
	opt.Origin = &spec.Origin{Name: "openapi"}
	doc, notes, err := load(r.document, r.files[r.document], opt)
	docs := []*spec.Document{doc}
	for _, origin := range r.also {
		file := origin.Name + ".yaml"
		opt.Path, opt.Origin = file, &origin
		more, list, wrong := load(file, r.files[file], opt)
		docs, notes, err = append(docs, more), append(notes, list...), errors.Join(err, wrong)
	}
	if err != nil {
		return nil, notes, err
	}
	doc, list := spec.Join(docs)
	return doc, append(notes, list...), list.Err()
}

// load reads a document. The list holds all there is to say about it.
func load(file string, text []byte, opt spec.Options) (*spec.Document, diag.List, error) {
	doc, notes, err := spec.Load(file, text, opt)
	var list diag.List
	errors.As(err, &list)
	return doc, append(list, notes...), err
}

// generate makes the project of a row and compares what there is to say with
// what is wanted.
func (r *supportRow) generate(t *testing.T) {
	t.Helper()
	opt := model.Options{Name: "support", Module: "example.com/support", Specs: []string{"api/openapi.yaml"}, Features: r.features}
	if r.before != nil {
		old, _, err := load("before.yaml", r.before, spec.Options{})
		if err != nil {
			t.Errorf("%s: %v", r, err)
			return
		}
		p, _ := model.Build(old, opt)
		opt.Names = p.Names
	}
	doc, found, err := r.load()
	if err == nil {
		p, list := model.Build(doc, opt)
		found = append(found, list...)
		if err = list.Err(); err == nil {
			if r.project, err = render.Files(p); err != nil {
				t.Errorf("%s: %v", r, err)
			}
		}
	}
	r.compare(t, found)
	if refused := r.project == nil; refused != (r.support == "refused") {
		t.Errorf("%s: support is %s, but refused is %t: %v", r, r.support, refused, err)
	}
	r.inspect(t)
}

func (r *supportRow) compare(t *testing.T, found diag.List) {
	t.Helper()
	left := slices.Clone(r.wants)
	for _, d := range found {
		i := slices.IndexFunc(left, func(w supportWant) bool {
			return d.File == w.file && d.Line == w.line && strings.Contains(d.String(), w.text)
		})
		if i < 0 {
			t.Errorf("%s: unexpected: %s", r, d)
			continue
		}
		if d.Line > 0 && d.Col == 0 {
			t.Errorf("%s: no column: %s", r, d)
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, w := range left {
		t.Errorf("%s: %s:%d: nothing says %q", r, w.file, w.line, w.text)
	}
}

// inspect looks for the lines that the project must have.
func (r *supportRow) inspect(t *testing.T) {
	t.Helper()
	if r.project == nil || len(r.generated) == 0 {
		return
	}
	lines := map[string]bool{}
	for _, f := range r.project {
		lines["file "+f.Path] = true
		for line := range strings.Lines(string(f.Data)) {
			lines[strings.Join(strings.Fields(line), " ")] = true
		}
	}
	for _, line := range r.generated {
		plain, not := strings.CutPrefix(line, "!")
		plain = strings.Join(strings.Fields(plain), " ")
		if lines[plain] == not {
			t.Errorf("%s: a line of the project, %t: %s", r, !not, plain)
		}
	}
}

// TestSupport runs every row of docs/openapi-support.md. The documents become
// packages of one project, so that the whole costs one build. With -update it
// writes the page.
func TestSupport(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a service from some hundred documents")
	}
	rows := supportRows(t)
	var group sync.WaitGroup
	room := make(chan struct{}, 4)
	for _, row := range rows {
		group.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			row.generate(t)
		})
	}
	group.Wait()
	checkSuite(t, rows)
	service := startSupport(t, rows)
	for _, row := range rows {
		for _, x := range row.exchanges {
			if row.project != nil {
				x.run(t, row, service)
			}
		}
	}
	page := supportPage(rows)
	file := filepath.Join(repository, "docs/openapi-support.md")
	if *update {
		if err := os.WriteFile(file, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, page) {
		t.Errorf("%s is not what the rows say (%v): run make golden", file, err)
	}
}
