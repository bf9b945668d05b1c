package model

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// failure returns the typed error for a declared error answer. Operations that
// declare the same status with the same body share one.
func (b *builder) failure(o *Operation, r *spec.Response, status int, isRange bool) *Failure {
	name := failureName(status)
	body := b.body(r.Content, o.Name+name+"Body")
	if body != nil && body.Kind == FormBody {
		body.Kind, body.Type = StreamBody, nil
	}
	id := identify(status, isRange, body)
	d := b.failures[id]
	if d == nil {
		d = &sharedFailure{failure: &Failure{Status: status, Range: isRange, Doc: r.Description, Body: body}}
		d.names = []string{name + "Error", o.Name + name + "Error"}
		b.failures[id] = d
		b.p.Failures = append(b.p.Failures, d.failure)
	}
	d.keys = append(d.keys, failureOf(status, isRange, body))
	return d.failure
}

// sharedFailure is a failure and what declares it.
type sharedFailure struct {
	failure *Failure
	keys    []string // see failureOf, in document order
	names   []string
}

// nameFailures gives the failures their names when all that share them are known:
// one that had a name before keeps it, whichever of the others comes first now.
func (b *builder) nameFailures() {
	for _, f := range b.p.Failures {
		d := b.failures[identify(f.Status, f.Range, f.Body)]
		first := max(0, slices.IndexFunc(d.keys, func(key string) bool { return b.names.pinned[key] != "" }))
		key := d.keys[first]
		f.Name = b.names.pin(key, d.names...)
		for _, other := range slices.Compact(slices.Sorted(slices.Values(d.keys))) {
			if other != key {
				b.names.also(other, f.Name)
			}
		}
	}
}

func failureName(status int) string {
	if status == 0 {
		return "Default"
	}
	text := http.StatusText(status)
	if text == "" {
		return fmt.Sprintf("Status%d", status)
	}
	return Exported(strings.ReplaceAll(text, "'", ""))
}

// identity is what failures have in common that are one.
type identity struct {
	status   int
	isRange  bool
	kind     BodyKind
	media    string
	nullable bool
	goType   string
	rules    Rules // of a type without a name
}

func identify(status int, isRange bool, b *Body) identity {
	if b == nil {
		return identity{status: status, isRange: isRange}
	}
	id := identity{status: status, isRange: isRange, kind: b.Kind, media: b.Media, nullable: b.Nullable}
	if b.Type != nil {
		id.goType = b.Type.Go("")
		if !b.Type.Declared() {
			id.rules = b.Rules
		}
	}
	return id
}
