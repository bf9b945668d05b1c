package model

import (
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// templated matches the parameters of a path template.
var templated = regexp.MustCompile(`\{[^}]*\}`)

// pathNames returns the names of the parameters of a path template in order.
func pathNames(template string) []string {
	var names []string
	for _, expr := range templated.FindAllString(template, -1) {
		names = append(names, pathName(expr))
	}
	return names
}

// pathName returns the name in a template expression: "id" of "{id}", and of
// "{+id}", "{.id}", "{;id}" and "{id*}", the operators of RFC 6570.
func pathName(expr string) string {
	name := strings.TrimSuffix(strings.TrimPrefix(expr, "{"), "}")
	if plain := strings.TrimSuffix(strings.TrimLeft(name, "+.;"), "*"); plain != "" {
		return plain
	}
	return name
}

// pathShape is a path template with anonymous parameters: templates of the same
// shape take the same requests.
func pathShape(template string) string {
	return templated.ReplaceAllStringFunc(template, func(expr string) string {
		if spans(expr) {
			return "{+}"
		}
		return "{}"
	})
}

// routeShape is what tells the requests of an operation from those of others.
func routeShape(o *spec.Operation) string {
	path, query := cutPath(o.Path)
	return o.Method + " " + pathShape(path) + "?" + query
}

// spans reports whether a template expression takes slashes too.
func spans(expr string) bool { return strings.HasPrefix(expr, "{+") }

// cutPath cuts a path template at the query or fragment that some documents put
// into it: "/#Action=Send" is the path "/" of requests with the query "Action=Send".
// A fragment of another kind, such as "section", asks for nothing.
func cutPath(template string) (path, query string) {
	i := strings.IndexAny(templated.ReplaceAllStringFunc(template, func(expr string) string {
		return strings.Repeat("x", len(expr))
	}), "?#")
	if i < 0 {
		return template, ""
	}
	pairs := strings.Split(strings.Trim(template[i:], "?#&"), "&")
	pairs = slices.DeleteFunc(pairs, func(pair string) bool { return strings.Index(pair, "=") < 1 })
	return template[:i], strings.Join(pairs, "&")
}
