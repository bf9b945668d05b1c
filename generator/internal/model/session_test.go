package model_test

import (
	"strings"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

const sessionDocument = `openapi: 3.1.0
info: {title: t, version: "1"}
paths:
  /a:
    get: {operationId: getA, security: [%security%], responses: {"204": {description: ok}}}
    post: {operationId: postA, responses: {"204": {description: ok}}}
%more%
components:
  securitySchemes:
    unused: {type: apiKey, in: cookie, name: unused}
    token: {type: http, scheme: bearer}
    header: {type: apiKey, in: header, name: sid}
    plain: {type: apiKey, in: cookie, name: sid}
    host: {type: apiKey, in: cookie, name: __Host-sid}
    bad: {type: apiKey, in: cookie, name: "a b"}
`

func TestSessions(t *testing.T) {
	const rows = `
  /rows:
    get: {operationId: listRows, responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Row"}}}}}}}
    post: {operationId: createRow, requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Row"}}}}, responses: {"201": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Row"}}}}}}
`
	const row = `
  schemas:
    Row: {type: object, x-apigen: {table: http_sessions}, required: [text], properties: {id: {type: string, format: uuid, readOnly: true}, text: {type: string}}}
`
	for _, tt := range []struct {
		name     string
		security string
		features model.Features
		detect   bool
		cookie   string // "": no sessions
		scheme   string // of them
		only     bool   // it is the only one
		said     string
		more     string
	}{
		{name: "none asked for", security: "", detect: true},
		{name: "no cookie", security: "{header: [], token: []}", detect: true},
		{name: "a cookie", security: "{host: []}", detect: true, cookie: "__Host-sid", scheme: "host", only: true},
		{name: "a cookie that nobody wants sessions for", security: "{host: []}"},
		{name: "the first of several", security: "{token: []}, {plain: []}, {host: []}", detect: true, cookie: "sid", scheme: "plain", said: "can be overwritten by other hosts"},
		{name: "no name for a cookie", security: "{bad: []}", detect: true, cookie: "__Host-session", said: `no cookie can be named "a b"`},
		{name: "asked for", security: "", features: model.Features{Session: true}, cookie: "__Host-session"},
		{name: "a table in the way", security: "{host: []}", features: model.Features{Store: true}, detect: true, cookie: "__Host-sid", scheme: "host", only: true,
			said: "the table http_sessions is that of the feature session", more: rows},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.NewReplacer("%security%", tt.security, "%more%", tt.more).Replace(sessionDocument)
			if tt.more != "" {
				text += row[1:]
			}
			doc, _, err := spec.Load("sessions.yaml", []byte(text), spec.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p, list := model.Build(doc, model.Options{Name: "a", Module: "a", Features: tt.features, DetectSession: tt.detect})
			if p.Features.Session != (tt.cookie != "") || p.SessionCookie != tt.cookie {
				t.Errorf("sessions: %v, cookie %q", p.Features.Session, p.SessionCookie)
			}
			if only := p.SessionGuard() != nil; only != tt.only {
				t.Errorf("the only scheme: %v", only)
			}
			scheme := ""
			if p.Guard != nil {
				for _, s := range p.Guard.Schemes {
					if s.Session {
						scheme += s.Key
					}
				}
			}
			if scheme != tt.scheme {
				t.Errorf("scheme %q, want %q", scheme, tt.scheme)
			}
			said := ""
			for _, d := range list {
				said += d.Msg + "\n"
			}
			if tt.said == "" && said != "" || !strings.Contains(said, tt.said) {
				t.Errorf("said %q, want %q", said, tt.said)
			}
		})
	}
}
