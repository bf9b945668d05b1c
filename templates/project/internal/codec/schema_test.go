package codec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// shouting is a schema of texts that begin with a capital.
type shouting struct{ asked int }

func (s *shouting) Violations(value []byte) []problem.Violation {
	if s.asked++; bytes.ToUpper(value)[1] != value[1] {
		return []problem.Violation{{Pointer: "/0", Detail: "must be loud"}}
	}
	return nil
}

func (s *shouting) TextViolations(value []byte) []problem.Violation { return s.Violations(value) }

func TestCheck(t *testing.T) {
	s := &shouting{}
	read := func(text string) (got string, faults []problem.Violation) {
		d := newDecoder(strings.NewReader(`{"a": `+text+`, "b": 1}`), "body", "")
		defer d.free()
		for d.Object(); d.More(); {
			if d.Name() != "a" {
				d.Skip()
				continue
			}
			d.Check(s, func(d *Decoder) {
				d.Check(s, func(d *Decoder) { d.String(&got) }) // it holds already
			})
		}
		return got, d.faults
	}
	if got, faults := read(`"LOUD"`); got != "LOUD" || faults != nil || s.asked != 1 {
		t.Errorf("got %q, %v after asking %d times", got, faults, s.asked)
	}
	got, faults := read(`"quiet"`)
	if got != "" || len(faults) != 1 || faults[0].Pointer != "/a/0" || faults[0].In != "body" {
		t.Errorf("got %q, %v", got, faults)
	}
}
