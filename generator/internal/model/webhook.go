package model

import (
	"maps"
	"slices"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Webhook is a request that the service sends: a webhook of the document, or a
// callback of an operation.
type Webhook struct {
	Name   string // Go method: "NewBooking"
	Method string // "POST"
	Title  string // what the document calls it
	Doc    string
	Body   *Body // nil: none
}

// webhooks builds the requests that the service sends.
func (b *builder) webhooks(doc *spec.Document) {
	names := maps.Clone(occupied)
	names["Client"], names["Prepare"] = true, true
	for _, p := range doc.Webhooks {
		for _, so := range p.Operations {
			b.webhook(names, so, Exported(p.Template), "webhook "+p.Template)
		}
	}
	seen := map[string]bool{} // a callback that several operations share
	for _, path := range doc.Paths {
		for _, so := range path.Operations {
			for _, p := range so.Callbacks {
				for _, c := range p.Operations {
					if key := p.Name + c.Method + c.Pos.String(); !seen[key] {
						seen[key] = true
						b.webhook(names, c, Exported(p.Name), "callback "+p.Name+", declared for "+p.Template)
					}
				}
			}
		}
	}
}

// sends reports whether the service sends requests of its own.
func sends(doc *spec.Document) bool {
	return len(doc.Webhooks) > 0 || slices.ContainsFunc(doc.Paths, func(p *spec.Path) bool {
		return slices.ContainsFunc(p.Operations, func(o *spec.Operation) bool { return len(o.Callbacks) > 0 })
	})
}

func (b *builder) webhook(names scope, so *spec.Operation, name, title string) {
	if so.ID != "" {
		name = Exported(so.ID)
	}
	name = asked(so.Extensions, name)
	w := &Webhook{Name: names.pick(name, name+Exported(so.Method)), Method: so.Method, Title: title, Doc: so.Summary}
	if w.Doc == "" {
		w.Doc = so.Description
	}
	if so.Body != nil {
		w.Body = b.body(so.Body.Content, w.Name+"Payload")
	}
	b.p.Webhooks = append(b.p.Webhooks, w)
}
