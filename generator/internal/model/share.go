package model

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// sharing finds inline schemas that say the same, so that they get one type. The
// place that is met first names it; the lock remembers which place that was, and
// which ones share the type. Components are what their names say and are never
// one with anything else.
type sharing struct {
	doc    *spec.Document
	texts  map[string]int // what a schema says → its number
	number map[*spec.Schema]int
	last   int
	homes  map[int][]*spec.Schema        // by number: the places that name a type
	twin   map[*spec.Schema]*spec.Schema // of a schema, the one whose type it has
	tried  map[*spec.Schema]bool         // homes that may turn out to need no name
}

func newSharing(doc *spec.Document) *sharing {
	return &sharing{
		doc: doc, texts: map[string]int{}, number: map[*spec.Schema]int{},
		homes: map[int][]*spec.Schema{}, twin: map[*spec.Schema]*spec.Schema{}, tried: map[*spec.Schema]bool{},
	}
}

// settle makes the places that named a type in earlier runs its homes.
func (h *sharing) settle(names *naming, earlier []Name) {
	for _, e := range earlier {
		key := strings.TrimPrefix(e.Key, sharedKey) // of one that the name has passed to
		path, inline := strings.CutPrefix(key, typeKey)
		if s := h.doc.At(path); inline && s != nil && names.pinned[key] == e.Go {
			n := h.shape(s)
			h.homes[n] = append(h.homes[n], s)
		}
	}
}

// share gives a schema the type of the one that said the same before.
func (b *builder) share(s *spec.Schema, hint string) {
	if b.declared[s] != nil || !b.shared.candidate(s) {
		return
	}
	home := b.home(s)
	if home == s {
		return
	}
	if b.declared[home] == nil && !b.shared.tried[home] {
		b.shared.tried[home] = true
		b.use(home, hint)
	}
	t := b.declared[home]
	if t == nil {
		return
	}
	if s.Description != "" && s.Description != t.Doc {
		t.Doc = "" // it would be true of one place only
	}
	b.declared[s], b.shared.twin[s] = t, home
	b.names.also(inlineKey(s), t.Name)
}

// home returns the schema whose place names the type of s.
func (b *builder) home(s *spec.Schema) *spec.Schema {
	key := inlineKey(s)
	if b.names.pinned[key] != "" {
		return s
	}
	n := b.shared.shape(s)
	homes := b.shared.homes[n]
	if len(homes) == 0 {
		b.shared.homes[n] = append(homes, s)
		return s
	}
	if name := b.names.pinned[sharedKey+key]; name != "" {
		for _, h := range homes {
			if b.names.pinned[inlineKey(h)] == name {
				return h
			}
		}
	}
	return homes[0]
}

// original returns the schema whose type s has.
func (b *builder) original(s *spec.Schema) *spec.Schema {
	if t := b.shared.twin[s]; t != nil {
		return t
	}
	return s
}

// candidate reports whether a schema is written in place and may need a name that
// the lock remembers.
func (h *sharing) candidate(s *spec.Schema) bool {
	return s.Path != "" && s.Items == nil && h.doc.At(s.Path) == s && spelled(s) == nil
}

// shape numbers schemas by what they say about values. Two have the same number
// when they allow the same ones for the same reasons, with the same members in
// the same order; whether null is among them, the default and the description
// belong to the place and do not count.
func (h *sharing) shape(s *spec.Schema) int {
	if n := h.number[s]; n != 0 {
		return n
	}
	h.last++
	h.number[s] = h.last // what contains itself is like nothing else
	if s.Name != "" || s.Rare != nil {
		return h.number[s]
	}
	var w strings.Builder
	h.write(&w, s)
	if n := h.texts[w.String()]; n != 0 {
		h.number[s] = n
	} else {
		h.texts[w.String()] = h.number[s]
	}
	return h.number[s]
}

func (h *sharing) write(w *strings.Builder, s *spec.Schema) {
	word := func(key string, text ...string) {
		w.WriteString(key)
		for _, one := range text {
			w.WriteString(strconv.Quote(one))
		}
		w.WriteByte('\n')
	}
	part := func(key string, child *spec.Schema) {
		if child != nil {
			word(key, h.child(child))
		}
	}
	if s.Target != nil {
		part("ref", s.Target)
	}
	word("type", withoutNull(s.Types)...)
	word("format", s.Format)
	word("values", withoutNull(texts(s.Enum))...)
	if s.Const != nil {
		word("const", s.Const.JSON)
	}
	for _, limit := range []*spec.Number{s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf} {
		word("limit", said(limit))
	}
	for _, size := range []*int{s.MinLength, s.MaxLength, s.MinItems, s.MaxItems, s.MinProperties, s.MaxProperties} {
		word("size", said(size))
	}
	word("other", said(s.Pattern), said(s.Bool), strconv.FormatBool(s.UniqueItems), strconv.FormatBool(s.Strict))
	for _, p := range s.Properties {
		part("member"+strconv.Quote(p.Name), p.Schema)
	}
	word("required", slices.Sorted(slices.Values(s.Required))...)
	part("additional", s.Additional)
	part("items", s.Items)
	for _, list := range [][]*spec.Schema{s.AllOf, s.OneOf, s.AnyOf} {
		word("list")
		for _, one := range list {
			if !isNull(one) {
				part("one", one)
			}
		}
	}
	part("not", s.Not)
	if d := s.Discriminator; d != nil {
		word("discriminator", d.Property)
		for _, m := range d.Mapping {
			word("mapping", m.Value)
			part("target", m.Target)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Extensions)) {
		word("extension", key, s.Extensions[key].JSON)
	}
}

func said[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("=%v", *v)
}

// child is what counts of a schema within another one.
func (h *sharing) child(s *spec.Schema) string {
	null := []bool{
		slices.Contains(s.Types, "null"), slices.ContainsFunc(s.Enum, isJSON("null")),
		slices.ContainsFunc(s.OneOf, isNull), slices.ContainsFunc(s.AnyOf, isNull),
	}
	return fmt.Sprintf("%d %v %t %t %q %q %q", h.shape(s), null, s.ReadOnly, s.WriteOnly, defaultOf(s), s.Title, s.Description)
}
