package model

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Name is a Go name that a run gave to a part of the document. Later runs give
// the same one, so that what is added to the document never renames what was
// there.
type Name struct {
	Key string // what it stands for: "schema Pet", "operation getPet", …
	Go  string
}

// EncodeNames returns the names as lines of text without the kind "name" at their
// beginning, sorted.
func EncodeNames(names []Name) []string {
	operations := map[string]string{}
	for _, n := range names {
		if id, ok := strings.CutPrefix(n.Key, operationKey); ok {
			operations[id] = n.Go
		}
	}
	var out []string
	for _, n := range names {
		if id, ok := strings.CutPrefix(n.Key, requestKey); ok && n.Go == operations[id]+"Request" {
			continue // goes without saying
		}
		if !strings.ContainsFunc(n.Key, unicode.IsControl) {
			out = append(out, n.Go+" "+n.Key)
		}
	}
	slices.Sort(out)
	return out
}

// DecodeNames reads what EncodeNames wrote.
func DecodeNames(lines []string) ([]Name, error) {
	var out []Name
	explicit := map[string]bool{}
	for _, line := range lines {
		goName, key, ok := strings.Cut(line, " ")
		if !ok || !token.IsIdentifier(goName) || !token.IsExported(goName) {
			return nil, fmt.Errorf("damaged record of a name: %q", line)
		}
		out = append(out, Name{key, goName})
		explicit[key] = true
	}
	for _, n := range out {
		if id, ok := strings.CutPrefix(n.Key, operationKey); ok && !explicit[requestKey+id] {
			out = append(out, Name{requestKey + id, n.Go + "Request"})
		}
	}
	return out, nil
}

// naming hands out the identifiers of a package, each one once. What had a name
// in earlier runs keeps it.
type naming struct {
	taken  scope
	pinned map[string]string // key → name, from earlier runs
	holder map[string]string // name → key that it is kept for
	given  []Name
}

// newNaming keeps the names of earlier runs for what is still there.
func newNaming(taken scope, earlier []Name, alive func(key string) bool) *naming {
	n := &naming{taken: taken, pinned: map[string]string{}, holder: map[string]string{}}
	for _, e := range earlier {
		if !strings.HasPrefix(e.Key, sharedKey) && n.pinned[e.Key] == "" && n.holder[e.Go] == "" && !taken[e.Go] && alive(e.Key) {
			n.pinned[e.Key], n.holder[e.Go] = e.Go, e.Key
		}
	}
	for _, e := range earlier {
		key, shared := strings.CutPrefix(e.Key, sharedKey)
		if !shared || n.pinned[key] != "" || !alive(key) {
			continue
		}
		if n.holder[e.Go] == "" && !taken[e.Go] { // what named it is gone
			n.pinned[key], n.holder[e.Go] = e.Go, key
		}
		n.pinned[e.Key] = e.Go
	}
	return n
}

// pin returns the name that the key had before, else what choose returns. What has no
// key is not known again.
func (n *naming) pin(key string, candidates ...string) string {
	name := n.pinned[key]
	if name == "" || n.taken[name] {
		name = n.choose(candidates)
	}
	n.taken[name] = true
	if key != "" {
		n.given = append(n.given, Name{key, name})
	}
	return name
}

// must returns the candidate that the document asks for by name, whatever it was
// called before, unless another part has it.
func (n *naming) must(key, candidate string) string {
	if old := n.pinned[key]; old != candidate {
		delete(n.pinned, key)
		delete(n.holder, old)
	}
	return n.pin(key, candidate)
}

// value returns the name of a constant of an enum, which begins with that of its
// type. The key is that of the enum, "" when there is no way to know it again.
func (n *naming) value(key, of string, v *Value) string {
	if key != "" {
		key = valueKey + key + " " + v.JSON
	}
	if v.asked || !strings.HasPrefix(n.pinned[key], of) {
		return n.must(key, of+v.Name)
	}
	return n.pin(key, of+v.Name)
}

// also notes that the key shares a name that was given.
func (n *naming) also(key, name string) {
	n.given = append(n.given, Name{sharedKey + key, name})
}

// choose returns the first free one of the candidates, else the last with a number.
func (n *naming) choose(candidates []string) string {
	free := func(name string) bool { return !n.taken[name] && n.holder[name] == "" }
	if i := slices.IndexFunc(candidates, free); i >= 0 {
		return candidates[i]
	}
	last := candidates[len(candidates)-1]
	for i := 2; ; i++ {
		if name := fmt.Sprintf("%s%d", last, i); free(name) {
			return name
		}
	}
}

