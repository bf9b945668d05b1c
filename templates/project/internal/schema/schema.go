// Package schema checks JSON values against the parts of the contract that Go
// types cannot express: JSON Schema as the document has it.
package schema

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// Set is a group of schemas that refer to each other.
type Set struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// base is the address of the schemas of a set; it is never fetched.
const base = "urn:contract"

// NewSet returns the schemas in the $defs of a JSON document. The document is
// part of the program, so a broken one panics.
func NewSet(document string) *Set {
	doc, err := read([]byte(document))
	if err != nil {
		panic(fmt.Sprintf("read schemas: %v", err))
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseRegexpEngine(compile)
	c.UseLoader(jsonschema.SchemeURLLoader{})
	if err := c.AddResource(base, doc); err != nil {
		panic(fmt.Sprintf("read schemas: %v", err))
	}
	return &Set{compiler: c}
}

// Schema is one schema of a set.
type Schema struct {
	compile func() *jsonschema.Schema
}

// Schema returns the schema of that name. It is compiled when it is first used.
func (s *Set) Schema(name string) *Schema {
	return &Schema{sync.OnceValue(func() *jsonschema.Schema {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.compiler.MustCompile(base + "#/$defs/" + name)
	})}
}

// Violations returns what is wrong with a JSON value: nothing when it is valid.
func (s *Schema) Violations(value []byte) []problem.Violation {
	v, err := read(value)
	if err != nil {
		return []problem.Violation{{Detail: err.Error()}}
	}
	var invalid *jsonschema.ValidationError
	if errors.As(s.compile().Validate(v), &invalid) {
		return violations(invalid)
	}
	return nil
}

// maxDigits bounds the exponents of numbers: they are compared exactly.
const maxDigits = 4

// read turns JSON into the values that the validator knows.
func read(text []byte) (any, error) {
	for dec := jsontext.NewDecoder(bytes.NewReader(text)); ; {
		tok, err := dec.ReadToken()
		if err != nil {
			break
		}
		if tok.Kind() == '0' {
			_, exponent, _ := strings.Cut(strings.ToLower(tok.String()), "e")
			if len(strings.TrimLeft(exponent, "+-0")) > maxDigits {
				return nil, errors.New("has a number with an exponent that is too large")
			}
		}
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(text))
}

// compile reads a pattern: Go's own engine where it can, which takes linear time,
// else one that knows all of ECMA 262, with a limit on the time it takes.
func compile(pattern string) (jsonschema.Regexp, error) {
	if re, err := regexp.Compile(pattern); err == nil {
		return re, nil
	}
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript|regexp2.Unicode)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = maxMatch
	return backtracking{re}, nil
}

const maxMatch = 50 * time.Millisecond

type backtracking struct{ *regexp2.Regexp }

// MatchString reports whether the text holds a match. A text that takes too long
// to search does not.
func (re backtracking) MatchString(text string) bool {
	ok, err := re.Regexp.MatchString(text)
	return ok && err == nil
}
