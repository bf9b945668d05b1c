package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// trait is a member of the struct that the server describes an operation with.
type trait struct {
	Name, Type, Doc string

	value func(*model.Operation) string // "" where the zero value does
}

// Traits are those that some operation of the document needs, beside its method,
// its path and the function that serves it.
func (f *apiFile) Traits() []trait {
	if f.traits == nil {
		f.traits = slices.DeleteFunc(f.everyTrait(), func(m trait) bool {
			return !slices.ContainsFunc(f.Routed(), func(o *model.Operation) bool { return m.value(o) != "" })
		})
	}
	return f.traits
}

func (f *apiFile) everyTrait() []trait {
	return []trait{
		{"declared", "failures", "how the document declares errors", func(o *model.Operation) string { return f.tableOf[o] }},
		{"priority", "shed.Priority", "who is refused first when there is too much to do", f.priority},
		{"limit", "*ratelimit.Policy", "nil: that of the service", f.limit},
		{"unlimited", "bool", "requests do not count", f.unlimited},
		{"reads", "[]string", "keys under which answers are kept; nil: they are not", f.readKeys},
		{"writes", "[]string", "keys of kept answers that it ends", f.writeKeys},
		{"policy", "*httpcache.Policy", "nil: that of the service", f.policy},
		{"demands", "[][]demand", "who may have answers that are kept", f.admits},
		{"stream", "bool", "its answers last as long as there is something to say", unhurried},
		{"read", "func(*codec.Answer)", "reads an answer as a client does, to check it", f.read},
	}
}

// Has reports whether some operation needs a member.
func (f *apiFile) Has(name string) bool {
	return slices.ContainsFunc(f.Traits(), func(m trait) bool { return m.Name == name })
}

// Describe is the literal of an operation for the list of them.
func (f *apiFile) Describe(o *model.Operation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{method: %q, path: %q, serve: s.serve%s", o.Method, o.Path, o.Name)
	for _, m := range f.Traits() {
		if value := m.value(o); value != "" {
			fmt.Fprintf(&b, ", %s: %s", m.Name, value)
		}
	}
	return b.String() + "}"
}

func (f *apiFile) priority(o *model.Operation) string {
	if !f.Project.Features.Shed || o.Priority == "" || o.Priority == model.Normal {
		return ""
	}
	return fmt.Sprintf("shed.%s", o.Priority)
}

func (f *apiFile) limit(o *model.Operation) string {
	if !f.Project.Features.RateLimit || o.Limit == nil || o.Limit.Requests == 0 {
		return ""
	}
	return "&" + limitVar(o)
}

func (f *apiFile) unlimited(o *model.Operation) string {
	if !f.Project.Features.RateLimit || o.Limit == nil || o.Limit.Requests != 0 {
		return ""
	}
	return "true"
}

func (f *apiFile) readKeys(o *model.Operation) string {
	if !f.reads(o) {
		return ""
	}
	return keyList(o)
}

func (f *apiFile) writeKeys(o *model.Operation) string {
	if !f.writes(o) {
		return ""
	}
	return keyList(o)
}

func keyList(o *model.Operation) string {
	return fmt.Sprintf("[]string{%s}", strings.TrimPrefix(quoted(o.Surrogates), ", "))
}

func (f *apiFile) policy(o *model.Operation) string {
	if !f.reads(o) || !hasPolicy(o) {
		return ""
	}
	return "&" + cacheVar(o)
}

func (f *apiFile) admits(o *model.Operation) string {
	if !f.reads(o) || o.Security == nil {
		return ""
	}
	return f.Demands(o)
}

func unhurried(o *model.Operation) string {
	if !o.Streams() {
		return ""
	}
	return "true"
}

func (f *apiFile) read(o *model.Operation) string {
	if !f.Project.Features.Check {
		return ""
	}
	result := ""
	if o.Zero("") != "" {
		result = "_, "
	}
	return fmt.Sprintf("func(a *codec.Answer) { %s_ = read%s(a) }", result, o.Name)
}

// DeclaredOf is how a function that knows an operation fails.
func (f *apiFile) DeclaredOf(op string) string {
	if !f.Has("declared") {
		return "nil"
	}
	return op + ".declared"
}
