package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// mutant is a call that breaks one rule. where is what the refusal must name;
// empty means that any 4xx will do.
type mutant struct {
	*call
	rule  string
	where string
}

// mutate sends the mutants of one operation.
func (r *runner) mutate(ctx context.Context, op *spec.Operation) error {
	c, err := r.newCall(op, 0)
	if err != nil {
		return err
	}
	list := append(paramMutants(c), r.bodyMutants(c)...)
	for i, m := range list {
		// Too many: keep an even choice.
		if n := len(list); n > r.opt.MaxMutants && i*r.opt.MaxMutants/n == (i+1)*r.opt.MaxMutants/n {
			continue
		}
		req, a, err := r.send(ctx, m.call)
		if err != nil {
			return err
		}
		r.report.Mutants++
		switch {
		case a.status == 0:
		case a.status < 400 || a.status > 499:
			r.fail("mutant", m.call, req, fmt.Sprintf("%s at %s: answered %d", m.rule, m.where, a.status))
		case !names(a, m.where):
			r.fail("mutant", m.call, req, fmt.Sprintf("%s at %s: the answer does not name it: %d %s",
				m.rule, m.where, a.status, shorten(string(a.body), 200)))
		default:
			r.report.Rejected++
		}
	}
	return nil
}

// names tells whether the answer mentions the place, as JSON text or as HTML.
func names(a *answer, where string) bool {
	return where == "" || strings.Contains(html.UnescapeString(string(a.body)), where) ||
		slices.ContainsFunc(stringsIn(a.body), func(s string) bool { return strings.Contains(s, where) })
}

// stringsIn returns all strings of a JSON text, member names included.
func stringsIn(data []byte) []string {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return nil
	}
	var list []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			list = append(list, v)
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			for k, x := range v {
				list = append(list, k)
				walk(x)
			}
		}
	}
	walk(v)
	return list
}

func pointerTo(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func paramMutants(c *call) []mutant {
	var list []mutant
	for i, p := range c.params {
		where := pointerTo(p.Name)
		if p.Required && p.In != "path" {
			d := c.clone()
			d.params = slices.Delete(d.params, i, i+1)
			list = append(list, mutant{d, "required", where})
		}
		if p.Schema == nil {
			continue
		}
		add := func(rule string, change func(*param)) {
			d := c.clone()
			change(&d.params[i])
			if travels(d.params[i]) {
				list = append(list, mutant{d, rule, where})
			}
		}
		_, isArray := items(p.value)
		for _, m := range model.Mutants(p.Schema, p.value) {
			switch {
			case p.Content != "":
				add(m.Rule, func(q *param) { q.value = m.JSON })
			case isArray && wrongList(p.Schema, m):
				add(m.Rule, func(q *param) { q.value = m.JSON })
			case !isArray && members(p.value) == nil && wrongText(p.Schema, m.JSON):
				add(m.Rule, func(q *param) { q.text = scalarText(m.JSON) })
			}
		}
	}
	return list
}

// travels tells whether a value can be sent at all without changing the route
// or breaking the message.
func travels(p param) bool {
	texts, _ := p.parts()
	for _, s := range texts {
		switch p.In {
		case "path":
			if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "/") {
				return false
			}
		case "header", "cookie":
			if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return false
			}
		}
	}
	return len(texts) > 0
}

// wrongText tells whether a scalar is still wrong when only its text travels:
// the number 5 sent for a string is the valid string "5".
func wrongText(s *spec.Schema, value string) bool {
	if value == "null" || strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") {
		return false
	}
	text := scalarText(value)
	_, ok := jsonScalar(s, text)
	return !ok && text != ""
}

// wrongList tells whether a mutant of an array is still wrong as a list of texts.
func wrongList(s *spec.Schema, m model.Mutant) bool {
	list, ok := items(m.JSON)
	if !ok || len(list) == 0 {
		return false
	}
	if m.Pointer == "" {
		return m.Rule == "maxItems" || m.Rule == "minItems" || m.Rule == "uniqueItems"
	}
	for s.Target != nil {
		s = s.Target
	}
	return s.Items != nil && wrongText(s.Items, string(list[0])) && !strings.ContainsAny(scalarText(string(list[0])), ", |")
}

func (r *runner) bodyMutants(c *call) []mutant {
	if c.body == nil {
		return nil
	}
	var list []mutant
	if c.op.Body.Required && len(c.body.data) > 0 {
		d := c.clone()
		d.body = nil
		list = append(list, mutant{d, "missing body", ""})
	}
	media := pickMedia(c.op.Body.Content)
	base, _, _ := strings.Cut(media.Type, ";")
	form := base == "application/x-www-form-urlencoded"
	if !isJSON(base) && !form {
		return list
	}
	d := c.clone()
	d.body.media = "application/x-conformance"
	list = append(list, mutant{d, "media type", ""})
	if media.Schema == nil {
		return list
	}
	if !form {
		d = c.clone()
		d.body.data = []byte(strings.TrimSuffix(c.body.value, c.body.value[len(c.body.value)-1:]) + ",")
		list = append(list, mutant{d, "syntax", ""})
	}
	schema := r.oracle.bodySchema(c.op, media.Type)
	for _, m := range model.Mutants(media.Schema, c.body.value) {
		if m.Rule != "format" && r.oracle.accepts(schema, m.JSON) || form && !wrongForm(media.Schema, m) {
			continue
		}
		d := c.clone()
		d.body = newPayload(media.Type, m.JSON)
		list = append(list, mutant{d, m.Rule, m.Pointer})
	}
	return list
}

// wrongForm tells whether a mutant is still wrong as a form: fields are texts.
func wrongForm(s *spec.Schema, m model.Mutant) bool {
	if m.Rule == "required" {
		return strings.Count(m.Pointer, "/") == 1
	}
	wrong := false
	properties(s, func(p spec.Property) {
		if m.Pointer != pointerTo(p.Name) {
			return
		}
		for _, field := range members(m.JSON) {
			wrong = wrong || field.name == p.Name && wrongText(p.Schema, string(field.value))
		}
	}, 0)
	return wrong
}
