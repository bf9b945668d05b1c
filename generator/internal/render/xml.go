package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// hasXML reports whether values travel as XML.
func hasXML(p *model.Project) bool {
	carries := func(b *model.Body) bool { return b != nil && b.XML != nil }
	return slices.ContainsFunc(p.Operations, func(o *model.Operation) bool {
		return slices.ContainsFunc(o.Bodies(), carries) ||
			slices.ContainsFunc(o.Successes, func(s *model.Success) bool { return carries(s.Body) })
	}) || slices.ContainsFunc(p.Failures, func(f *model.Failure) bool { return carries(f.Body) }) ||
		slices.ContainsFunc(p.Webhooks, func(w *model.Webhook) bool { return carries(w.Body) })
}

// xmlType is the entry of a type in the table of those that travel as XML.
func xmlType(t *model.XMLType) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%q: {", t.Name)
	if len(t.Members) > 0 {
		out.WriteString("Members: []codec.XML{\n")
		for _, m := range t.Members {
			out.WriteString(xmlNode(m) + ",\n")
		}
		out.WriteString("}")
	}
	var rest []string
	if len(t.Members) > 0 {
		rest = append(rest, "")
	}
	if t.Rest != nil {
		rest = append(rest, "Rest: &codec.XML"+xmlNode(t.Rest))
	}
	if t.Closed {
		rest = append(rest, "Closed: true")
	}
	if t.Mixed {
		rest = append(rest, "Mixed: true")
	}
	return out.String() + strings.Join(rest, ", ") + "},"
}

// xmlNode is the literal of a codec.XML without its type.
func xmlNode(n *model.XMLNode) string {
	var list []string
	text := func(name, value string) {
		if value != "" {
			list = append(list, fmt.Sprintf("%s: %q", name, value))
		}
	}
	flag := func(name string, set bool) {
		if set {
			list = append(list, name+": true")
		}
	}
	node := func(name string, n *model.XMLNode) {
		if n != nil {
			list = append(list, name+": &codec.XML"+xmlNode(n))
		}
	}
	text("Member", n.Member)
	text("Name", n.Name)
	text("Space", n.Space)
	text("Prefix", n.Prefix)
	if n.As != "" {
		list = append(list, "As: codec."+map[string]string{"attribute": "XMLAttribute", "text": "XMLText", "cdata": "XMLCData"}[n.As])
	}
	text("Type", n.Type)
	flag("Flat", n.Flat)
	flag("Required", n.Required)
	node("Item", n.Item)
	node("Value", n.Value)
	flag("Any", n.Any)
	flag("Exact", n.Exact)
	return "{" + strings.Join(list, ", ") + "}"
}

// xmlRoot are the arguments that say how a body is written as XML.
func xmlRoot(b *model.Body) string { return "xmlTypes, codec.XML" + xmlNode(b.XML.Root) }

// decodeBody is the reading of a body in the notations that it may have.
func decodeBody(b *model.Body, decode string) string {
	readXML := ""
	if b.XML != nil {
		readXML = "in.DecodeXML(" + xmlRoot(b) + ", %s)"
	}
	var cases []string
	if b.Form != nil {
		cases = append(cases, fmt.Sprintf("case in.Is(%q):\nin.DecodeForm(decode%s)", b.Form.Media, encodingList(b.Form)))
	}
	last := "in.DecodeBody(%s)"
	switch {
	case b.Only():
		last = readXML
	case b.XML != nil:
		cases = append(cases, fmt.Sprintf("case in.Is(%s):\n", strings.TrimPrefix(quoted(b.XML.Media), ", "))+fmt.Sprintf(readXML, "decode"))
	}
	switch len(cases) {
	case 0:
		return fmt.Sprintf(last, decode)
	case 1:
		return fmt.Sprintf("decode := %s\nif %s\n} else {\n%s\n}", decode,
			strings.Replace(strings.TrimPrefix(cases[0], "case "), ":\n", " {\n", 1), fmt.Sprintf(last, "decode"))
	}
	return fmt.Sprintf("decode := %s\nswitch {\n%s\ndefault:\n%s\n}", decode, strings.Join(cases, "\n"), fmt.Sprintf(last, "decode"))
}

// accept is the choice of the media type of the answer. Handlers that choose
// among several answers are told of JSON where XML is another notation of it.
func accept(o *model.Operation) string {
	offers := acceptTypes(o)
	if !o.Negotiates() {
		return fmt.Sprintf("in.Accept(&req.%s%s)", o.Accept, offers)
	}
	out := fmt.Sprintf("var accepted string\nin.Accept(&accepted%s)", offers)
	if o.Accept == "" {
		return out
	}
	out += "\nswitch req." + o.Accept + " = accepted; accepted {\n"
	seen := map[string]bool{}
	for _, s := range o.Successes {
		if s.Body == nil || s.Body.XML == nil || s.Body.Only() {
			continue
		}
		for _, media := range s.Body.XML.Media {
			if !seen[media] {
				out += fmt.Sprintf("case %q:\nreq.%s = %q\n", media, o.Accept, s.Body.Media)
			}
			seen[media] = true
		}
	}
	return out + "}"
}

// acceptedParam is the parameter of the methods that write an answer in the
// notation that the client prefers.
func acceptedParam(o *model.Operation, s *model.Success) string {
	switch {
	case !o.Negotiates():
		return ""
	case s != nil && (s.Body == nil || s.Body.XML == nil || s.Body.Only()):
		return ", _ string"
	}
	return ", accepted string"
}

// acceptedArg is the argument for it.
func acceptedArg(o *model.Operation) string {
	if o.Negotiates() {
		return ", accepted"
	}
	return ""
}

// writeValue is the call that sends a value, as JSON, XML or what the client prefers.
func writeValue(b *model.Body, status, media, encode string) string {
	switch {
	case b.XML == nil:
		return fmt.Sprintf("codec.WriteJSON(w, %s, %q, %s)", status, media, encode)
	case b.Only():
		return fmt.Sprintf("codec.WriteXML(w, %s, %q, %s, %s)", status, media, xmlRoot(b), encode)
	}
	return fmt.Sprintf("codec.WriteAccepted(w, %s, accepted, %q, %s, %s)", status, media, xmlRoot(b), encode)
}

// takeValue is the beginning of the call that reads a value from an answer.
func takeValue(b *model.Body) string {
	switch {
	case b.XML == nil:
		return fmt.Sprintf("TakeJSON(%q, ", jsonMedia(b))
	case b.Only():
		return fmt.Sprintf("TakeXML(%q, %s, ", b.Media, xmlRoot(b))
	}
	return fmt.Sprintf("TakeAccepted(%q, %q, %s, ", jsonMedia(b), b.XML.Media[0], xmlRoot(b))
}

// sendValue is the call that makes a value the body of a request: XML only where
// the service takes nothing else.
func sendValue(b *model.Body, media string) string {
	if b.Only() {
		return fmt.Sprintf("XMLBody(%s, %s)", media, xmlRoot(b))
	}
	return fmt.Sprintf("JSONBody(%s)", media)
}
