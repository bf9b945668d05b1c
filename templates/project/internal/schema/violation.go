package schema

import (
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

var english = message.NewPrinter(language.English)

// violations lists the reasons at the leaves of a failed validation.
func violations(e *jsonschema.ValidationError) []problem.Violation {
	at := func(detail string, member ...string) []problem.Violation {
		return []problem.Violation{{Pointer: pointer(append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], member...)), Detail: detail}}
	}
	var out []problem.Violation
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			out = append(out, at("is required", name)...)
		}
		return out
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			out = append(out, at("is not a known member", name)...)
		}
		return out
	case *kind.PropertyNames:
		why := ""
		for _, cause := range e.Causes {
			for _, v := range violations(cause) {
				why += ": " + v.Detail
			}
		}
		return at("is not an allowed name"+why, k.Property)
	case *kind.FalseSchema:
		return at("is not allowed")
	case *kind.Not:
		return at("is a value that is not allowed")
	case *kind.Type:
		return at("must be " + strings.Join(k.Want, " or "))
	case *kind.OneOf:
		if len(k.Subschemas) > 0 {
			return at("matches more than one of the alternatives")
		}
		return append(at("matches none of the alternatives"), closest(e.Causes)...)
	case *kind.AnyOf:
		return append(at("matches none of the alternatives"), closest(e.Causes)...)
	}
	if len(e.Causes) == 0 {
		return at(e.ErrorKind.LocalizedString(english))
	}
	for _, cause := range e.Causes {
		out = append(out, violations(cause)...)
	}
	return out
}

// closest returns the reasons of the alternative with the fewest.
func closest(alternatives []*jsonschema.ValidationError) []problem.Violation {
	var best []problem.Violation
	for _, a := range alternatives {
		if v := violations(a); best == nil || len(v) < len(best) {
			best = v
		}
	}
	return best
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

func pointer(location []string) string {
	var b strings.Builder
	for _, token := range location {
		b.WriteByte('/')
		b.WriteString(escaper.Replace(token))
	}
	return b.String()
}
