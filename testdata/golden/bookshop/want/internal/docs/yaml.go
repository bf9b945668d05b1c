package docs

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of a document.
const maxDepth = 1000

var errNesting = errors.New("the document is nested too deeply")

// appendYAML appends a JSON document as YAML (1.2) in block style, members in their
// order.
func appendYAML(out, doc []byte) ([]byte, error) {
	w := &yamlWriter{out: out, in: jsontext.NewDecoder(bytes.NewReader(doc))}
	if err := w.value(0, ""); err != nil {
		return nil, err
	}
	return w.out, nil
}

// yamlWriter writes one value after the other.
type yamlWriter struct {
	out []byte
	in  *jsontext.Decoder
}

// value writes the next value behind what stands on the line already: a key, the
// dash of a list, or nothing. Its lines are indented by depth.
func (w *yamlWriter) value(depth int, before string) error {
	if depth > maxDepth {
		return errNesting
	}
	token, err := w.in.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case '{', '[':
		return w.collection(depth, before, token.Kind())
	case '"':
		w.out = appendText(append(w.out, before...), token.String(), depth)
	default:
		w.out = append(append(w.out, before...), token.String()...)
	}
	w.out = append(w.out, '\n')
	return nil
}

// collection writes an object or a list, whose opening token was read.
func (w *yamlWriter) collection(depth int, before string, kind jsontext.Kind) error {
	empty, closing := "{}", jsontext.Kind('}')
	if kind == '[' {
		empty, closing = "[]", ']'
	}
	if w.in.PeekKind() == closing {
		w.out = append(append(append(w.out, before...), empty...), '\n')
		_, err := w.in.ReadToken()
		return err
	}
	// A collection starts on the line of a dash, and on a new one behind a key.
	first := strings.HasSuffix(before, "- ")
	if first {
		w.out = append(w.out, before...)
	} else if before != "" {
		w.out = append(append(w.out, strings.TrimSuffix(before, " ")...), '\n')
	}
	for w.in.PeekKind() != closing {
		if !first {
			w.out = append(w.out, strings.Repeat("  ", depth)...)
		}
		first = false
		before := "- "
		if kind == '{' {
			name, err := w.in.ReadToken()
			if err != nil {
				return err
			}
			before = string(appendText(nil, name.String(), -1)) + ": "
		}
		if err := w.value(depth+1, before); err != nil {
			return err
		}
	}
	_, err := w.in.ReadToken()
	return err
}

// plain is text that YAML reads as itself.
var plain = regexp.MustCompile(`^[A-Za-z/$][-A-Za-z0-9_./$ ,()']*$`)

// reserved are words that readers of YAML take for something else.
var reserved = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$`)

// odd reports whether readers of YAML take a character in quotes for something else,
// or not at all.
func odd(r rune) bool {
	return r >= 0x7F && r < 0xA0 || r == '\u2028' || r == '\u2029' || r == '\uFEFF' || r == '\uFFFE' || r == '\uFFFF'
}

// appendQuoted appends a text in quotes, as JSON has it.
func appendQuoted(out []byte, text string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, text) // invalid UTF-8 does not get here
	for _, r := range string(quoted) {
		if odd(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// appendText appends a text: as it is where that means the same, in lines where it
// has several, and quoted otherwise. A depth below zero is that of a key.
func appendText(out []byte, text string, depth int) []byte {
	switch {
	case plain.MatchString(text) && !reserved.MatchString(text) && !strings.HasSuffix(text, " "):
		return append(out, text...)
	case depth < 0 || !literal(text):
		return appendQuoted(out, text)
	}
	mark := "|-"
	if strings.HasSuffix(text, "\n") {
		mark = "|"
	}
	out = append(out, mark...)
	for line := range strings.Lines(strings.TrimSuffix(text, "\n")) {
		out = append(out, '\n')
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			out = append(append(out, strings.Repeat("  ", max(depth, 1))...), line...)
		}
	}
	return out
}

// literal reports whether a text can stand in lines: each keeps its blanks, but the
// first must not begin with one, and only one may be empty at the end.
func literal(text string) bool {
	body := strings.TrimSuffix(text, "\n")
	return strings.Contains(body, "\n") && !strings.HasSuffix(body, "\n") && body[0] != ' ' && body[0] != '\n' &&
		!strings.ContainsFunc(body, func(r rune) bool { return r < ' ' && r != '\n' || odd(r) })
}
