package spec

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// Origin says which of the documents of a project a part is from.
type Origin struct {
	Name string // of the document; it tells Go names apart: "admin"
	Key  string // what its names begin with where they must differ from those of other documents: "admin#", or ""
	Base string // what is put before its paths: "/admin", or ""
}

// Label returns what the name of a part begins with where it must differ from
// those of other documents. A document that is the only one has no Origin.
func (o *Origin) Label() string {
	if o == nil {
		return ""
	}
	return o.Key
}

// Join makes one document of several that were loaded with an Origin each, the
// first of which gives title, description and version. Components that say the
// same become one, and so do tags and security schemes; those that differ under
// the same name stay apart. An operation that two documents have is an error. The
// documents are used up.
func Join(docs []*Document) (*Document, diag.List) {
	if len(docs) == 1 {
		return docs[0], nil
	}
	j := joiner{merged: map[*Schema]*Schema{}, prints: map[*Schema]imprint{}, paths: map[string]*Operation{}}
	out := *docs[0]
	out.paths = map[string]*Schema{}
	out.Servers, out.Tags, out.Paths, out.Webhooks, out.Schemas, out.Schemes, out.Files, out.Published = nil, nil, nil, nil, nil, nil, nil, nil
	j.out = &out
	for i, d := range docs {
		maps.Copy(out.paths, d.paths)
		j.schemas(docs[:i], d)
		j.schemes(d)
		j.tags(d)
		j.operations(d)
		out.Servers = append(out.Servers, d.Servers...)
		out.Webhooks = append(out.Webhooks, d.Webhooks...)
		out.Files = append(out.Files, d.Files...)
		out.Published = append(out.Published, d.Published...)
	}
	j.diags.Sort()
	return &out, j.diags
}

// joiner is a Join under way.
type joiner struct {
	out    *Document
	diags  diag.List
	merged map[*Schema]*Schema // components to those that stand for them
	prints map[*Schema]imprint
	paths  map[string]*Operation // by method and path without the names of parameters
}

// current returns the schema that stands for a component.
func (j *joiner) current(s *Schema) *Schema {
	if m := j.merged[s]; m != nil {
		return m
	}
	return s
}

// maxClashes is how many operations that are there twice are worth reporting for
// each document.
const maxClashes = 10

// operations adds the operations of a document.
func (j *joiner) operations(d *Document) {
	clashes, last := 0, 0
	for _, p := range d.Paths {
		for _, op := range p.Operations {
			key := op.Method + " " + templateRE.ReplaceAllString(op.Path, "{}")
			first := j.paths[key]
			switch {
			case first == nil:
				j.paths[key] = op
			case first.Origin == op.Origin: // Load has warned about it
			case clashes >= maxClashes:
				clashes++
			default:
				clashes++
				last = len(j.diags)
				base := "/" + d.Origin.Name
				if base == d.Origin.Base {
					base += "2"
				}
				j.diags.Errorf(op.Pos, fmt.Sprintf("put a prefix before all paths of a document: base: %s under specs in apigen.yaml (apigen new: --base %s=%s), or remove one of the two",
					base, d.Origin.Name, base),
					"%s %s of document %s is in document %s already: %s", op.Method, op.Path, d.Origin.Name, first.Origin.Name, first.Pos)
			}
		}
	}
	if more := clashes - maxClashes; more > 0 {
		j.diags[last].Msg += fmt.Sprintf(" (and %d more like it)", more)
	}
	j.out.Paths = append(j.out.Paths, d.Paths...)
}

// tags adds the tags of a document that are new.
func (j *joiner) tags(d *Document) {
	for _, t := range d.Tags {
		i := slices.IndexFunc(j.out.Tags, func(o *Tag) bool { return o.Name == t.Name })
		switch {
		case i < 0:
			j.out.Tags = append(j.out.Tags, t)
		case j.out.Tags[i].Description == "":
			j.out.Tags[i].Description = t.Description
		}
	}
}

// schemes adds the security schemes of a document. One that differs from an
// earlier one of its name gets another.
func (j *joiner) schemes(d *Document) {
	renamed := map[string]string{}
	for _, s := range d.Schemes {
		named := func(key string) *SecurityScheme {
			i := slices.IndexFunc(j.out.Schemes, func(o *SecurityScheme) bool { return o.Key == key })
			if i < 0 {
				return nil
			}
			return j.out.Schemes[i]
		}
		first := named(s.Key)
		if first != nil && first.equal(s) {
			continue
		}
		if first != nil {
			key := d.Origin.Name + "_" + s.Key
			for named(key) != nil {
				key += "_"
			}
			j.diags.Warnf(s.Pos, "give one of the two another name", "security scheme %s is not the one in %s; it becomes %s", s.Key, first.Pos, key)
			renamed[s.Key], s.Key = key, key
		}
		j.out.Schemes = append(j.out.Schemes, s)
	}
	if len(renamed) == 0 {
		return
	}
	for _, p := range d.Paths {
		for _, op := range p.Operations {
			op.Security = slices.Clone(op.Security) // operations may share one
			for i, requirement := range op.Security {
				op.Security[i] = slices.Clone(requirement)
				for k, use := range requirement {
					op.Security[i][k].Name = cmp.Or(renamed[use.Name], use.Name)
				}
			}
		}
	}
}

// equal reports whether two schemes are the same under different names or places.
func (s *SecurityScheme) equal(o *SecurityScheme) bool {
	a, b := *s, *o
	a.Pos, a.Key = b.Pos, b.Key
	return reflect.DeepEqual(a, b)
}