// names returns what was given by keys, sorted.
func (n *naming) names() []Name {
	slices.SortFunc(n.given, func(a, b Name) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Go, b.Go)) })
	return slices.CompactFunc(n.given, func(a, b Name) bool { return a.Key == b.Key })
}

// Keys of names begin with what the name stands for.
const (
	schemaKey    = "schema "
	typeKey      = "type "
	valueKey     = "value " // and the key of its enum, and the JSON text
	operationKey = "operation "
	requestKey   = "request "
	responseKey  = "response "
	failureKey   = "failure "
	clientKey    = "client "
	guardKey     = "guard "
	sharedKey    = "shared " // and the key of what has the name of something like it
)

// componentOf is the part of a key that names a component.
func componentOf(s *spec.Schema) string { return s.Origin.Label() + s.Name }

// operationOf is the part of a key that names an operation. Another prefix of all
// paths leaves it as it is.
func operationOf(o *spec.Operation) string {
	if o.ID != "" {
		return o.Origin.Label() + o.ID
	}
	path := o.Path
	if o.Origin != nil {
		path = strings.TrimPrefix(path, o.Origin.Base)
	}
	return o.Origin.Label() + o.Method + " " + path
}

// candidates are the Go names that a part may get: its own, or one with the name
// of its document before it.
func candidates(name, goName string, from *spec.Origin) []string {
	if from == nil {
		return []string{goName}
	}
	return []string{goName, Exported(from.Name + "_" + name)}
}

// inlineKey is the key of a schema that is no component, "" when there is no way
// to know it again.
func inlineKey(s *spec.Schema) string {
	if s.Path == "" {
		return ""
	}
	return typeKey + s.Path
}

// failureOf is the key of a failure: its status and what it carries.
func failureOf(status int, isRange bool, body *Body) string {
	if body == nil {
		return failureWith(status, isRange, "", nil)
	}
	return failureWith(status, isRange, body.Media, body.Schema)
}

func failureWith(status int, isRange bool, media string, s *spec.Schema) string {
	key := failureKey + strconv.Itoa(status)
	if isRange {
		key = failureKey + strconv.Itoa(status/100) + "XX"
	}
	if media == "" {
		return key
	}
	key += " " + media
	if s != nil {
		end := s.Resolve()
		if end.Name != "" {
			return key + " " + componentOf(end)
		}
		key += " " + end.Path
	}
	return key
}

// cutValue cuts a key of a value, without its kind, into that of its enum and the
// JSON text, in which a quote after a space is always escaped.
func cutValue(of string) (enum, text string) {
	at := strings.LastIndex(of, " ")
	if start, isString := strings.CutSuffix(of, `"`); isString {
		at = strings.LastIndex(start, ` "`)
	}
	return of[:max(at, 0)], of[at+1:]
}

// hasValue reports whether a schema, which may be nil, is an enum with a value.
func hasValue(s *spec.Schema, text string) bool {
	if s == nil {
		return false
	}
	enum := cmp.Or(spelled(s), s)
	return slices.ContainsFunc(enum.Enum, func(v spec.Value) bool { return v.JSON == text })
}

// living reports for the key of a name whether what it stands for is in the
// document. client says whether there is a typed client.
func living(doc *spec.Document, client bool) func(key string) bool {
	operations, failures, schemas := map[string]bool{}, map[string]bool{}, map[string]*spec.Schema{}
	for _, p := range doc.Paths {
		for _, o := range p.Operations {
			operations[operationOf(o)] = true
			for _, r := range o.Responses {
				status, isRange := statusOf(r.Status)
				failures[failureWith(status, isRange, "", nil)] = true
				for _, m := range r.Content {
					failures[failureWith(status, isRange, m.Type, m.Schema)] = true
				}
			}
		}
	}
	for _, s := range doc.Schemas {
		schemas[componentOf(s)] = s
	}
	return func(key string) bool {
		key = strings.TrimPrefix(key, sharedKey)
		kind, of, _ := strings.Cut(key, " ")
		switch kind + " " {
		case schemaKey:
			return schemas[of] != nil
		case typeKey:
			return doc.At(of) != nil
		case valueKey:
			enum, text := cutValue(of)
			name, isComponent := strings.CutPrefix(enum, schemaKey)
			s := schemas[name]
			if !isComponent {
				s = doc.At(strings.TrimPrefix(enum, typeKey))
			}
			return hasValue(s, text)
		case operationKey, requestKey:
			return operations[of]
		case responseKey: // with the status before the operation
			_, of, _ = strings.Cut(of, " ")
			return operations[of]
		case failureKey:
			return failures[key]
		case clientKey:
			return client
		case guardKey:
			return len(doc.Schemes) > 0
		}
		return false
	}
}
