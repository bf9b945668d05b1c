package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Limit is how many requests a client can send to an operation, apart from the
// limit of the service: x-apigen.limit.
type Limit struct {
	Name     string // that clients see: "createBook"
	Requests int    // 0: as many as it likes
	Window   time.Duration
}

// limitHint says how limits are written.
const limitHint = `write for example "x-apigen: {limit: 20/1m}", with 1s to 720h in whole seconds; or "limit: none"`

// operationMembers are what x-apigen of an operation may have.
var operationMembers = []string{"cache", "if-match", "limit", "priority", "skip"}

// limit reads x-apigen.limit of an operation. It tells what else stands there and
// means nothing, because a limit that is misspelled is none.
func (b *builder) limit(o *Operation, so *spec.Operation) *Limit {
	v, ok := so.Extensions["x-apigen"]
	if !ok {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(v.JSON), &members) != nil {
		b.diags.Errorf(v.Pos, limitHint, "x-apigen of %s %s must be a mapping", so.Method, so.Path)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(operationMembers, name) {
			b.diags.Warnf(v.Pos, "the members are "+strings.Join(operationMembers, ", "), "x-apigen of %s %s has no member %q; it is ignored", so.Method, so.Path, name)
		}
	}
	limit, ok := members["limit"]
	if !ok {
		return nil
	}
	var text string
	if json.Unmarshal(limit, &text) != nil {
		text = string(limit)
	}
	if text == "none" {
		return &Limit{}
	}
	requests, window, err := parseRate(text)
	if err != nil {
		b.diags.Errorf(v.Pos, limitHint, "the limit of %s %s is %q: %v", so.Method, so.Path, text, err)
		return nil
	}
	return &Limit{Name: limitName(o), Requests: requests, Window: window}
}

// parseRate reads a rate such as 20/1m, as RATE_LIMIT of a generated service has it.
func parseRate(text string) (requests int, window time.Duration, err error) {
	count, span, _ := strings.Cut(text, "/")
	if requests, err = strconv.Atoi(count); err != nil || requests < 1 || requests > 1e9 {
		return 0, 0, fmt.Errorf("want 1 to 1000000000 requests before the slash")
	}
	window, err = time.ParseDuration(span)
	if err != nil || window < time.Second || window > 720*time.Hour || window%time.Second != 0 {
		return 0, 0, fmt.Errorf("want a time such as 1m after the slash")
	}
	return requests, window, nil
}

// limitName is the operation id if a string in a header field can hold it as it
// is, else the name of the Go method. The limit of the service is named default.
func limitName(o *Operation) string {
	if o.ID != "default" && len(o.ID) <= 64 && strings.IndexFunc(o.ID, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`"\{}`, r) }) < 0 {
		return o.ID
	}
	return o.Name
}
