package conformance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Exchange sends one request, such as "GET /books?limit=1", to the service at
// base and returns what it answers. A body is sent as JSON, to PATCH as a merge
// patch. What of the answer breaks doc is an error.
func Exchange(ctx context.Context, base string, doc *spec.Document, method, target, body string) (status int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, base+target, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		if method == http.MethodPatch {
			req.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	a := &answer{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		return 0, "", err
	}
	op := operationAt(doc, method, req.URL.Path)
	if op == nil {
		return a.status, string(a.body), nil // the document says nothing about it
	}
	o, err := newOracle(doc)
	if err == nil && a.status != http.StatusNotImplemented {
		err = o.checkResponse(ctx, op, req, a)
	}
	if err != nil {
		err = fmt.Errorf("answer %d %s: %w", a.status, a.body, err)
	}
	return a.status, string(a.body), err
}

// operationAt returns the operation that a request goes to: a literal segment
// goes before a parameter.
func operationAt(doc *spec.Document, method, path string) *spec.Operation {
	var found *spec.Operation
	segments := strings.Split(path, "/")
	for _, p := range doc.Paths {
		for _, op := range p.Operations {
			if op.Method == method && fits(strings.Split(op.Path, "/"), segments) &&
				(found == nil || len(variables(op.Path)) < len(variables(found.Path))) {
				found = op
			}
		}
	}
	return found
}

func fits(template, segments []string) bool {
	if len(template) != len(segments) {
		return false
	}
	for i, t := range template {
		if t != segments[i] && !strings.HasPrefix(t, "{") {
			return false
		}
	}
	return true
}
