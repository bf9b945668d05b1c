package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Options tells a run what to expect.
type Options struct {
	// Stubs names the operations that may answer 501, as "POST /books".
	Stubs map[string]bool
	// Restart stops the service, starts it on the same data and returns its new
	// address. Without it persistence is not checked.
	Restart func(context.Context) (string, error)
	// Access lets requests in that need credentials, and has others tried that must be
	// refused. Without it requests carry credentials that are made up.
	Access *Access
	// Rounds is how many valid requests each operation gets; 0 means 4.
	Rounds int
	// MaxMutants bounds the mutants of one operation; 0 means 150.
	MaxMutants int
}

// Run exercises every operation of doc on the service at base, an address such
// as "http://127.0.0.1:8080". Resources are made first and deleted last. An
// error means that the run itself could not go on; what the service did wrong
// is in the report.
func Run(ctx context.Context, base string, doc *spec.Document, opt Options) (*Report, error) {
	o, err := newOracle(doc)
	if err != nil {
		return nil, err
	}
	opt.Rounds = cmp.Or(opt.Rounds, 4)
	opt.MaxMutants = cmp.Or(opt.MaxMutants, 150)
	r := &runner{
		base: base, doc: doc, opt: opt, oracle: o, pool: newPool(), report: &Report{Answers: map[string]map[int]int{}},
		client: &http.Client{
			Timeout:       20 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		accepted: map[*spec.Operation]int{}, refused: map[*spec.Operation]string{}, reached: map[*spec.Operation]bool{},
	}
	r.sort()
	return r.report, r.run(ctx)
}

type runner struct {
	base   string
	doc    *spec.Document
	opt    Options
	oracle *oracle
	client *http.Client
	pool   *pool
	report *Report
	seq    uint64
	cuts   int

	operations                      []*spec.Operation
	creates, reads, edits, removals []*spec.Operation

	accepted map[*spec.Operation]int    // valid requests not refused
	refused  map[*spec.Operation]string // the last refusal
	reached  map[*spec.Operation]bool
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) ok() bool { return a != nil && a.status >= 200 && a.status < 300 }

// text returns the body when it is JSON, else nothing.
func (a *answer) text() string {
	if !json.Valid(a.body) {
		return ""
	}
	return string(a.body)
}

func name(op *spec.Operation) string { return op.Method + " " + op.Path }

// sort puts the operations into the order in which resources come and go.
func (r *runner) sort() {
	for _, p := range r.doc.Paths {
		for _, op := range p.Operations {
			r.operations = append(r.operations, op)
			r.report.Operations++
			if !r.opt.Stubs[name(op)] {
				r.report.Implemented++
			}
			switch op.Method {
			case http.MethodPost:
				r.creates = append(r.creates, op)
			case http.MethodDelete:
				r.removals = append(r.removals, op)
			case http.MethodPut, http.MethodPatch:
				r.edits = append(r.edits, op)
			default:
				r.reads = append(r.reads, op)
			}
		}
	}
	depth := func(a, b *spec.Operation) int {
		return cmp.Compare(strings.Count(a.Path, "/"), strings.Count(b.Path, "/"))
	}
	for _, list := range [][]*spec.Operation{r.creates, r.reads, r.edits} {
		slices.SortStableFunc(list, depth)
	}
	r.creates = sortByReference(r.creates)
	// Deep paths first; among equally deep ones, what was created last.
	rank := map[string]int{}
	for i, op := range r.creates {
		rank[shapeOf(op.Path)+"/{}"] = i
	}
	slices.SortStableFunc(r.removals, func(a, b *spec.Operation) int {
		return cmp.Or(depth(b, a), cmp.Compare(rank[shapeOf(b.Path)], rank[shapeOf(a.Path)]))
	})
}

func (r *runner) run(ctx context.Context) error {
	if r.opt.Access != nil {
		for _, op := range r.operations {
			if err := r.keepOut(ctx, op); err != nil {
				return err
			}
		}
	}
	for _, phase := range [][]*spec.Operation{r.creates, r.reads, r.edits} {
		for _, op := range phase {
			for round := range r.opt.Rounds {
				if err := r.exercise(ctx, op, round); err != nil {
					return err
				}
			}
		}
	}
	for _, op := range r.operations {
		if err := r.mutate(ctx, op); err != nil {
			return err
		}
	}
	if r.opt.Restart != nil {
		if err := r.persist(ctx); err != nil {
			return err
		}
	}
	for _, op := range r.removals {
		if err := r.remove(ctx, op); err != nil {
			return err
		}
	}
	r.judgeRefusals()
	return nil
}

// judgeRefusals reports the operations that take no valid request at all.
func (r *runner) judgeRefusals() {
	for _, op := range r.operations {
		if why := r.refused[op]; why != "" && r.accepted[op] == 0 && !r.opt.Stubs[name(op)] {
			r.report.Failures = append(r.report.Failures, Failure{
				Kind: "status", Operation: name(op), Request: "valid requests only", Detail: "every one was refused: " + why,
			})
		}
	}
}

// exercise sends one valid request and learns from the answer.
func (r *runner) exercise(ctx context.Context, op *spec.Operation, round int) error {
	c, err := r.newCall(op, round)
	if err != nil {
		return err
	}
	r.inXML(c, round)
	a, err := r.try(ctx, c)
	if err != nil || !a.ok() {
		return err
	}
	r.learn(c, a)
	return r.readBack(ctx, c, a)
}

// try sends a valid request and holds the answer to the document.
func (r *runner) try(ctx context.Context, c *call) (*answer, error) {
	req, a, err := r.send(ctx, c)
	if err != nil {
		return nil, err
	}
	r.report.Requests++
	r.count(c.op, a)
	switch {
	case a.status == 0:
		return a, nil
	case a.status == http.StatusNotImplemented && r.opt.Stubs[name(c.op)]:
		return a, nil
	case a.status >= 500:
		r.fail("status", c, req, fmt.Sprintf("answered %d: %s", a.status, shorten(string(a.body), 200)))
		return a, nil
	case a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity:
		r.report.Refused++
		r.refused[c.op] = fmt.Sprintf("%d %s to %s", a.status, shorten(string(a.body), 300), c.line(req))
	default:
		r.accepted[c.op]++
	}
	if err := r.oracle.checkResponse(ctx, c.op, req, a); err != nil {
		kind := "schema"
		if strings.Contains(err.Error(), "status is not supported") {
			kind = "status"
		}
		r.fail(kind, c, req, fmt.Sprintf("%d %s: %v", a.status, shorten(string(a.body), 200), err))
	}
	if c.accept != "" && a.ok() && len(a.body) > 0 {
		if got := a.header.Get("Content-Type"); got != c.accept {
			r.fail("schema", c, req, fmt.Sprintf("answered %s where %s was asked for", got, c.accept))
		}
		r.report.XML++
		a.body = r.oracle.asJSON(c.op, a)
	}
	return a, nil
}

// count notes the status of an answer.
func (r *runner) count(op *spec.Operation, a *answer) {
	statuses := r.report.Answers[name(op)]
	if statuses == nil {
		statuses = map[int]int{}
		r.report.Answers[name(op)] = statuses
	}
	statuses[a.status]++
	if a.ok() && !r.opt.Stubs[name(op)] && !r.reached[op] {
		r.reached[op] = true
		r.report.Reached++
	}
}

func (r *runner) send(ctx context.Context, c *call) (*http.Request, *answer, error) {
	return r.sendWith(ctx, c, r.opt.Access)
}

// sendWith sends a request with the credentials of an access, nil for made up ones.
func (r *runner) sendWith(ctx context.Context, c *call, access *Access) (*http.Request, *answer, error) {
	req, err := c.request(ctx, r.base, r.doc.Schemes, access)
	if err != nil {
		return nil, nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return r.cut(c, req, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return r.cut(c, req, err)
	}
	return req, &answer{resp.StatusCode, resp.Header, body}, nil
}

// maxCuts is how many connections may break before the service counts as dead.
const maxCuts = 20

// cut reports a broken connection. The answer has status 0.
func (r *runner) cut(c *call, req *http.Request, err error) (*http.Request, *answer, error) {
	r.fail("transport", c, req, err.Error())
	if r.cuts++; r.cuts > maxCuts {
		return nil, nil, fmt.Errorf("send %s: %w", name(c.op), err)
	}
	return req, &answer{header: http.Header{}}, nil
}

func (r *runner) fail(kind string, c *call, req *http.Request, detail string) {
	r.report.Failures = append(r.report.Failures, Failure{kind, name(c.op), c.line(req), detail})
}

// remove makes a fresh resource where that is possible, deletes it, and looks
// whether it is gone.
func (r *runner) remove(ctx context.Context, op *spec.Operation) error {
	if create := r.maker(op.Path); create != nil {
		if err := r.exercise(ctx, create, 0); err != nil {
			return err
		}
	}
	known := r.pool.byPath[shapeOf(op.Path)]
	c, err := r.newCall(op, 1)
	if err == nil && len(known) > 0 {
		c, err = r.at(op, known[len(known)-1], 1)
	}
	if err != nil {
		return err
	}
	a, err := r.try(ctx, c)
	if err != nil || !a.ok() || isCollection(op.Path) {
		return err
	}
	values := c.pathValues()
	r.pool.remove(op.Path, values)
	get := r.find(http.MethodGet, op.Path)
	if get == nil || r.opt.Stubs[name(op)] || r.opt.Stubs[name(get)] {
		return nil
	}
	again, err := r.at(get, values, 1)
	if err != nil {
		return err
	}
	req, b, err := r.send(ctx, again)
	if err == nil && b.ok() {
		r.fail("value", again, req, fmt.Sprintf("answered %d after %s answered %d", b.status, name(op), a.status))
	}
	return err
}

// sameJSON compares two JSON texts, members in any order.
func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return bytes.Equal(a, b)
	}
	p, errP := json.Marshal(x)
	q, errQ := json.Marshal(y)
	return errP == nil && errQ == nil && bytes.Equal(p, q)
}
