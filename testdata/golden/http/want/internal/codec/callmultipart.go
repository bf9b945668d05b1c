package codec

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
)

// NewMultipart returns parts to send: files, whose Name is that of the form
// field. They are read while the request is sent, one after the other.
func NewMultipart(parts ...*Part) *Multipart { return &Multipart{ahead: parts} }

// MultipartBody sends what was written as the values of a multipart form, in
// front of the files. It is sent while it is read, so it cannot be sent again.
func (c *Call) MultipartBody(media string, files *Multipart, encodings ...Encoding) {
	var values []formField
	if len(c.buf) > 0 {
		values = c.form(encodings)
	}
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	c.StreamBody(baseOf(media)+"; boundary="+form.Boundary(), &lazy{PipeReader: reader, write: func() {
		err := writeForm(form, values, files)
		if err == nil {
			err = form.Close()
		}
		_ = writer.CloseWithError(err) // never fails
	}})
}

func writeForm(form *multipart.Writer, values []formField, files *Multipart) error {
	for _, v := range values {
		media := ""
		if v.json {
			media = "application/json"
		}
		if err := writePart(form, &Part{Name: v.name, Media: media, Reader: strings.NewReader(v.text)}); err != nil {
			return err
		}
	}
	for file, err := range files.All() {
		if err != nil {
			return fmt.Errorf("read file: %w", err)
		}
		if err := writePart(form, file); err != nil {
			return err
		}
	}
	return nil
}

var quotes = strings.NewReplacer("\\", "\\\\", `"`, "\\\"", "\r", "%0D", "\n", "%0A")

func writePart(form *multipart.Writer, p *Part) error {
	header := textproto.MIMEHeader{}
	if p.Name != "" {
		disposition := `form-data; name="` + quotes.Replace(p.Name) + `"`
		if p.Filename != "" {
			disposition += `; filename="` + quotes.Replace(p.Filename) + `"`
		}
		header.Set("Content-Disposition", disposition)
	}
	if p.Media != "" {
		header.Set("Content-Type", p.Media)
	}
	w, err := form.CreatePart(header)
	if err == nil && p.Reader != nil {
		_, err = io.Copy(w, p)
	}
	return err
}
