package codec

import (
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A parameter or form with structure is read in two steps: its texts become a
// JSON document whose scalars are all strings, and a decoder in text mode, which
// reads numbers and booleans from strings, decodes that.

// tree is a value made of texts: some texts, or members by name.
type tree struct {
	texts   []string
	json    bool // the text is JSON already
	names   []string
	members map[string]*tree
}

// maxNesting bounds the brackets in the name of a form field.
const maxNesting = 32

// child returns the member with the name, made when it is not there yet.
func (t *tree) child(name string) *tree {
	if c := t.members[name]; c != nil {
		return c
	}
	if t.members == nil {
		t.members = map[string]*tree{}
	}
	c := new(tree)
	t.members[name] = c
	t.names = append(t.names, name)
	return c
}

// add puts the values of a field such as lines[0][amount] into the tree; path is
// its name cut at the brackets. Empty brackets in the middle count the values.
func (t *tree) add(path []string, values []string) {
	for i, value := range values {
		at := t
		for depth, name := range path {
			if name == "" {
				if depth == len(path)-1 {
					break // the texts of a list
				}
				name = strconv.Itoa(i)
			}
			at = at.child(name)
		}
		at.texts = append(at.texts, value)
	}
}

// list returns the members of a tree whose names count from 0, in that order.
func (t *tree) list() ([]*tree, bool) {
	out := make([]*tree, len(t.names))
	for _, name := range t.names {
		n, err := strconv.Atoi(name)
		if err != nil || n < 0 || n >= len(out) || out[n] != nil {
			return nil, false
		}
		out[n] = t.members[name]
	}
	return out, true
}

// appendJSON appends the tree as JSON.
func (t *tree) appendJSON(buf []byte) []byte {
	if len(t.names) == 0 {
		if len(t.texts) == 1 {
			return t.appendText(buf, t.texts[0])
		}
		buf = append(buf, '[')
		for i, text := range t.texts {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = t.appendText(buf, text)
		}
		return append(buf, ']')
	}
	if items, ok := t.list(); ok {
		buf = append(buf, '[')
		for i, item := range items {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = item.appendJSON(buf)
		}
		return append(buf, ']')
	}
	buf = append(buf, '{')
	for i, name := range t.names {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf, _ = jsontext.AppendQuote(buf, name)
		buf = t.members[name].appendJSON(append(buf, ':'))
	}
	return append(buf, '}')
}

func (t *tree) appendText(buf []byte, text string) []byte {
	if t.json && jsontext.Value(text).IsValid() {
		return append(buf, text...)
	}
	buf, _ = jsontext.AppendQuote(buf, text)
	return buf
}

// cutName cuts the name of a field at its brackets: filter[a][b] into filter, a
// and b. A name with brackets that do not close is left whole.
func cutName(name string) []string {
	first, rest, ok := strings.Cut(name, "[")
	if !ok || first == "" || !strings.HasSuffix(rest, "]") {
		return []string{name}
	}
	path := append([]string{first}, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
	if len(path) > maxNesting {
		return []string{name}
	}
	return path
}

// Encoding says how one member of a form is written when it is not written the
// usual way: repeated for lists, with brackets for objects.
type Encoding struct {
	Name  string
	Sep   string // between the items of a list in one text
	Pairs bool   // Sep is between the names and values of an object
	JSON  bool   // the text is JSON
}

// fields makes a tree of form fields.
func fields(values url.Values, encodings []Encoding) *tree {
	root := new(tree)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(encodings, func(e Encoding) bool { return e.Name == name })
		if i < 0 {
			root.add(cutName(name), values[name])
			continue
		}
		child := root.child(name)
		switch e := encodings[i]; {
		case e.Pairs:
			child.pairs(strings.Split(strings.Join(values[name], e.Sep), e.Sep), false, plain)
		case e.Sep != "":
			child.texts = nil
			for _, text := range values[name] {
				child.texts = append(child.texts, strings.Split(text, e.Sep)...)
			}
		default:
			child.texts, child.json = values[name], e.JSON
		}
	}
	return root
}

// pairs adds the members of an object: name=value parts, or names and values in turn.
func (t *tree) pairs(parts []string, equals bool, unescape func(string) string) bool {
	for i := 0; i < len(parts); i++ {
		name, value, ok := parts[i], "", true
		switch {
		case equals:
			name, value, _ = strings.Cut(parts[i], "=")
		case i+1 < len(parts):
			i++
			value = parts[i]
		default:
			ok = len(parts) == 1 && name == "" // an empty object
		}
		if !ok {
			return false
		}
		if name != "" {
			child := t.child(unescape(name))
			child.texts = append(child.texts, unescape(value))
		}
	}
	return true
}

func plain(text string) string { return text }

// single enters a text that stands where a list is expected: a list of one.
func (d *Decoder) single() bool {
	if d.err != nil || d.alone != 0 || d.json.PeekKind() != '"' {
		return false
	}
	d.alone = 1
	return true
}

func (d *Decoder) moreAlone() bool {
	if d.alone == 1 {
		d.alone = 2
		return true
	}
	d.alone = 0
	return false
}

func (d *Decoder) textBool(v *bool) bool {
	tok, err := d.json.ReadToken()
	if d.err = err; err != nil {
		return false
	}
	text := tok.String()
	if text != "true" && text != "false" {
		d.Report("must be true or false")
		return false
	}
	*v = text == "true"
	return true
}

// notFloat is the fault of a text that makes no float.
func notFloat(err error) string {
	if errors.Is(err, strconv.ErrRange) {
		return "is too large"
	}
	return "must be a number"
}

// DecodeForm decodes a form body. The encodings are those of members that are
// not written the usual way.
func (in *Request) DecodeForm(decode func(*Decoder), encodings ...Encoding) {
	text, err := io.ReadAll(in.r.Body)
	var values url.Values
	if err == nil {
		values, err = url.ParseQuery(string(text))
	}
	if err != nil {
		in.err = readFailure(err, "the body is not a valid form")
		return
	}
	t := fields(values, encodings)
	if len(t.names) == 0 {
		in.document(strings.NewReader("{}"), "body", "", decode)
		return
	}
	in.decodeTree(t, "body", "", decode)
}
