package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

// oracle is a second opinion: kin-openapi's reading of the same document, which
// shares no code with the service.
type oracle struct {
	doc     *openapi3.T
	formats []openapi3.SchemaValidationOption
}

func newOracle(from *spec.Document) (*oracle, error) {
	doc, err := loadOracle(from)
	if err != nil {
		return nil, fmt.Errorf("load document for the oracle: %w", err)
	}
	// Bodies of other media types are compared as bytes.
	openapi3filter.RegisterBodyDecoder("*/*", openapi3filter.FileBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/xml", readXML)
	openapi3filter.RegisterBodyDecoder("text/xml", readXML)
	if doc.Components != nil {
		relax(doc.Components.Schemas)
	}
	return &oracle{doc: doc, formats: []openapi3.SchemaValidationOption{
		openapi3.WithStringFormatValidators(formatValidators()),
	}}, nil
}

func loadOracle(from *spec.Document) (*openapi3.T, error) {
	raw := from.Raw
	var head struct {
		Swagger string `json:"swagger"`
	}
	if json.Unmarshal(raw, &head) == nil && head.Swagger != "" {
		var old openapi2.T
		if err := json.Unmarshal(raw, &old); err != nil {
			return nil, err
		}
		return openapi2conv.ToV3(&old)
	}
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = len(from.Files) > 0
	return loader.LoadFromDataWithPath(raw, &url.URL{Path: filepath.ToSlash(from.File)})
}

// relax takes writeOnly members off the required lists of components. In 3.1
// the oracle judges by plain JSON Schema, which knows no directions, and it is
// asked about responses.
func relax(schemas openapi3.Schemas) {
	for _, ref := range schemas {
		if ref.Value == nil {
			continue
		}
		for name, p := range ref.Value.Properties {
			if p.Value != nil && p.Value.WriteOnly {
				ref.Value.Required = slices.DeleteFunc(ref.Value.Required, func(s string) bool { return s == name })
			}
		}
	}
}

func formatValidators() map[string]openapi3.StringFormatValidator {
	check := openapi3.NewCallbackValidator[string]
	return map[string]openapi3.StringFormatValidator{
		"uuid": openapi3.NewRegexpFormatValidator(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`),
		"date": check(func(s string) error {
			_, err := time.Parse(time.DateOnly, s)
			return err
		}),
		"date-time": check(func(s string) error {
			_, err := time.Parse(time.RFC3339, s)
			return err
		}),
		"email": check(func(s string) error {
			_, err := mail.ParseAddress(s)
			return err
		}),
		"ipv4": check(func(s string) error {
			if a, err := netip.ParseAddr(s); err != nil || !a.Is4() {
				return fmt.Errorf("%q is no IPv4 address", s)
			}
			return nil
		}),
		"ipv6": check(func(s string) error {
			if a, err := netip.ParseAddr(s); err != nil || !a.Is6() {
				return fmt.Errorf("%q is no IPv6 address", s)
			}
			return nil
		}),
		"uri": check(func(s string) error {
			if u, err := url.Parse(s); err != nil || !u.IsAbs() {
				return fmt.Errorf("%q is no absolute URI", s)
			}
			return nil
		}),
	}
}

// operation returns the oracle's view of an operation, nil when it has none.
func (o *oracle) operation(op *spec.Operation) (*openapi3.PathItem, *openapi3.Operation) {
	item := o.doc.Paths.Value(op.Path)
	if item == nil {
		return nil, nil
	}
	return item, item.GetOperation(op.Method)
}

// checkResponse validates status, headers and body of an answer.
func (o *oracle) checkResponse(ctx context.Context, op *spec.Operation, req *http.Request, a *answer) error {
	item, operation := o.operation(op)
	if operation == nil {
		return fmt.Errorf("the oracle does not know %s %s", op.Method, op.Path)
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus:   true,
		MultiError:              true,
		AuthenticationFunc:      openapi3filter.NoopAuthenticationFunc,
		SchemaValidationOptions: o.formats,
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req,
			Route: &routers.Route{
				Spec: o.doc, Path: op.Path, PathItem: item, Method: op.Method, Operation: operation,
			},
			Options: options,
		},
		Status:  a.status,
		Header:  a.header,
		Body:    io.NopCloser(bytes.NewReader(a.body)),
		Options: options,
	})
	if err != nil {
		return fmt.Errorf("%s", shorten(strings.Join(strings.Fields(err.Error()), " "), 400))
	}
	return nil
}

// accepts tells whether the oracle takes a request value that should be wrong.
// schema finds the oracle's schema in its operation; without one it objects to nothing.
func (o *oracle) accepts(schema *openapi3.SchemaRef, text string) bool {
	if schema == nil || schema.Value == nil {
		return false
	}
	var v any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return false
	}
	options := append([]openapi3.SchemaValidationOption{openapi3.VisitAsRequest()}, o.formats...)
	if o.doc.IsOpenAPI31OrLater() {
		options = append(options, openapi3.EnableJSONSchema2020())
	}
	return schema.Value.VisitJSON(v, options...) == nil
}

// bodySchema returns the schema of a request body in one media type.
func (o *oracle) bodySchema(op *spec.Operation, media string) *openapi3.SchemaRef {
	_, operation := o.operation(op)
	if operation == nil || operation.RequestBody == nil || operation.RequestBody.Value == nil {
		return nil
	}
	if content := operation.RequestBody.Value.Content.Get(media); content != nil {
		return content.Schema
	}
	return nil
}
