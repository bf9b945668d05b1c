package conformance

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// XML bodies are written and read by the oracle's view of the document. It knows
// no alternatives, and no names that XML cannot hold: those go as JSON.

func isXML(media string) bool {
	base, _, _ := strings.Cut(media, ";")
	return base == "application/xml" || base == "text/xml"
}

// errNoXML is what cannot be written by such simple means.
var errNoXML = errors.New("not written as XML")

// inXML turns the body of a call into XML and asks for XML, where the document
// offers it: one, the other, or both, as the round says.
func (r *runner) inXML(c *call, round int) {
	_, operation := r.oracle.operation(c.op)
	if operation == nil {
		return
	}
	if c.body != nil && c.body.value != "" && (round%4 == 1 || round%4 == 3 || isXML(c.body.media)) {
		for _, m := range c.op.Body.Content {
			ref := r.oracle.bodySchema(c.op, m.Type)
			if !isXML(m.Type) || ref == nil {
				continue
			}
			if text, err := writeXML(ref, c.body.value); err == nil {
				c.body.media, c.body.data = m.Type, text
				r.report.XML++
			}
			break
		}
	}
	if round%4 < 2 {
		return
	}
	for _, answer := range c.op.Responses {
		i := slices.IndexFunc(answer.Content, func(m *spec.MediaType) bool { return isXML(m.Type) })
		if strings.HasPrefix(answer.Status, "2") && i >= 0 {
			c.accept = answer.Content[i].Type
		}
	}
}

// asJSON returns the JSON for the body of an answer that is XML.
func (o *oracle) asJSON(op *spec.Operation, a *answer) []byte {
	media := a.header.Get("Content-Type")
	_, operation := o.operation(op)
	if !isXML(media) || operation == nil {
		return a.body
	}
	response := operation.Responses.Status(a.status)
	if response == nil || response.Value == nil || response.Value.Content.Get(media) == nil {
		return a.body
	}
	value, err := readXML(bytes.NewReader(a.body), nil, response.Value.Content.Get(media).Schema, nil)
	if err != nil {
		return a.body
	}
	text, err := json.Marshal(value)
	if err != nil {
		return a.body
	}
	return text
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// words is what a schema says about XML.
func words(ref *openapi3.SchemaRef) openapi3.XML {
	switch {
	case ref == nil || ref.Value == nil:
		return openapi3.XML{}
	case ref.Value.XML != nil:
		return *ref.Value.XML
	case len(ref.Value.AllOf) == 1:
		return words(ref.Value.AllOf[0])
	}
	return openapi3.XML{}
}

// schemaMembers collects the properties of a schema and its parts. What several parts
// describe is taken from the one that speaks of XML, else from the last.
func schemaMembers(ref *openapi3.SchemaRef, into map[string]*openapi3.SchemaRef) map[string]*openapi3.SchemaRef {
	for _, part := range ref.Value.AllOf {
		schemaMembers(part, into)
	}
	for name, p := range ref.Value.Properties {
		if old := into[name]; old == nil || words(old).Name == "" && !words(old).Wrapped {
			into[name] = p
		}
	}
	return into
}

// part looks for something in a schema and the parts of its allOf.
func part[T any](ref *openapi3.SchemaRef, get func(*openapi3.Schema) *T) *T {
	if ref == nil || ref.Value == nil {
		return nil
	}
	if v := get(ref.Value); v != nil {
		return v
	}
	for _, p := range ref.Value.AllOf {
		if v := part(p, get); v != nil {
			return v
		}
	}
	return nil
}

func itemSchema(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	return part(ref, func(s *openapi3.Schema) *openapi3.SchemaRef { return s.Items })
}

func extraSchema(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	return part(ref, func(s *openapi3.Schema) *openapi3.SchemaRef { return s.AdditionalProperties.Schema })
}

// writeXML writes a JSON text.
func writeXML(ref *openapi3.SchemaRef, text string) ([]byte, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	name := words(ref).Name
	if name == "" && ref.Ref != "" {
		name = path.Base(ref.Ref)
	}
	if name == "" {
		name = "anything"
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	err := writeElement(&b, name, ref, value)
	return b.Bytes(), err
}

func writeElement(b *bytes.Buffer, name string, ref *openapi3.SchemaRef, value any) error {
	if !plainName.MatchString(name) || ref != nil && ref.Value != nil && len(ref.Value.OneOf)+len(ref.Value.AnyOf) > 0 {
		return errNoXML
	}
	open := name
	if space := words(ref).Namespace; space != "" {
		open += fmt.Sprintf(" xmlns=%q", space)
	}
	var inner bytes.Buffer
	switch v := value.(type) {
	case nil:
		open += ` xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"`
	case map[string]any:
		if ref == nil || ref.Value == nil {
			return errNoXML
		}
		attributes, err := writeMembers(&inner, ref, v)
		if err != nil {
			return err
		}
		open += attributes
	case []any:
		item, items := name, itemSchema(ref)
		if n := words(items).Name; n != "" {
			item = n
		} else if items != nil && items.Ref != "" && words(ref).Name == "" {
			item = path.Base(items.Ref)
		}
		for _, x := range v {
			if err := writeElement(&inner, item, items, x); err != nil {
				return err
			}
		}
	default:
		if err := xml.EscapeText(&inner, fmt.Append(nil, v)); err != nil {
			return err
		}
	}
	fmt.Fprintf(b, "<%s>%s</%s>", open, inner.Bytes(), name)
	return nil
}

func writeMembers(b *bytes.Buffer, ref *openapi3.SchemaRef, object map[string]any) (attributes string, err error) {
	known := schemaMembers(ref, map[string]*openapi3.SchemaRef{})
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, p := object[name], known[name]
		if p == nil {
			p = extraSchema(ref)
		}
		said, element := words(p), name
		if known[name] != nil && said.Name != "" {
			element = said.Name
		}
		list, isList := value.([]any)
		switch {
		case said.Attribute:
			var text bytes.Buffer
			if err := xml.EscapeText(&text, fmt.Append(nil, value)); err != nil {
				return "", err
			}
			attributes += fmt.Sprintf(` %s="%s"`, element, text.String())
		case isList && said.Wrapped:
			inner := element
			if n := words(itemSchema(p)).Name; n != "" {
				inner = n
			}
			fmt.Fprintf(b, "<%s>", element)
			for _, x := range list {
				if err := writeElement(b, inner, itemSchema(p), x); err != nil {
					return "", err
				}
			}
			fmt.Fprintf(b, "</%s>", element)
		case isList && len(list) == 0:
			return "", errNoXML
		case isList:
			inner := name
			if n := words(itemSchema(p)).Name; n != "" {
				inner = n
			}
			for _, x := range list {
				if err := writeElement(b, inner, itemSchema(p), x); err != nil {
					return "", err
				}
			}
		default:
			if err := writeElement(b, element, p, value); err != nil {
				return "", err
			}
		}
	}
	return attributes, nil
}

// element is a parsed element.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []*element `xml:",any"`
	Text     string     `xml:",chardata"`
}

