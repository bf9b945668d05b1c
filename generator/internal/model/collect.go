package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// collect gathers the checks that requests need, and answers where they are read,
// and the document that holds their schemas.
func (b *builder) collect() {
	found := map[*Check]bool{}
	seen := map[*Type]bool{}
	var visit func(t *Type, r Rules)
	visit = func(t *Type, r Rules) {
		if r.Check != nil {
			found[r.Check] = true
		}
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		visit(t.Elem, t.ElemRules)
		visit(t.Extra, t.ExtraRules)
		for _, f := range t.Fields {
			if !f.ReadOnly || t.Encoded {
				visit(f.Type, f.Rules)
			}
		}
		for _, v := range t.Variants {
			visit(v.Type, v.Rules)
		}
	}
	for _, t := range b.p.Types {
		if t.Decoded {
			visit(t, Rules{})
		}
	}
	for _, o := range b.p.Operations {
		for _, p := range o.Params {
			visit(p.Type, p.Rules)
		}
		for _, body := range o.Bodies() {
			visit(body.Type, body.Rules)
		}
	}
	answers := b.p.Features.Check || b.p.Features.Client
	for _, body := range b.answerBodies(answers) {
		visit(body.Type, body.Rules)
	}
	if len(found) == 0 {
		return
	}
	defs := newBundle()
	defs.both = answers
	for c := range found {
		b.p.Checks = append(b.p.Checks, c)
	}
	slices.SortFunc(b.p.Checks, func(x, y *Check) int { return cmp.Compare(x.Name, y.Name) })
	keys := make([]string, len(b.p.Checks))
	for i, c := range b.p.Checks {
		defs.reserve(c.Schema, c.Key)
		keys[i] = c.Key
	}
	defs.flush()
	b.p.Schemas = document(defs.defs)
	bad := compiles(b.p.Schemas, keys)
	for _, c := range b.p.Checks {
		if err := bad[c.Key]; err != nil {
			b.diags.Errorf(c.Schema.Pos, "", "the schema cannot be checked at run time: %v", err)
		}
	}
}

// answerBodies lists what answers carry, when they are read.
func (b *builder) answerBodies(read bool) []*Body {
	var out []*Body
	for _, o := range b.p.Operations {
		for _, s := range o.Successes {
			out = append(out, s.Body)
		}
	}
	for _, f := range b.p.Failures {
		out = append(out, f.Body)
	}
	return slices.DeleteFunc(out, func(body *Body) bool { return body == nil || !read })
}

// document writes schemas as JSON, one to a line.
func document(defs map[string]any) string {
	var out bytes.Buffer
	out.WriteString("{\"$defs\": {\n")
	keys := make([]string, 0, len(defs))
	for key := range defs {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for i, key := range keys {
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(defs[key]) // maps, strings and numbers only
		out.WriteString(quoteJSON(key) + ": " + strings.TrimSpace(text.String()))
		if i < len(keys)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("}}")
	return out.String()
}

func quoteJSON(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}
