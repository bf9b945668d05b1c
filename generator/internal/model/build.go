package model

import (
	"cmp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Options are the settings of a project that its document does not hold.
type Options struct {
	Name     string   // command and folder name
	Module   string   // Go module path
	Specs    []string // the documents inside the project
	Features Features
	APM      string   // where telemetry goes, as apigen.yaml names it
	Modules  []string // that go.mod requires

	// DetectSession turns the feature session on where operations ask for a key in a
	// cookie.
	DetectSession bool

	// DetectKeys turns the feature idempotency on where the document declares an
	// Idempotency-Key.
	DetectKeys bool

	// Previous are the tables that the migrations written so far make, and
	// Migrations is the number of the last one; zero for a new project.
	Previous   []*Table
	Migrations int

	// Names are those that the run before this one gave.
	Names []Name
}

// Build turns a document into a project. The list holds warnings; errors in it
// mean that the project cannot be generated.
func Build(doc *spec.Document, opt Options) (*Project, diag.List) {
	p := &Project{
		Name: opt.Name, Module: opt.Module, Specs: opt.Specs,
		Title: doc.Title, Description: doc.Description, Version: doc.APIVersion,
		Features: opt.Features, Vendor: vendors[opt.APM], Previous: opt.Previous, Migrations: opt.Migrations,
	}
	b := &builder{
		p:          p,
		earlier:    opt.Names,
		alive:      living(doc, opt.Features.Client),
		declared:   map[*spec.Schema]*Type{},
		inProgress: map[*spec.Schema]*Type{},
		component:  map[*spec.Schema]string{},
		shared:     newSharing(doc),
		failures:   map[identity]*sharedFailure{},
		goNames:    map[*spec.Schema]string{},
		checks:     map[*spec.Schema]*Check{},
		checkNames: scope{},
		completed:  map[*spec.Schema]*Check{},

		compositions: map[*spec.Schema]use{},
		clashes:      map[*spec.Schema]bool{},
		joints:       map[[2]*spec.Schema]*spec.Schema{},
		nullable:     map[*spec.Schema]bool{},
		customs:      map[*spec.Schema]use{},
		modules:      opt.Modules,
	}
	b.names = newNaming(reserved(doc), opt.Names, func(key string) bool {
		return !strings.HasPrefix(key, operationKey) && b.alive(key)
	})
	b.shared.settle(b.names, opt.Names)
	b.components(doc)
	b.operations(doc)
	b.webhooks(doc)
	b.guard(doc)
	b.session(doc, opt.DetectSession)
	b.client()
	b.reach()
	b.collect()
	box(p.Types)
	b.xml()
	p.InvalidStatus = invalidStatus(p.Operations)
	slices.SortFunc(p.Types, func(x, y *Type) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(p.Failures, func(x, y *Failure) int { return cmp.Compare(x.Name, y.Name) })
	if opt.Features.Store {
		b.diags = append(b.diags, infer(p, doc, readShard(doc.Extensions, false, &b.diags))...)
		b.diags = append(b.diags, p.upgrade()...)
	} else {
		for _, o := range p.Operations {
			o.Stub = "the project has no store: add it to features in apigen.yaml"
		}
	}
	// A project that has a store keeps it: the user's code may use what is there.
	if len(p.Tables) == 0 && len(p.Previous) == 0 {
		p.Features.Store = false
	}
	p.Features.Redis = p.Features.Redis && p.Features.Shares()
	b.caching()
	b.publish(doc)
	b.ownSessionTable()
	b.keys(opt.DetectKeys)
	p.Names = b.names.names()
	b.diags.Sort()
	return p, b.diags
}

// reserved holds the names that package api uses itself.
func reserved(doc *spec.Document) scope {
	s := scope{"Sender": sends(doc), "SenderClient": sends(doc)}
	for _, name := range []string{"Handler", "Unimplemented", "New", "Options", "ErrNotImplemented"} {
		s[name] = true
	}
	return s
}

// components gives every component its Go name before anything else gets one, in
// the order of the document, so that no operation can take it.
func (b *builder) components(doc *spec.Document) {
	for _, s := range doc.Schemas {
		b.component[s] = s.Name
		name, key := goName(s, Exported(s.Name)), schemaKey+componentOf(s)
		earlier := b.names.pinned[key]
		if _, own := s.Extensions["x-go-name"]; own {
			b.goNames[s] = b.names.must(key, name)
		} else {
			b.goNames[s] = b.names.pin(key, candidates(s.Name, name, s.Origin)...)
		}
		picked := b.goNames[s]
		if picked == name || picked == earlier {
			continue
		}
		if other := named(doc, s.Name, s.Origin); other != nil {
			b.diags.Warnf(s.Pos, `choose another one with "x-go-name", or make the two say the same to have one type`,
				"schema %q differs from the one in %s: its Go name becomes %s", s.Name, other.Pos, picked)
			continue
		}
		b.diags.Warnf(s.Pos, `choose another one with "x-go-name"`,
			"the Go name %s of schema %q is taken; it becomes %s", name, s.Name, picked)
	}
}

// named returns the component of that name in another document than one.
func named(doc *spec.Document, name string, one *spec.Origin) *spec.Schema {
	i := slices.IndexFunc(doc.Schemas, func(s *spec.Schema) bool { return s.Name == name && s.Origin != one })
	if i < 0 {
		return nil
	}
	return doc.Schemas[i]
}

// invalidStatus returns 422 when more operations declare it than declare 400:
// one API answers all of its invalid requests alike.
func invalidStatus(operations []*Operation) int {
	var bad, unprocessable int
	for _, o := range operations {
		for _, f := range o.Failures {
			switch {
			case f.Range:
			case f.Status == 400:
				bad++
			case f.Status == 422:
				unprocessable++
			}
		}
	}
	if unprocessable > bad {
		return 422
	}
	return 400
}

// reach marks the types that requests and answers carry and drops the others.
func (b *builder) reach() {
	for _, o := range b.p.Operations {
		for _, p := range o.Params {
			b.request(p.Type)
		}
		for _, body := range o.Bodies() {
			b.request(body.Type)
		}
		for _, s := range o.Successes {
			b.answer(s.Body)
			for _, h := range s.Headers {
				b.answer(&Body{Type: h.Type})
			}
		}
	}
	for _, f := range b.p.Failures {
		b.answer(f.Body)
	}
	for _, w := range b.p.Webhooks {
		if w.Body != nil {
			mark(w.Body.Type, encoded)
		}
	}
	b.p.Types = slices.DeleteFunc(b.p.Types, func(t *Type) bool { return !t.Decoded && !t.Encoded })
}

// request marks the types of what a request carries: it is decoded where it is
// served and encoded where it is sent.
func (b *builder) request(t *Type) {
	mark(t, decoded)
	mark(t, served)
	if b.p.Features.Client {
		mark(t, encoded)
		mark(t, sent)
	}
}

// answer marks the types of what an answer carries.
func (b *builder) answer(body *Body) {
	if body == nil {
		return
	}
	mark(body.Type, encoded)
	if b.p.Features.Client || b.p.Features.Check {
		mark(body.Type, decoded)
		mark(body.Type, read)
	}
}

// A direction is one of the marks of a type.
func decoded(t *Type) *bool { return &t.Decoded }
func encoded(t *Type) *bool { return &t.Encoded }
func served(t *Type) *bool  { return &t.Served }
func sent(t *Type) *bool    { return &t.Sent }
func read(t *Type) *bool    { return &t.Read }

func mark(t *Type, direction func(*Type) *bool) {
	if t == nil {
		return
	}
	if t.Declared() {
		if *direction(t) {
			return
		}
		*direction(t) = true
	}
	mark(t.Elem, direction)
	mark(t.Extra, direction)
	for _, f := range t.Fields {
		mark(f.Type, direction)
	}
	for _, v := range t.Variants {
		mark(v.Type, direction)
	}
	if t.Marshals() { // in both directions
		mark(t, decoded)
		mark(t, encoded)
	}
}

// maxWeight is how many values a struct may hold in place. Structs that hold each
// other twice would double in size with every level.
const maxWeight = 1000

// box puts members that would make a struct contain itself, or too much of others,
// behind pointers.
func box(types []*Type) {
	const (
		active = 1
		done   = 2
	)
	state, weight := map[*Type]int{}, map[*Type]int{}
	var visit func(*Type)
	visit = func(t *Type) {
		state[t] = active
		for _, f := range t.Fields {
			weight[t]++
			if f.Type.Kind != Struct || f.Shape() == Pointer {
				continue
			}
			if state[f.Type] == 0 {
				visit(f.Type)
			}
			if state[f.Type] == active || weight[t]+weight[f.Type] > maxWeight {
				f.Boxed = true
			} else {
				weight[t] += weight[f.Type]
			}
		}
		state[t] = done
	}
	for _, t := range types {
		if state[t] == 0 {
			visit(t)
		}
	}
}
