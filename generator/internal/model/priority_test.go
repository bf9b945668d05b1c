package model_test

import (
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
)

func TestPriorities(t *testing.T) {
	p, list := buildLimits(t, `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get: {x-apigen: {priority: critical}, responses: {"200": {description: ok}}}
    put: {x-apigen: {priority: low, limit: 1/1m}, responses: {"200": {description: ok}}}
    post: {x-apigen: {priority: normal}, responses: {"200": {description: ok}}}
    delete: {responses: {"200": {description: ok}}}
`)
	if len(list) != 0 {
		t.Fatal(list)
	}
	want := map[string]model.Priority{"GET": model.Critical, "PUT": model.Low, "POST": model.Normal, "DELETE": model.Normal}
	for _, o := range p.Operations {
		if o.Priority != want[o.Method] {
			t.Errorf("%s: got %s", o.Method, o.Priority)
		}
	}
}

func TestBadPrioritiesAreAllReported(t *testing.T) {
	_, list := buildLimits(t, `
openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get: {x-apigen: {priority: high}, responses: {"200": {description: ok}}}
    put:
      x-apigen:
        priority: 1
      responses: {"200": {description: ok}}
`)
	want := []string{`:6:11: the priority of GET /a is "high"`, `:8:7: the priority of PUT /a is 1`}
	if len(list) != len(want) {
		t.Fatalf("%d mistakes: %v", len(list), list)
	}
	for i, d := range list {
		if !strings.Contains(d.String(), want[i]) || !strings.Contains(d.Hint, "critical, normal and low") {
			t.Errorf("got %s (%s)\nwant %s", d, d.Hint, want[i])
		}
	}
}