// readXML is a body decoder of the oracle.
func readXML(r io.Reader, _ http.Header, ref *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	var root element
	if err := xml.NewDecoder(r).Decode(&root); err != nil {
		return nil, err
	}
	return root.value(ref), nil
}

func (e *element) value(ref *openapi3.SchemaRef) any {
	for _, a := range e.Attrs {
		if a.Name.Local == "nil" && a.Value == "true" {
			return nil
		}
	}
	types := part(ref, func(s *openapi3.Schema) *openapi3.Types { return s.Type })
	switch {
	case itemSchema(ref) != nil:
		list := []any{}
		for _, c := range e.Children {
			list = append(list, c.value(itemSchema(ref)))
		}
		return list
	case types != nil && (types.Includes("integer") || types.Includes("number")):
		return json.Number(e.Text)
	case types != nil && types.Includes("boolean") && (e.Text == "true" || e.Text == "false"):
		return e.Text == "true"
	case ref != nil && ref.Value != nil && (types != nil && types.Includes("object") || types == nil && len(schemaMembers(ref, map[string]*openapi3.SchemaRef{})) > 0):
		return e.object(ref)
	}
	return e.Text
}

func (e *element) object(ref *openapi3.SchemaRef) map[string]any {
	out := map[string]any{}
	taken := map[*element]bool{}
	for name, p := range schemaMembers(ref, map[string]*openapi3.SchemaRef{}) {
		said, local := words(p), name
		if said.Name != "" {
			local = said.Name
		}
		flat := itemSchema(p) != nil && !said.Wrapped
		if flat {
			if local = words(itemSchema(p)).Name; local == "" {
				local = name
			}
		}
		for _, a := range e.Attrs {
			if said.Attribute && a.Name.Local == local {
				out[name] = (&element{Text: a.Value}).value(p)
			}
		}
		var list []any
		for _, c := range e.Children {
			switch {
			case said.Attribute || c.XMLName.Local != local:
				continue
			case flat:
				list = append(list, c.value(itemSchema(p)))
			default:
				out[name] = c.value(p)
			}
			taken[c] = true
		}
		if flat && (list != nil || slices.Contains(ref.Value.Required, name)) {
			out[name] = append([]any{}, list...)
		}
	}
	for _, c := range e.Children {
		if !taken[c] {
			out[c.XMLName.Local] = c.value(extraSchema(ref))
		}
	}
	return out
}
