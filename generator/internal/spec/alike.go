package spec

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// schemas adds the components of a document, but for those that an earlier one
// has already.
func (j *joiner) schemas(earlier []*Document, d *Document) {
	components := map[*Schema]bool{}
	for _, s := range d.Schemas {
		components[s] = true
	}
	for _, s := range d.Schemas {
		p := printer{components: components, seen: map[*Schema]int{}}
		p.fields(reflect.ValueOf(s).Elem())
		j.prints[s] = imprint{p.out.String(), p.uses}
	}
	for _, e := range earlier {
		for s, same := range j.alike(e, d) {
			j.merged[s] = same
		}
	}
	replaceSchemas(d, j.current)
	for _, s := range d.Schemas {
		if j.merged[s] == nil {
			j.out.Schemas = append(j.out.Schemas, s)
		}
	}
}

// alike finds the components of d that say what one of e says: one of the same
// name, or the very same one in a file that both refer to. All pairs are taken
// as alike until a difference shows, so that schemas in circles can be.
func (j *joiner) alike(e, d *Document) map[*Schema]*Schema {
	names, places := map[string]*Schema{}, map[diag.Pos]*Schema{}
	for _, s := range slices.Backward(e.Schemas) {
		names[s.Name], places[place(s)] = j.current(s), j.current(s)
	}
	pairs := map[*Schema]*Schema{}
	for _, s := range d.Schemas {
		if j.merged[s] == nil {
			if same := cmp.Or(places[place(s)], names[s.Name]); same != nil {
				pairs[s] = same
			}
		}
	}
	users := map[*Schema][]*Schema{}
	var differ []*Schema
	for s, same := range pairs {
		a, b := j.prints[s], j.prints[same]
		if a.text != b.text {
			differ = append(differ, s)
			continue
		}
		for i, used := range a.uses {
			partner := cmp.Or(pairs[used], j.current(used))
			if partner != j.current(b.uses[i]) {
				differ = append(differ, s)
				break
			}
			users[used] = append(users[used], s)
		}
	}
	for len(differ) > 0 { // what uses one that differs does so, too
		s := differ[len(differ)-1]
		differ = differ[:len(differ)-1]
		if pairs[s] != nil {
			delete(pairs, s)
			differ = append(differ, users[s]...)
		}
	}
	return pairs
}

// place is where a schema stands, however its file was named.
func place(s *Schema) diag.Pos {
	return diag.Pos{File: filepath.Clean(s.Pos.File), Line: s.Pos.Line, Col: s.Pos.Col}
}

// imprint is what a component says about values, without the components that it
// refers to: those are a list of their own.
type imprint struct {
	text string
	uses []*Schema
}

// remarks are the fields of a schema that say nothing about values.
var remarks = []string{"Pos", "Name", "Path", "Origin", "Ref", "Title", "Description", "Examples", "Deprecated"}

// printer writes an imprint. It goes over the fields by reflection, so that none
// can be forgotten.
type printer struct {
	out        strings.Builder
	uses       []*Schema
	components map[*Schema]bool
	seen       map[*Schema]int // schemas in place that are being written or have been
}

var (
	schemaType     = reflect.TypeFor[*Schema]()
	propertiesType = reflect.TypeFor[[]Property]()
	posType        = reflect.TypeFor[diag.Pos]()
)

func (p *printer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		switch {
		case v.IsNil():
			p.out.WriteByte('-')
		case v.Type() == schemaType:
			p.schema(v.Interface().(*Schema))
		default:
			p.value(v.Elem())
		}
	case reflect.Struct:
		p.fields(v)
	case reflect.Slice:
		p.list(v)
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			fmt.Fprintf(&p.out, "%q:", key.String())
			p.value(v.MapIndex(key))
		}
	default:
		fmt.Fprintf(&p.out, "%#v", v.Interface())
	}
	p.out.WriteByte(' ')
}

func (p *printer) schema(s *Schema) {
	if p.components[s] {
		p.out.WriteByte('@')
		p.uses = append(p.uses, s)
		return
	}
	if n, ok := p.seen[s]; ok {
		fmt.Fprintf(&p.out, "^%d", n)
		return
	}
	p.seen[s] = len(p.seen)
	p.fields(reflect.ValueOf(s).Elem())
}

// fields writes the fields of a struct that are set.
func (p *printer) fields(v reflect.Value) {
	p.out.WriteByte('{')
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if v.Field(i).IsZero() || f.Type == posType || v.Type() == schemaType.Elem() && slices.Contains(remarks, f.Name) {
			continue
		}
		p.out.WriteString(f.Name + ":")
		p.value(v.Field(i))
	}
	p.out.WriteByte('}')
}

// list writes a list; the order of members and of plain words means nothing.
func (p *printer) list(v reflect.Value) {
	if v.Type() == propertiesType {
		sorted := slices.SortedFunc(slices.Values(v.Interface().([]Property)), func(a, b Property) int { return strings.Compare(a.Name, b.Name) })
		v = reflect.ValueOf(sorted)
	}
	if words, ok := v.Interface().([]string); ok {
		v = reflect.ValueOf(slices.Sorted(slices.Values(words)))
	}
	p.out.WriteByte('[')
	for i := range v.Len() {
		p.value(v.Index(i))
	}
	p.out.WriteByte(']')
}

// replaceSchemas puts other schemas in the place of some, wherever the document
// refers to them.
func replaceSchemas(d *Document, by func(*Schema) *Schema) {
	seen := map[any]bool{}
	var visit func(v reflect.Value)
	visit = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Interface()] {
				return
			}
			seen[v.Interface()] = true
			visit(v.Elem())
		case reflect.Slice:
			for i := range v.Len() {
				visitSlot(v.Index(i), by, visit)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					visitSlot(v.Field(i), by, visit)
				}
			}
		}
	}
	for _, list := range [][]*Path{d.Paths, d.Webhooks} {
		visit(reflect.ValueOf(list))
	}
	for _, s := range d.Schemas {
		visit(reflect.ValueOf(s))
	}
}

// visitSlot replaces the schema in a slot, if there is one, and goes on with what
// is in the slot then.
func visitSlot(v reflect.Value, by func(*Schema) *Schema, visit func(reflect.Value)) {
	if v.Type() == schemaType && v.CanSet() && !v.IsNil() {
		v.Set(reflect.ValueOf(by(v.Interface().(*Schema))))
	}
	visit(v)
}
