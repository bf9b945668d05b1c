package model

import (
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// publish takes over what the service tells about itself, unless the API has those
// paths itself.
func (b *builder) publish(doc *spec.Document) {
	if !b.p.Features.Docs {
		return
	}
	b.p.Published = doc.Published
	taken := map[string]bool{}
	for _, p := range doc.Published {
		taken["/"+p.File()+".json"], taken["/"+p.File()+".yaml"] = true, true
	}
	for _, path := range doc.Paths {
		first, _, _ := strings.Cut(strings.TrimPrefix(path.Template, "/"), "/")
		if first == "docs" || taken[path.Template] {
			b.diags.Warnf(path.Pos, "", "the API has the path %s itself: the feature docs is left out", path.Template)
			b.p.Published = nil
			break
		}
	}
	b.p.Features.Docs = len(b.p.Published) > 0
}
