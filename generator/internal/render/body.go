package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

// acceptList is the list of media types that a request may have.
func acceptList(o *model.Operation) string {
	var list []string
	for _, b := range o.Bodies() {
		for _, media := range b.Accepts() {
			list = append(list, strconv.Quote(media))
		}
	}
	return strings.Join(list, ", ")
}

// RequestBody is the reading of the request body.
func (f *apiFile) RequestBody(o *model.Operation) string {
	var out strings.Builder
	if o.ContentType != "" {
		fmt.Fprintf(&out, "req.%s = in.Media()\n", o.ContentType)
	}
	bodies := o.Bodies()
	if len(bodies) == 1 {
		return out.String() + f.oneBody(o, bodies[0])
	}
	out.WriteString("switch {\n")
	for i, b := range bodies {
		if i == len(bodies)-1 {
			out.WriteString("default:\n")
		} else {
			fmt.Fprintf(&out, "case in.Is(%s):\n", strings.TrimPrefix(quoted(b.Accepts()), ", "))
		}
		out.WriteString(f.oneBody(o, b) + "\n")
	}
	return out.String() + "}"
}

// oneBody is the reading of a body of one kind.
func (f *apiFile) oneBody(o *model.Operation, b *model.Body) string {
	place := "req." + b.Field
	switch b.Kind {
	case model.StreamBody:
		return "in.Stream(&" + place + ")"
	case model.TextBody:
		return f.text(o, b, place)
	case model.MultipartBody:
		if b.Type == nil {
			return "in.Parts(&" + place + quoted(b.Needs) + ")"
		}
	case model.LinesBody:
		return fmt.Sprintf("%s = codec.Lines(in, func(d *codec.Decoder, v *%s) {\n%s})", place, b.Type.Go(""), f.decode(o, b, "v", "*v"))
	}
	var out strings.Builder
	ptr, value := "&"+place, place
	if b.Pointer() {
		fmt.Fprintf(&out, "%s = new(%s)\n", place, b.Type.Go(""))
		ptr, value = place, "*"+place
	}
	decode := fmt.Sprintf("func(d *codec.Decoder) {\n%s}", f.decode(o, b, ptr, value))
	switch {
	case b.Kind == model.FormBody:
		fmt.Fprintf(&out, "in.DecodeForm(%s%s)", decode, encodingList(b))
	case b.Kind == model.MultipartBody:
		form := fmt.Sprintf("Values: []string{%s}", strings.TrimPrefix(quoted(memberNames(b.Type)), ", "))
		if b.Parts != "" {
			form += ", Files: &req." + b.Parts
		}
		if b.Type.Extra != nil {
			form += ", Open: true"
		}
		if len(b.Needs) > 0 {
			form += fmt.Sprintf(", Required: []string{%s}", strings.TrimPrefix(quoted(b.Needs), ", "))
		}
		fmt.Fprintf(&out, "in.DecodeParts(codec.Form{%s}, %s%s)", form, decode, encodingList(b))
	default:
		out.WriteString(decodeBody(b, decode))
	}
	return out.String()
}

// text reads a body of text and checks what its schema asks of texts.
func (f *apiFile) text(o *model.Operation, b *model.Body, place string) string {
	p := &f.printer
	p.Reset()
	p.in = "in"
	p.checks(&model.Type{Kind: model.String}, b.Rules, place, o.Name+b.Field)
	call := "in.Text(&" + place + ")"
	if p.Len() == 0 {
		return call
	}
	return "if " + call + " {\n" + p.String() + "}"
}

// decode is what reads a body into a place.
func (f *apiFile) decode(o *model.Operation, b *model.Body, ptr, value string) string {
	p := &f.printer
	p.Reset()
	p.in = "d"
	if b.Nullable && b.Kind != model.LinesBody {
		p.line("if d.Null() {\nreq.%s = nil\nreturn\n}", b.Field)
	}
	p.read(b.Type, b.Rules, ptr, value, o.Name+b.Field, 0)
	return p.String()
}

// encodingList are the arguments for the members of a form that are not written
// the usual way.
func encodingList(b *model.Body) string {
	var out strings.Builder
	for _, e := range b.Encodings {
		fmt.Fprintf(&out, ", codec.Encoding{Name: %q", e.Name)
		if e.Sep != "" {
			fmt.Fprintf(&out, ", Sep: %q", e.Sep)
		}
		if e.Pairs {
			out.WriteString(", Pairs: true")
		}
		if e.JSON {
			out.WriteString(", JSON: true")
		}
		out.WriteString("}")
	}
	return out.String()
}

// acceptTypes are the media types among which the Accept header chooses.
func acceptTypes(o *model.Operation) string {
	var list []string
	for _, s := range o.Successes {
		if s.Body != nil {
			list = append(list, s.Body.Offers()...)
		}
	}
	var once []string
	for _, media := range list {
		if !slices.Contains(once, media) {
			once = append(once, media)
		}
	}
	return quoted(once)
}

// chooses reports whether the Accept header decides on the answer.
func chooses(o *model.Operation) bool { return o.Accept != "" || o.Negotiates() }

// requestField is the declaration of a body in the request struct.
func requestField(b *model.Body) string {
	out := b.Field + " " + b.RequestGo("")
	if b.Choice {
		out += " // " + strings.Join(b.Accepts(), ", ")
	}
	if b.Parts != "" {
		out += "\n// " + b.Parts + " are the files, in the order they come: read them before the handler returns.\n" + b.Parts + " *codec.Multipart"
	}
	return out
}
