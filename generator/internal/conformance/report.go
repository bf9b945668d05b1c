// Package conformance holds a running service to its OpenAPI document, from
// outside: it sends valid requests and checks every answer against the document,
// then requests that break one rule each and checks that they are refused.
// It is support for tests and works for any document and any service.
package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Report is what a run saw.
type Report struct {
	Operations  int // in the document
	Implemented int // not declared as stubs
	Reached     int // of these: gave a success answer at least once
	Requests    int // valid ones
	Refused     int // valid requests answered with a documented 400 or 422
	Mutants     int // requests that break one rule
	Rejected    int // of these: answered with a 4xx that names the place
	Created     int // resources looked up again after a restart
	Persisted   int // of these: found unchanged
	XML         int // bodies sent and answers read as XML
	Strangers   int // requests whose credentials are missing, wrong or too weak
	KeptOut     int // of these: refused as such
	Failures    []Failure

	// Answers counts the statuses of the answers to valid requests by operation.
	Answers map[string]map[int]int
}

// Failure is one thing that should not have happened.
type Failure struct {
	Kind      string // status, schema, mutant, value, persistence, access or transport
	Operation string // "POST /books"
	Request   string // request line and body, shortened
	Detail    string
}

// String returns the failure on one line.
func (f Failure) String() string {
	return fmt.Sprintf("%s: %s: %s\n\tsent %s", f.Kind, f.Operation, f.Detail, f.Request)
}

// Summary returns the figures on one line.
func (r *Report) Summary() string {
	return fmt.Sprintf("%d/%d operations implemented (%d reached), %d requests (%d refused), mutants %d/%d rejected, %d/%d persisted, %d XML bodies, %d/%d strangers kept out, %d failures",
		r.Implemented, r.Operations, r.Reached, r.Requests, r.Refused, r.Rejected, r.Mutants, r.Persisted, r.Created, r.XML, r.KeptOut, r.Strangers, len(r.Failures))
}

// maxListed is how many failures Text prints.
const maxListed = 20

// Text returns the first failures, one after the other.
func (r *Report) Text() string {
	var b strings.Builder
	for i, f := range r.Failures {
		if i == maxListed {
			fmt.Fprintf(&b, "… and %d more\n", len(r.Failures)-maxListed)
			break
		}
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// Table returns one line per operation with the statuses it answered.
func (r *Report) Table() string {
	var b strings.Builder
	for _, op := range slices.Sorted(maps.Keys(r.Answers)) {
		fmt.Fprintf(&b, "%-60s", op)
		for _, status := range slices.Sorted(maps.Keys(r.Answers[op])) {
			fmt.Fprintf(&b, " %d×%d", r.Answers[op][status], status)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// shorten keeps reports readable when a document is large.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
