package codec

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
)

// TestDecodeParts reads forms whose parts come in any order.
func TestDecodeParts(t *testing.T) {
	big := strings.Repeat("x", lookAhead+10)
	for _, tt := range []struct{ name, parts, want string }{
		{"values first", "R=1 name=Ann @file=abc", "1 Ann file:abc"},
		{"file first", "@file=abc R=1 name=Ann", "1 Ann file:abc"},
		{"large file last", "R=1 name=Ann @file=" + big, "1 Ann file:" + big},
		{"large file first", "@file=" + big + " R=1", "body /R: is required"},
		{"value behind a large file", "R=1 @file=" + big + " name=Ann", "1  file:" + big + " name:Ann"},
		{"two files", "R=1 name=Ann @file=a @more=b", "1 Ann file:a more:b"},
		{"no file", "R=1 name=Ann", "body /file: is required"},
		{"wrong value", "R=x @file=abc", "body /R: must be an integer"},
		{"value with a file name", "@R=1 @file=abc", "1  file:abc"},
	} {
		in := NewRequest(httptest.NewRequest("POST", "/", nil), 400)
		in.r.Header, in.r.Body = form(t, tt.parts)
		var files *Multipart
		var got colour
		in.DecodeParts(Form{Values: []string{"R", "name"}, Files: &files, Required: []string{"file"}},
			func(d *Decoder) { decodeColour(d, &got) })
		text := fmt.Sprint(got.R, " ", got.Name)
		if in.Err() != nil {
			text = in.faults[0].String()
		} else {
			for part, err := range files.All() {
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				data, err := io.ReadAll(part)
				if err != nil {
					t.Fatal(err)
				}
				text += " " + part.Name + ":" + string(data)
			}
		}
		if text != tt.want {
			t.Errorf("%s: got %.80s, want %.80s", tt.name, text, tt.want)
		}
	}
}

func form(t *testing.T, parts string) (header map[string][]string, body io.ReadCloser) {
	t.Helper()
	var out strings.Builder
	w := multipart.NewWriter(&out)
	for part := range strings.FieldsSeq(parts) {
		name, value, _ := strings.Cut(part, "=")
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q", name))
		if plain, ok := strings.CutPrefix(name, "@"); ok {
			h.Set("Content-Disposition", fmt.Sprintf("form-data; name=%q; filename=%q", plain, plain))
		}
		p, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(p, value)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return map[string][]string{"Content-Type": {w.FormDataContentType()}}, io.NopCloser(strings.NewReader(out.String()))
}
