package render

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// reads reports whether answers of an operation can be kept: they are whole, and for
// everybody.
func (f *apiFile) reads(o *model.Operation) bool {
	if !f.Project.Features.Cache || o.Method != http.MethodGet || o.Cache != nil && o.Cache.Off || o.Security != nil && (o.Cache == nil || !o.Cache.Public) {
		return false
	}
	return !streaming(o)
}

// writes reports whether an operation may change what others answer.
func (f *apiFile) writes(o *model.Operation) bool {
	safe := []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "QUERY", "SEARCH"}
	return f.Project.Features.Cache && !slices.Contains(safe, o.Method)
}

// HasCached reports whether the server has any use for the cache.
func (f *apiFile) HasCached() bool {
	return f.HasReads() || f.HasWrites()
}

// HasReads reports whether answers of some operations can be kept.
func (f *apiFile) HasReads() bool { return slices.ContainsFunc(f.Routed(), f.reads) }

// HasWrites reports whether some operations end answers that are kept.
func (f *apiFile) HasWrites() bool { return slices.ContainsFunc(f.Routed(), f.writes) }

// KeepsOwn reports whether the document says how long some answers are kept.
func (f *apiFile) KeepsOwn() bool {
	return slices.ContainsFunc(f.Policies(), func(o *model.Operation) bool { return o.Cache != nil && o.Cache.TTL > 0 })
}

// Policies are the operations that have a policy of their own.
func (f *apiFile) Policies() []*model.Operation {
	return slices.DeleteFunc(f.Routed(), func(o *model.Operation) bool { return !f.reads(o) || !hasPolicy(o) })
}

func hasPolicy(o *model.Operation) bool { return o.Cache != nil || len(cacheVary(o)) > 0 }

func cacheVar(o *model.Operation) string { return model.Unexported(o.Name) + "Cache" }

// cacheVary are the fields of a request that answers depend on: what the document
// names, and what the operation reads.
func cacheVary(o *model.Operation) []string {
	var out []string
	add := func(name string) {
		if name = http.CanonicalHeaderKey(name); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if o.Cache != nil {
		for _, name := range o.Cache.Vary {
			add(name)
		}
	}
	for _, p := range o.Params {
		switch p.In {
		case model.InHeader:
			add(p.Wire)
		case model.InCookie:
			add("Cookie")
		}
	}
	if chooses(o) {
		add("Accept")
	}
	return out
}

// cachePolicy is the policy of an operation.
func cachePolicy(o *model.Operation) string {
	var fields []string
	if c := o.Cache; c != nil {
		for _, span := range []struct {
			name string
			d    time.Duration
		}{{"TTL", c.TTL}, {"Client", c.Client}, {"CDN", c.CDN}, {"StaleWhileRevalidate", c.SWR}, {"StaleIfError", c.SIE}} {
			switch {
			case span.d < 0:
				fields = append(fields, span.name+": -1")
			case span.d > 0:
				fields = append(fields, span.name+": "+duration(span.d))
			}
		}
		if c.Public {
			fields = append(fields, "Public: true")
		}
	}
	if vary := cacheVary(o); len(vary) > 0 {
		fields = append(fields, fmt.Sprintf("Vary: []string{%s}", strings.TrimPrefix(quoted(vary), ", ")))
	}
	return "httpcache.Policy{" + strings.Join(fields, ", ") + "}"
}

// Conditional are the operations whose tag requests can name in conditions.
func (f *apiFile) Conditional() []*model.Operation {
	var out []*model.Operation
	for _, o := range f.Routed() {
		if o.Current != nil && !slices.Contains(out, o.Current) {
			out = append(out, o.Current)
		}
	}
	return out
}

// Encode is the function that encodes what an operation returned.
func (f *apiFile) Encode(o *model.Operation) string {
	value := "res"
	if strings.HasPrefix(o.Successes[0].Body.Result(""), "*") {
		value = "*res"
	}
	return f.encode(o.Successes[0].Body, value)
}

// condition is what an operation does about conditions.
func condition(o *model.Operation) string {
	var fields []string
	if o.MustMatch {
		fields = append(fields, "required: true")
	}
	if o.CRUD.Upsert {
		fields = append(fields, "creates: true")
	}
	return "condition{" + strings.Join(fields, ", ") + "}"
}

// currentRequest is the request for the row that an operation changes.
func currentRequest(o *model.Operation) string {
	var fields []string
	for _, p := range o.Current.Params {
		i := slices.IndexFunc(o.Params, func(own *model.Param) bool { return own.In == model.InPath && own.Wire == p.Wire })
		fields = append(fields, fmt.Sprintf("%s: req.%s", p.Name, o.Params[i].Name))
	}
	return o.Current.Request + "{" + strings.Join(fields, ", ") + "}"
}

// resultType is what the method of an operation returns beside its error.
func resultType(o *model.Operation) string {
	return strings.TrimSuffix(strings.TrimPrefix(o.Results(""), "("), ", error)")
}
