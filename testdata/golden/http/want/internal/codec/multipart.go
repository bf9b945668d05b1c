package codec

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/http/internal/problem"
)

// Multipart is the parts of a multipart body that are still to be read. It reads
// from the connection, so it is of use until the handler returns.
type Multipart struct {
	reader   *multipart.Reader
	ahead    []*Part // read already
	required []string
	invalid  int
}

// Part is a file or another part of a multipart body.
type Part struct {
	Name     string // of the form field, "" when it has none
	Filename string // as the client says; never use it as a path
	Media    string // Content-Type
	io.Reader
}

// All returns the parts in the order they come. Each must be read before the
// next one is asked for. It ends with the first error, which is a problem.
func (m *Multipart) All() iter.Seq2[*Part, error] {
	return func(yield func(*Part, error) bool) {
		if m == nil {
			return
		}
		missing := slices.Clone(m.required)
		give := func(p *Part) bool {
			missing = slices.DeleteFunc(missing, func(name string) bool { return name == p.Name })
			return yield(p, nil)
		}
		for len(m.ahead) > 0 {
			p := m.ahead[0]
			m.ahead = m.ahead[1:]
			if !give(p) {
				return
			}
		}
		for {
			p, err := m.next()
			switch {
			case errors.Is(err, io.EOF):
				if len(missing) > 0 {
					yield(nil, problem.Invalid(m.invalid, absent(missing)))
				}
				return
			case err != nil:
				yield(nil, err)
				return
			case !give(p):
				return
			}
		}
	}
}

func (m *Multipart) next() (*Part, error) {
	if m.reader == nil {
		return nil, io.EOF
	}
	p, err := m.reader.NextPart()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, readFailure(err, "the body is not valid multipart")
	}
	return &Part{Name: p.FormName(), Filename: p.FileName(), Media: p.Header.Get("Content-Type"), Reader: p}, nil
}

func absent(names []string) []problem.Violation {
	var out []problem.Violation
	for _, name := range names {
		out = append(out, problem.Violation{In: "body", Pointer: "/" + escapePointer(name), Detail: "is required"})
	}
	return out
}

// lookAhead bounds how much of the files is kept in memory while values are
// looked for behind them. Values behind more than that come as parts.
const lookAhead = 1 << 20

// Form says what a multipart form consists of.
type Form struct {
	Values   []string    // members that are no files
	Open     bool        // so is every other part without a file name
	Files    **Multipart // where the files go; nil: there are none
	Required []string    // files that must be there
}

// Parts hands over the parts of a multipart body unread. Those that are required
// must have come when the last one has been read.
func (in *Request) Parts(v **Multipart, required ...string) {
	reader, err := in.r.MultipartReader()
	if err != nil {
		in.err = problem.New(http.StatusBadRequest, "the body is not multipart: "+err.Error())
		return
	}
	*v = &Multipart{reader: reader, required: required, invalid: in.invalid}
}

// DecodeParts decodes the values of a multipart form and hands over its files unread.
func (in *Request) DecodeParts(form Form, decode func(*Decoder), encodings ...Encoding) {
	var m *Multipart
	if in.Parts(&m, form.Required...); m == nil {
		return
	}
	values, whole, err := in.formValues(m, form, &encodings)
	if err != nil {
		in.err = err
		return
	}
	if form.Files != nil {
		*form.Files = m
	}
	t := fields(values, encodings)
	if len(t.names) == 0 {
		in.document(strings.NewReader("{}"), "body", "", decode)
	} else {
		in.decodeTree(t, "body", "", decode)
	}
	if whole {
		missing := slices.DeleteFunc(slices.Clone(form.Required), func(name string) bool {
			return slices.ContainsFunc(m.ahead, func(p *Part) bool { return p.Name == name })
		})
		in.faults = append(in.faults, absent(missing)...)
	}
}

// formValues reads the parts of a form until it has all values, or more of the files
// than it may keep. whole tells that nothing is left to read.
func (in *Request) formValues(m *Multipart, form Form, encodings *[]Encoding) (values url.Values, whole bool, err error) {
	values = url.Values{}
	room := int64(lookAhead)
	for {
		p, err := m.next()
		if errors.Is(err, io.EOF) {
			return values, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		name := cutName(p.Name)[0]
		if slices.Contains(form.Values, name) || slices.Contains(form.Values, p.Name) || form.Open && p.Filename == "" {
			text, err := io.ReadAll(p)
			if err != nil {
				return nil, false, readFailure(err, "the body is not valid multipart")
			}
			if isJSON(p.Media) && !values.Has(p.Name) {
				*encodings = append(*encodings, Encoding{Name: p.Name, JSON: true})
			}
			values.Add(p.Name, string(text))
			continue
		}
		if form.Files == nil {
			continue
		}
		if len(values) >= len(form.Values) || room <= 0 {
			m.ahead = append(m.ahead, p)
			return values, false, nil
		}
		var kept bytes.Buffer
		n, err := io.CopyN(&kept, p, room)
		if err == nil { // the room is used up
			p.Reader = io.MultiReader(&kept, p.Reader)
			m.ahead = append(m.ahead, p)
			return values, false, nil
		}
		if !errors.Is(err, io.EOF) {
			return nil, false, readFailure(err, "the body is not valid multipart")
		}
		room -= n
		p.Reader = &kept
		m.ahead = append(m.ahead, p)
	}
}
