package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// properties calls visit for every property of s, through references and allOf.
func properties(s *spec.Schema, visit func(spec.Property), depth int) {
	if s == nil || depth > 20 {
		return
	}
	properties(s.Target, visit, depth+1)
	for _, part := range s.AllOf {
		properties(part, visit, depth+1)
	}
	for _, p := range s.Properties {
		visit(p)
	}
}

// target returns the collection that a property refers to: by its x-apigen
// extension, or by a name such as author_id. declared tells the two apart.
func target(p spec.Property) (segment string, declared bool) {
	if p.Schema != nil {
		var ext struct {
			Ref string `json:"ref"`
		}
		if v, ok := p.Schema.Extensions["x-apigen"]; ok && json.Unmarshal([]byte(v.JSON), &ext) == nil && ext.Ref != "" {
			table, _, _ := strings.Cut(ext.Ref, ".")
			return singular(fold(table)), true
		}
	}
	if name := fold(p.Name); strings.HasSuffix(name, "id") && len(name) > 2 {
		return strings.TrimSuffix(name, "id"), false
	}
	return "", false
}

// sortByReference moves what refers to other resources behind them, keeping the
// order otherwise.
func sortByReference(ops []*spec.Operation) []*spec.Operation {
	made := map[string]int{} // how many operations still to come make a resource
	for _, op := range ops {
		made[singular(lastSegment(op.Path))]++
	}
	waits := func(op *spec.Operation) (wait bool) {
		if op.Body == nil {
			return false
		}
		own := singular(lastSegment(op.Path))
		for _, m := range op.Body.Content {
			properties(m.Schema, func(p spec.Property) {
				if t, _ := target(p); t != "" && t != own && made[t] > 0 {
					wait = true
				}
			}, 0)
		}
		return wait
	}
	var sorted []*spec.Operation
	for len(ops) > 0 {
		i := max(0, slices.IndexFunc(ops, func(op *spec.Operation) bool { return !waits(op) }))
		sorted = append(sorted, ops[i])
		made[singular(lastSegment(ops[i].Path))]--
		ops = append(slices.Clone(ops[:i]), ops[i+1:]...)
	}
	return sorted
}

// refer replaces made-up ids in a request body by ids of resources that exist,
// also inside an envelope of one member.
func (r *runner) refer(s *spec.Schema, value string) string {
	if s == nil {
		return value
	}
	list := members(value)
	if len(list) == 1 && strings.HasPrefix(string(list[0].value), "{") {
		properties(s, func(p spec.Property) {
			if p.Name == list[0].name {
				list[0].value = json.RawMessage(r.refer(p.Schema, string(list[0].value)))
			}
		}, 0)
		return objectOf(list)
	}
	properties(s, func(p spec.Property) {
		segment, declared := target(p)
		i := slices.IndexFunc(list, func(m jsonMember) bool { return m.name == p.Name })
		if segment == "" || i < 0 {
			return
		}
		for _, id := range r.existing(segment) {
			if v, ok := jsonScalar(p.Schema, id); ok {
				list[i].value = json.RawMessage(v)
				return
			}
		}
		if declared {
			if short := slices.Delete(slices.Clone(list), i, i+1); model.Valid(s, objectOf(short), model.Request) {
				list = short
			}
		}
	}, 0)
	if changed := objectOf(list); len(list) > 0 && model.Valid(s, changed, model.Request) {
		return changed
	}
	return value
}

// existing returns the ids of the resources with that singular name.
func (r *runner) existing(one string) []string {
	var names []string
	for segment := range r.pool.bySegment {
		if singular(segment) == one {
			names = append(names, segment)
		}
	}
	slices.Sort(names)
	var ids []string
	for _, segment := range names {
		ids = append(ids, r.pool.bySegment[segment]...)
	}
	return ids
}

func objectOf(list []jsonMember) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return "{}"
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.String()
}

