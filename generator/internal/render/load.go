package render

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// loadRequest is one request of the load test. In path and body ${name} stands for
// a value that an earlier answer gave.
type loadRequest struct {
	Kind      string            `json:"kind"`
	Operation string            `json:"operation"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Headers   map[string]string `json:"headers,omitempty"`
	Body      string            `json:"body,omitempty"`
	Want      []int             `json:"want"`
	Save      string            `json:"save,omitempty"`
	Pointer   string            `json:"pointer,omitempty"`
}

// The kinds: what is done once before the load and once after it, and the load.
const (
	makes  = "make"  // creates a row that others are about
	reads  = "read"  // can be sent any number of times
	writes = "write" // changes something each time
	clears = "clear" // deletes what was made
)

// loadRequests are the requests of the project's own test. What an answer of a stream
// would be, nobody waits for.
func loadRequests(p *model.Project) []loadRequest {
	var out []loadRequest
	for _, t := range p.Trials() {
		if streaming(t.Operation) {
			continue
		}
		r := loadRequest{
			Kind: loadKind(t), Operation: t.Operation.ID, Method: t.Operation.Method, Path: t.Path,
			Want: t.Want, Save: t.Save, Pointer: t.Pointer,
		}
		if t.Operation.Body != nil {
			r.Body = t.Body
		}
		if r.Kind == makes && renewed(out, r.Operation) {
			continue // the test makes another row to delete; here the first one is free by then
		}
		r.Headers = map[string]string{}
		if t.Media != "" {
			r.Headers["Content-Type"] = t.Media
		}
		for _, h := range t.Headers {
			r.Headers[http.CanonicalHeaderKey(h[0])] = h[1]
		}
		out = append(out, r)
	}
	return out
}

func renewed(list []loadRequest, operation string) bool {
	return slices.ContainsFunc(list, func(r loadRequest) bool { return r.Kind == makes && r.Operation == operation })
}

func loadKind(t *model.Trial) string {
	op := t.Operation
	switch {
	case op.CRUD != nil && op.CRUD.Kind == model.Delete:
		return clears
	case op.CRUD != nil && op.CRUD.Kind == model.Create:
		return makes
	case op.Method == http.MethodGet || op.Method == http.MethodHead:
		return reads
	}
	return writes
}

// JSON is the request as a literal of JavaScript.
func (r loadRequest) JSON() (string, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(r)
	return strings.TrimSpace(out.String()), err
}
