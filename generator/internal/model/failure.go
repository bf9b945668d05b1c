package model

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// failure returns the typed error for a declared error answer. Operations that
// declare the same status with the same body share one.
func (b *builder) failure(o *Operation, r *spec.Response, status int) *Failure {
	name := failureName(status)
	body := b.body(r.Content, o.Name+name+"Body")
	if body != nil && body.Kind == FormBody {
		body.Kind, body.Type = StreamBody, nil
	}
	for _, f := range b.p.Failures {
		if f.Status == status && sameBody(f.Body, body) {
			return f
		}
	}
	f := &Failure{Status: status, Doc: r.Description, Body: body}
	f.Name = b.names.pin(failureOf(f), name+"Error", o.Name+name+"Error")
	b.p.Failures = append(b.p.Failures, f)
	return f
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

func sameBody(a, b *Body) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Media != b.Media || a.Nullable != b.Nullable {
		return false
	}
	return a.Type == b.Type || a.Schema == b.Schema || a.Type != nil && b.Type != nil && !a.Type.Declared() && !b.Type.Declared() && a.Type.Go("") == b.Type.Go("") && a.Rules == b.Rules
}
