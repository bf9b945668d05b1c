package render

import (
	"fmt"

	"github.com/apigen-go/apigen/generator/internal/model"
)

func webhookDoc(w *model.Webhook) string {
	doc := fmt.Sprintf("%s sends the %s, to target.", w.Name, w.Title)
	if w.Doc != "" {
		doc += "\n" + w.Doc
	}
	return comment(doc)
}

// Webhook is the body of a method that sends a webhook.
func (f *apiFile) Webhook(w *model.Webhook) string {
	const call = "return s.send(ctx, %q, target, %q, %s)"
	b := w.Body
	switch {
	case b == nil:
		return fmt.Sprintf(call, w.Method, "", "nil")
	case b.Kind == model.StreamBody:
		return fmt.Sprintf(call, w.Method, sendable(b.Media), "body")
	case b.Kind == model.TextBody:
		return fmt.Sprintf(call, w.Method, sendable(b.Media), "strings.NewReader(body)")
	}
	p := &f.printer
	p.Reset()
	p.write(b.Type, "body", 0)
	media := b.Media
	if media == "*/*" {
		media = "application/json"
	}
	encode := "codec.Encode("
	if b.Only() {
		encode = "codec.EncodeXML(" + xmlRoot(b) + ", "
	}
	return fmt.Sprintf("text, err := "+encode+"func(e *codec.Encoder) {\n%s})\nif err != nil {\nreturn fmt.Errorf(\"encode body: %%w\", err)\n}\n", p.String()) +
		fmt.Sprintf(call, w.Method, media, "bytes.NewReader(text)")
}
