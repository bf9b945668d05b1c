package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

func buildLimits(t *testing.T, text string) (*model.Project, diag.List) {
	t.Helper()
	doc, _, err := spec.Load("limits.yaml", []byte(text), spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return model.Build(doc, model.Options{Name: "a", Module: "a"})
}

func TestLimits(t *testing.T) {
	p, list := buildLimits(t, `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get: {operationId: getA, x-apigen: {limit: 20/1m}, responses: {"200": {description: ok}}}
    post: {operationId: 'post "a"', x-apigen: {limit: 5/1h30m}, responses: {"200": {description: ok}}}
    put: {operationId: putA, x-apigen: {limit: none}, responses: {"200": {description: ok}}}
    patch: {operationId: default, x-apigen: {limit: 1/720h}, responses: {"200": {description: ok}}}
    trace: {x-apigen: {limit: 3/2s}, responses: {"200": {description: ok}}}
    delete: {operationId: deleteA, x-apigen: {skip: true}, responses: {"200": {description: ok}}}
`)
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]*model.Limit{
		"GET": {Name: "getA", Requests: 20, Window: time.Minute}, "POST": {Name: "PostA", Requests: 5, Window: 90 * time.Minute},
		"PUT": {}, "DELETE": nil, "PATCH": {Name: "Default", Requests: 1, Window: 720 * time.Hour},
		"TRACE": {Name: "trace /a", Requests: 3, Window: 2 * time.Second},
	}
	for _, o := range p.Operations {
		if w := want[o.Method]; (w == nil) != (o.Limit == nil) || w != nil && *w != *o.Limit {
			t.Errorf("%s: got %+v, want %+v", o.Method, o.Limit, w)
		}
	}
}

func TestBadLimitsAreAllReported(t *testing.T) {
	_, list := buildLimits(t, `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get: {x-apigen: {limit: 20}, responses: {"200": {description: ok}}}
    put: {x-apigen: {limit: 0/1m}, responses: {"200": {description: ok}}}
    post:
      x-apigen:
        limit: 20/minute
      responses: {"200": {description: ok}}
    delete: {x-apigen: {limit: 5/1500ms}, responses: {"200": {description: ok}}}
    patch: {x-apigen: 20/1m, responses: {"200": {description: ok}}}
    head:
      x-apigen: {limits: 20/1m, skip: true}
      responses: {"200": {description: ok}}
`)
	wantHints := []string{"limit: none", "limit: none", "limit: none", "limit: none", "limit: none", "the members are cache, if-match, limit, priority, skip"}
	want := []string{
		`:6:11: the limit of GET /a is "20": want a time such as 1m after the slash`,
		`:7:11: the limit of PUT /a is "0/1m": want 1 to 1000000000 requests before the slash`,
		`:9:7: the limit of POST /a is "20/minute": want a time such as 1m after the slash`,
		`:12:14: the limit of DELETE /a is "5/1500ms": want a time such as 1m after the slash`,
		`:13:13: x-apigen of PATCH /a must be a mapping`,
		`:15:7: warning: x-apigen of HEAD /a has no member "limits"; it is ignored`,
	}
	if len(list) != len(want) {
		t.Fatalf("%d mistakes: %v", len(list), list)
	}
	for i, d := range list {
		if !strings.Contains(d.String(), want[i]) || !strings.Contains(d.Hint, wantHints[i]) {
			t.Errorf("got %s (%s)\nwant %s", d, d.Hint, want[i])
		}
	}
}
