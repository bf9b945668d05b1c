package model

import (
	"regexp"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// sessionCookie is the name of the cookie of sessions where the document has none.
const sessionCookie = "__Host-session"

// sessionTable is where sessions are in the database, see the package session of a
// project.
const sessionTable = "http_sessions"

// cookieName is what can name a cookie, RFC 6265 section 4.1.1.
var cookieName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// session finds the scheme that sessions are for: the first key in a cookie that
// operations ask for. detect turns the feature on where there is one.
func (b *builder) session(doc *spec.Document, detect bool) {
	var found *Scheme
	if b.p.Guard != nil {
		i := slices.IndexFunc(b.p.Guard.Schemes, func(s *Scheme) bool { return s.Credential == Key && s.In == InCookie })
		if i >= 0 {
			found = b.p.Guard.Schemes[i]
		}
	}
	b.p.Features.Session = b.p.Features.Session || detect && found != nil
	if !b.p.Features.Session {
		return
	}
	b.p.SessionCookie = sessionCookie
	if found == nil {
		return
	}
	at := schemePos(doc, found.Key)
	if !cookieName.MatchString(found.Wire) {
		b.diags.Warnf(at, "cookies are named with letters, digits, - and _", "no cookie can be named %q: sessions have the cookie %s, and the scheme %s is not theirs",
			found.Wire, sessionCookie, found.Key)
		return
	}
	found.Session = true
	b.p.SessionCookie = found.Wire
	if !strings.HasPrefix(found.Wire, "__Host-") {
		b.diags.Warnf(at, `name it "__Host-`+strings.TrimPrefix(found.Wire, "__Secure-")+`" here and where clients name it`,
			"the session cookie %s can be overwritten by other hosts of the domain, because its name does not begin with __Host-", found.Wire)
	}
}

func schemePos(doc *spec.Document, key string) diag.Pos {
	i := slices.IndexFunc(doc.Schemes, func(s *spec.SecurityScheme) bool { return s.Key == key })
	if i < 0 {
		return diag.Pos{}
	}
	return doc.Schemes[i].Pos
}

// ownSessionTable reports a resource whose table would be that of the sessions.
func (b *builder) ownSessionTable() {
	for _, t := range b.p.Tables {
		if t.Name == sessionTable && b.p.Features.Session {
			b.diags.Errorf(t.Pos, `name another one with "x-apigen: {table: NAME}" in the schema of the rows`,
				"the table %s is that of the feature session", sessionTable)
		}
	}
}

// Development is what a developer writes before the command that starts the service,
// with a space behind it, or "".
func (p *Project) Development() string {
	text := ""
	if p.Features.Auth && slices.ContainsFunc(p.Guard.Schemes, func(s *Scheme) bool { return !s.Session }) {
		text += "AUTH_DEV=insecure "
	}
	if p.Features.Session {
		text += "SESSION_DEV=insecure "
	}
	return text
}

// sessions; else nil.
func (p *Project) SessionGuard() *Scheme {
	if p.Guard == nil || len(p.Guard.Schemes) != 1 || !p.Guard.Schemes[0].Session {
		return nil
	}
	return p.Guard.Schemes[0]
}
