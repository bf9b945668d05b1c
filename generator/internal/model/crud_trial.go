package model

import (
	"encoding/json"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Trial is one request of the test that comes with a project. Path, Query and
// Body hold ${name} where the value that an earlier trial saved belongs.
type Trial struct {
	Operation *Operation
	Path      string // with the query
	Headers   [][2]string
	Media     string
	Body      string
	Want      []int  // statuses that are right
	Save      string // name for a value of the answer, else ""
	Pointer   string // JSON pointer of that value
}

// Trials returns a request for every operation, in an order that works: what is
// read was created before, and deleted last. A row that others refer to cannot be
// deleted: there another one is created first.
func (p *Project) Trials() []*Trial {
	b := &trialBuilder{
		project: p, saved: map[*Table]string{}, fixed: map[string][]string{}, known: map[string]*CRUD{},
		home: map[*Table]string{}, gone: map[*Table]bool{}, live: map[*Table]int{}, fresh: map[*Table]bool{},
		maker: map[*Table]*Operation{},
	}
	for _, op := range p.Operations {
		if op.CRUD != nil && op.CRUD.lastMatch() == op.CRUD.Table.Key && op.CRUD.Kind != Create {
			b.known[shapeOfPath(op.Path)] = op.CRUD
		}
	}
	tables := inReferenceOrder(p.Tables)
	for _, t := range tables {
		b.add(t, func(x *CRUD) bool { return x.Kind == Create || x.Upsert })
	}
	for _, t := range tables {
		b.add(t, func(x *CRUD) bool { return x.Kind != Create && x.Kind != Delete && !x.Upsert })
	}
	for _, op := range p.Operations {
		if op.CRUD == nil {
			b.stub(op)
		}
	}
	slices.Reverse(tables)
	for _, t := range tables {
		b.renew(t)
		b.add(t, func(x *CRUD) bool { return x.Kind == Delete })
	}
	return b.trials
}

type trialBuilder struct {
	project *Project
	trials  []*Trial
	saved   map[*Table]string     // name of the saved key
	fixed   map[string][]string   // path up to a parameter → values that are used for it
	made    uint64                // how many of them
	known   map[string]*CRUD      // path of an item → operation on it
	home    map[*Table]string     // path of the collection that the saved row is in
	gone    map[*Table]bool       // tables whose saved row may have been deleted
	live    map[*Table]int        // rows that no trial is sure to have deleted
	fresh   map[*Table]bool       // tables whose saved row nothing refers to
	maker   map[*Table]*Operation // operation that created the saved row
}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

func shapeOfPath(path string) string { return pathParameter.ReplaceAllString(path, "{}") }

func (b *trialBuilder) add(t *Table, which func(*CRUD) bool) {
	for _, op := range b.project.Operations {
		if op.CRUD == nil || op.CRUD.Table != t || !which(op.CRUD) {
			continue
		}
		if trial := b.trial(op); trial != nil {
			b.trials = append(b.trials, trial)
		}
	}
}

// trial makes the request of an operation that the store implements.
func (b *trialBuilder) trial(op *Operation) *Trial {
	x := op.CRUD
	t, complete := b.request(op)
	t.Want = []int{x.Success.Status}
	switch {
	case !complete:
		t.Want = append(t.Want, b.project.InvalidStatus)
	case x.Kind == Create || x.Upsert:
		b.live[x.Table]++
		b.save(t, x)
	case x.Kind == List:
		if x.Parent != nil && b.saved[x.Owner] == "" {
			t.Want = []int{404}
		}
	case b.saved[x.Table] == "":
		t.Want = []int{404}
	case b.gone[x.Table] || x.lastMatch() != x.Table.Key || !b.holds(t):
		t.Want = append(t.Want, 404)
	}
	if x.Kind == Delete {
		b.delete(t)
	}
	if x.Kind != Get && x.Kind != List && b.dangles(x) {
		t.Want = append(t.Want, 404, 409, 422, 400)
		t.Save = ""
		delete(b.saved, x.Table)
		delete(b.maker, x.Table)
	}
	return t
}

// renew creates another row in place of the saved one when rows that stay behind
// refer to that, so that there is one to delete.
func (b *trialBuilder) renew(t *Table) {
	deleted := slices.ContainsFunc(b.project.Operations, func(op *Operation) bool {
		return op.CRUD != nil && op.CRUD.Table == t && op.CRUD.Kind == Delete
	})
	if maker := b.maker[t]; maker != nil && deleted && b.referred(t) {
		b.trials = append(b.trials, b.trial(maker))
		b.fresh[t] = true
	}
}

// delete notes what becomes of the saved row.
func (b *trialBuilder) delete(t *Trial) {
	table := t.Operation.CRUD.Table
	switch {
	case b.saved[table] == "":
		return
	case b.referred(table) && !b.fresh[table]:
		t.Want = append(t.Want, 409)
	case len(t.Want) == 1:
		b.live[table]--
	}
	b.gone[table] = true
}

// referred reports whether rows of other tables may refer to the saved row.
func (b *trialBuilder) referred(t *Table) bool {
	return slices.ContainsFunc(b.project.Tables, func(other *Table) bool {
		return other != t && b.live[other] > 0 && slices.ContainsFunc(other.Columns, func(c *Column) bool { return c.Refs == t.Name })
	})
}

// holds reports whether the collection that the path goes through is the one that
// the saved row was put into.
func (b *trialBuilder) holds(t *Trial) bool {
	x := t.Operation.CRUD
	if b.home[x.Table] == path.Dir(pathOf(t)) {
		return true
	}
	// A key that a PUT names is in no answer that could tell it to another path.
	return len(x.Where) == 1 && b.saved[x.Table] != "-"
}

// pathOf is the path of a trial without its query.
func pathOf(t *Trial) string {
	p, _, _ := strings.Cut(t.Path, "?")
	return p
}

// above returns the table of the row that a path parameter names and the rows of the
// operation hang on, nil when there is none.
func (b *trialBuilder) above(op *Operation, p *Param) *Table {
	if op.CRUD == nil {
		return nil
	}
	for _, m := range op.CRUD.Where {
		if m.Param == p && m.Column.Refs != "" {
			return findTable(b.project.Tables, m.Column.Refs)
		}
	}
	return nil
}

// dangles reports whether a write must refer to a row that the test cannot make.
func (b *trialBuilder) dangles(x *CRUD) bool {
	for _, in := range x.Inputs {
		if in.Column.Refs != "" && b.saved[findTable(b.project.Tables, in.Column.Refs)] == "" {
			return true
		}
	}
	return false
}

// save keeps the key of a new row for the requests that follow.
func (b *trialBuilder) save(t *Trial, x *CRUD) {
	key := x.Table.Key
	b.home[x.Table] = pathOf(t)
	if x.Upsert {
		b.home[x.Table] = path.Dir(pathOf(t))
		b.saved[x.Table] = "-"
		return
	}
	for _, o := range x.Outputs {
		if o.Column != key || o.Field.WriteOnly || x.Success.Body.Only() { // the test finds members in JSON
			continue
		}
		t.Save, t.Pointer = identifier(x.Table.Name), "/"+o.Field.JSON
		if x.Wrap != nil {
			t.Pointer = "/" + x.Wrap.JSON + t.Pointer
		}
		b.saved[x.Table], b.maker[x.Table] = "${"+t.Save+"}", t.Operation
		return
	}
	for _, in := range x.Inputs {
		if in.Column != key || in.Field == nil {
			continue
		}
		if v, err := decodeValue(t.Body); err == nil {
			if text, ok := memberText(v, x.Wrapper, in.Field); ok {
				b.saved[x.Table], b.maker[x.Table] = text, t.Operation
			}
		}
	}
}

func memberText(v any, wrapper, f *Field) (string, bool) {
	o, _ := v.(*object)
	if wrapper != nil && o != nil {
		inner, _ := o.get(wrapper.JSON)
		o, _ = inner.(*object)
	}
	if o == nil {
		return "", false
	}
	switch v, _ := o.get(f.JSON); v := v.(type) {
	case string:
		return v, true
	case number:
		return string(v), true
	}
	return "", false
}

// stub makes the request of an operation that nobody has written yet. Once it is
// written, any declared success is right.
func (b *trialBuilder) stub(op *Operation) {
	if op.Shadow != nil {
		return
	}
	t, complete := b.request(op)
	t.Want = []int{501}
	for _, s := range op.Successes {
		t.Want = append(t.Want, s.Status)
	}
	for _, f := range op.Failures {
		if f.Status >= 400 && f.Status < 500 && !f.Range {
			t.Want = append(t.Want, f.Status)
		}
	}
	if !complete && !slices.Contains(t.Want, b.project.InvalidStatus) {
		t.Want = append(t.Want, b.project.InvalidStatus)
	}
	b.trials = append(b.trials, t)
}

// request fills path, query, headers and body with valid values. complete is
// false when no valid value could be made up for something.
func (b *trialBuilder) request(op *Operation) (t *Trial, complete bool) {
	t, complete = &Trial{Operation: op}, true
	t.Path = b.path(op, &complete)
	_, fixed := cutPath(op.Path)
	query, _ := url.ParseQuery(fixed)
	for _, p := range op.Params {
		if !p.Required || p.In == InPath || query.Has(p.Wire) {
			continue
		}
		text, ok := paramSample(p)
		complete = complete && ok
		switch p.In {
		case InQuery:
			query.Set(p.Wire, text)
		case InHeader:
			t.Headers = append(t.Headers, [2]string{p.Wire, text})
		case InCookie:
			t.Headers = append(t.Headers, [2]string{"Cookie", p.Wire + "=" + url.QueryEscape(text)})
		}
	}
	if len(query) > 0 {
		t.Path += "?" + query.Encode()
	}
	if op.Body != nil {
		b.body(op, t, &complete)
		complete = complete && !foreign(op.Body.Type, map[*Type]bool{})
	}
	return t, complete && !slices.ContainsFunc(op.Params, func(p *Param) bool { return foreign(p.Type, map[*Type]bool{}) })
}

func paramSample(p *Param) (string, bool) {
	if p.JSON {
		return Sample(p.Schema, Request, 1)
	}
	if text, ok := SampleText(p.Schema, 1); ok {
		return text, true
	}
	if p.Type.Kind == Slice && p.Type.Elem.Schema != nil {
		return SampleText(p.Type.Elem.Schema, 1)
	}
	return "x", false
}

// path fills the template: with the key of a row where one was saved, else with
// the same made-up value everywhere.
func (b *trialBuilder) path(op *Operation, complete *bool) string {
	var out strings.Builder
	path, _ := cutPath(op.Path)
	rest := path
	for {
		i := strings.IndexByte(rest, '{')
		if i < 0 {
			return out.String() + escaper.Replace(rest)
		}
		end := i + strings.IndexByte(rest[i:], '}')
		out.WriteString(escaper.Replace(rest[:i]))
		p := pathParam(op, pathName(rest[i:end+1]))
		rest = rest[end+1:]
		prefix := shapeOfPath(path[:len(path)-len(rest)])
		if x := b.known[prefix]; x != nil && strings.HasPrefix(b.saved[x.Table], "${") {
			out.WriteString(b.saved[x.Table])
			continue
		} else if x != nil && b.saved[x.Table] != "" && b.saved[x.Table] != "-" {
			out.WriteString(url.PathEscape(b.saved[x.Table]))
			continue
		}
		if t := b.above(op, p); t != nil && strings.HasPrefix(b.saved[t], "${") {
			out.WriteString(b.saved[t])
			continue
		}
		out.WriteString(pathPrefix(p) + url.PathEscape(b.madeUp(prefix, p, complete)))
	}
}

// madeUp returns the value that is used in all paths with that prefix, or another one
// where the parameter takes none of those.
func (b *trialBuilder) madeUp(prefix string, p *Param, complete *bool) string {
	for _, value := range b.fixed[prefix] {
		if p.takes(value) {
			return value
		}
	}
	value, ok := SampleText(p.Schema, b.made)
	if p.JSON {
		value, ok = paramSample(p)
	}
	if !ok {
		value, *complete = "x", false
	}
	b.made++
	b.fixed[prefix] = append(b.fixed[prefix], value)
	return value
}

// takes reports whether a text is a valid value of a parameter, as far as scalars go.
func (p *Param) takes(text string) bool {
	if p.JSON || !p.Type.Scalar() || p.Schema == nil {
		return true
	}
	quoted, err := json.Marshal(text)
	return err == nil && (Valid(p.Schema, string(quoted), Request) || Valid(p.Schema, text, Request))
}

// pathPrefix is what the style of a path parameter puts before its value.
func pathPrefix(p *Param) string {
	switch p.Style {
	case "label":
		return "."
	case "matrix":
		return ";" + p.Wire + "="
	}
	return ""
}

// escaper writes the characters of a path template that would end the path.
var escaper = strings.NewReplacer("#", "%23", "?", "%3F", " ", "%20", "%", "%25")