// readBack gets a resource that was just written and compares it with what was
// sent: no value may be lost or changed.
func (r *runner) readBack(ctx context.Context, c *call, written *answer) error {
	if c.body == nil || r.opt.Stubs[name(c.op)] {
		return nil
	}
	if m := c.op.Method; !isCollection(c.op.Path) && (m == http.MethodPut || m == http.MethodPatch) {
		return r.compare(ctx, c, c.op.Path, c.pathValues())
	}
	if c.op.Method != http.MethodPost || !isCollection(c.op.Path) {
		return nil
	}
	for _, item := range r.items(c.op.Path) {
		if id, ok := r.identify(c, written.text(), item.variable); ok {
			if err := r.compare(ctx, c, item.path, item.values(c, id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare gets the resource that values name on path and looks for what c sent.
func (r *runner) compare(ctx context.Context, c *call, path string, values []string) error {
	get := r.find(http.MethodGet, path)
	if get == nil || r.opt.Stubs[name(get)] {
		return nil
	}
	g, err := r.at(get, values, 1)
	if err != nil {
		return err
	}
	a, err := r.try(ctx, g)
	if err != nil {
		return err
	}
	req, err := c.request(ctx, r.base, r.doc.Schemes, r.opt.Access)
	if err != nil {
		return err
	}
	if !a.ok() {
		r.fail("value", c, req, fmt.Sprintf("was answered with success, but then %s answered %d", name(get), a.status))
		return nil
	}
	for _, lost := range differences(c.body.value, a.text(), answered(get)) {
		r.fail("value", c, req, lost+" in "+shorten(a.text(), 300))
	}
	return nil
}

// answered returns the schema of the first JSON success of an operation.
func answered(op *spec.Operation) *spec.Schema {
	for _, resp := range op.Responses {
		for _, m := range resp.Content {
			if strings.HasPrefix(resp.Status, "2") && isJSON(m.Type) {
				return m.Schema
			}
		}
	}
	return nil
}

// differences compares the members of a request with those of the answer that
// the answer's schema declares for the same name.
func differences(sent, got string, s *spec.Schema) []string {
	a, b := members(sent), members(got)
	declared := map[string]*spec.Schema{}
	properties(s, func(p spec.Property) { declared[p.Name] = p.Schema }, 0)
	if len(a) == 1 && strings.HasPrefix(string(a[0].value), "{") && len(b) == 1 && a[0].name == b[0].name {
		return differences(string(a[0].value), string(b[0].value), declared[a[0].name])
	}
	var lost []string
	for _, m := range a {
		p := declared[m.name]
		if p == nil || p.WriteOnly || p.Target != nil && p.Target.WriteOnly {
			continue
		}
		i := slices.IndexFunc(b, func(x jsonMember) bool { return x.name == m.name })
		switch {
		case i < 0 && string(m.value) != "null":
			lost = append(lost, fmt.Sprintf("%s was sent but is not there", m.name))
		case i >= 0 && !sameValue(m.value, b[i].value):
			lost = append(lost, fmt.Sprintf("%s was %s and became %s", m.name, m.value, b[i].value))
		}
	}
	return lost
}

// sameValue compares as JSON; moments in time may be written differently, and
// members that the answer adds to a nested object (defaults, for example) are
// no loss.
func sameValue(sent, got []byte) bool {
	if sameJSON(sent, got) {
		return true
	}
	var s, t time.Time
	if json.Unmarshal(sent, &s) == nil && json.Unmarshal(got, &t) == nil {
		return s.Equal(t)
	}
	if list, ok := items(string(sent)); ok {
		other, ok := items(string(got))
		return ok && slices.EqualFunc(list, other, func(x, y json.RawMessage) bool { return sameValue(x, y) })
	}
	a, b := members(string(sent)), members(string(got))
	if a == nil || b == nil {
		return false
	}
	for _, m := range a {
		i := slices.IndexFunc(b, func(x jsonMember) bool { return x.name == m.name })
		if i < 0 && string(m.value) != "null" || i >= 0 && !sameValue(m.value, b[i].value) {
			return false
		}
	}
	return true
}

// persist looks up resources, restarts the service and looks them up again.
func (r *runner) persist(ctx context.Context) error {
	type kept struct {
		c      *call
		before *answer
	}
	var list []kept
	for _, op := range r.reads {
		if op.Method != http.MethodGet || isCollection(op.Path) || r.opt.Stubs[name(op)] {
			continue
		}
		for _, values := range r.pool.byPath[shapeOf(op.Path)] {
			c, err := r.at(op, values, 1)
			if err != nil {
				return err
			}
			_, a, err := r.send(ctx, c)
			if err != nil {
				return err
			}
			if a.ok() {
				list = append(list, kept{c, a})
			}
		}
	}
	base, err := r.opt.Restart(ctx)
	if err != nil {
		return fmt.Errorf("restart service: %w", err)
	}
	r.base = base
	for _, k := range list {
		req, a, err := r.send(ctx, k.c)
		if err != nil {
			return err
		}
		r.report.Created++
		if a.status == k.before.status && sameJSON(a.body, k.before.body) {
			r.report.Persisted++
			continue
		}
		r.fail("persistence", k.c, req, fmt.Sprintf("before the restart %s, after it %d %s",
			shorten(string(k.before.body), 200), a.status, shorten(string(a.body), 200)))
	}
	return nil
}
