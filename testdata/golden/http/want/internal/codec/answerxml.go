package codec

import "io"

// TakeXML decodes the body as XML, see [Request.DecodeXML].
func (a *Answer) TakeXML(media string, types XMLTypes, root XML, decode func(*Decoder)) {
	defer a.Close()
	if !a.expect(media) {
		return
	}
	a.r.Body = struct {
		io.Reader
		io.Closer
	}{a.bounded(), a.r.Body}
	a.DecodeXML(types, root, decode)
}

// TakeAccepted decodes the body as JSON, or as XML when it is of that media type.
func (a *Answer) TakeAccepted(media, xml string, types XMLTypes, root XML, decode func(*Decoder)) {
	if isXML(a.media) {
		a.TakeXML(xml, types, root, decode)
		return
	}
	a.TakeJSON(media, decode)
}
