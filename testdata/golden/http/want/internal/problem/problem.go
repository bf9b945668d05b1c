// Package problem holds the error answers of the API: problem details as
// RFC 9457 describes them.
package problem

import (
	"net/http"
	"strconv"
	"strings"
)

// Media is the media type of a problem, RFC 9457 section 3.
const Media = "application/problem+json"

// Problem is a problem details object and an error. A handler that returns one
// answers with it.
type Problem struct {
	Type     string      `json:"type,omitempty"` // URI; empty means about:blank
	Title    string      `json:"title"`
	Status   int         `json:"status"`
	Detail   string      `json:"detail,omitempty"`
	Instance string      `json:"instance,omitempty"`
	Errors   []Violation `json:"errors,omitempty"` // every fault of the request

	// Policies are the quotas that the client has used up.
	Policies []string `json:"violated-policies,omitempty"`

	// RetryAfter, when positive, is sent as the Retry-After header in seconds.
	RetryAfter int `json:"-"`

	// Challenge is sent as the WWW-Authenticate header, for a 401 or a 403.
	Challenge string `json:"-"`
}

// Violation is one fault of a request.
type Violation struct {
	In      string `json:"in"`      // body, path, query, header or cookie
	Pointer string `json:"pointer"` // JSON pointer (RFC 6901) into that part
	Detail  string `json:"detail"`
}

// New returns a problem with the title that belongs to status.
func New(status int, detail string) *Problem {
	title := http.StatusText(status)
	if title == "" {
		title = "Status " + strconv.Itoa(status)
	}
	return &Problem{Title: title, Status: status, Detail: detail}
}

// Invalid returns the problem of a request that breaks the contract.
func Invalid(status int, violations []Violation) *Problem {
	p := New(status, "the request does not match the API description")
	p.Errors = violations
	return p
}

// Problem returns p, so that a problem is found the same way as errors that
// can be turned into one.
func (p *Problem) Problem() *Problem { return p }

// Error returns the title, the detail and every violation on one line.
func (p *Problem) Error() string {
	return strings.TrimSuffix(p.Title+": "+p.Text(), ": ")
}

// Text returns the detail followed by every violation, for error bodies that
// have room for one message only.
func (p *Problem) Text() string {
	text := p.Detail
	for i, v := range p.Errors {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		text += sep + v.String()
	}
	return text
}

// String returns the violation as "body /title: is required".
func (v Violation) String() string {
	return v.In + " " + v.Pointer + ": " + v.Detail
}

// Code returns the title as a stable identifier: "not_found".
func (p *Problem) Code() string {
	return strings.ReplaceAll(strings.ToLower(p.Title), " ", "_")
}

// Kind returns the type URI, about:blank when none is set.
func (p *Problem) Kind() string {
	if p.Type == "" {
		return "about:blank"
	}
	return p.Type
}

// Messages returns one line per violation, or the detail when there is none.
func (p *Problem) Messages() []string {
	if len(p.Errors) == 0 {
		return []string{p.Text()}
	}
	lines := make([]string, len(p.Errors))
	for i, v := range p.Errors {
		lines[i] = v.String()
	}
	return lines
}

// ByPointer returns the details grouped by JSON pointer; what concerns no
// single place stands under the empty pointer's name, "request".
func (p *Problem) ByPointer() map[string][]string {
	if len(p.Errors) == 0 {
		return map[string][]string{"request": {p.Text()}}
	}
	groups := make(map[string][]string, len(p.Errors))
	for _, v := range p.Errors {
		groups[v.Pointer] = append(groups[v.Pointer], v.Detail)
	}
	return groups
}
