package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

func hasGuard(p *model.Project) bool { return p.Guard != nil }

// guardParams are the parameters of a method of the guard that hold what the
// client sent.
func guardParams(s *model.Scheme) string {
	switch s.Credential {
	case model.Token:
		return "token string"
	case model.Password:
		return "name, password string"
	case model.Other:
		return "credentials string"
	case model.Key:
		return "key string"
	case model.Certificate:
		return "chain []*x509.Certificate"
	}
	return "r *http.Request"
}

// guardDoc is the comment of a method of the guard.
func guardDoc(s *model.Scheme) string {
	what := map[model.Credential]string{
		model.Token:       "a bearer token",
		model.Password:    "a name and a password (HTTP basic authentication)",
		model.Other:       "the credentials behind " + s.Wire + " in the header Authorization",
		model.Key:         fmt.Sprintf("the value of the %s %s", placeName(s.In), s.Wire),
		model.Certificate: "the certificates of the client, its own first, which TLS has verified",
		model.Unknown:     "the request, because the document does not say what clients send",
	}[s.Credential]
	return comment(fmt.Sprintf("%s checks the scheme %s: %s.", s.Name, s.Key, what))
}

func placeName(in model.In) string {
	if in == model.InQuery {
		return "query parameter"
	}
	return string(in)
}

// guardAsk is the body of the function that hands the credential of a request to
// the guard.
func guardAsk(s *model.Scheme) string {
	const missing = "if %s {\nreturn nil, errMissing\n}\n"
	found, absent, args := "", "!ok", ""
	switch s.Credential {
	case model.Token:
		found, args = `token, ok := codec.Authorization(r, "Bearer")`, "token"
	case model.Password:
		found, args = "name, password, ok := r.BasicAuth()", "name, password"
	case model.Other:
		found, args = fmt.Sprintf("credentials, ok := codec.Authorization(r, %q)", s.Wire), "credentials"
	case model.Certificate:
		absent, args = "r.TLS == nil || len(r.TLS.VerifiedChains) == 0", "r.TLS.VerifiedChains[0]"
	case model.Unknown:
		return fmt.Sprintf("return g.%s(r.Context(), r, scopes)", s.Name)
	default:
		found, absent, args = "key := "+keyOf(s), `key == ""`, "key"
	}
	return fmt.Sprintf("%s\n"+missing+"return g.%s(r.Context(), %s, scopes)", found, absent, s.Name, args)
}

// keyOf is the expression for the key that a request carries, "" when there is none.
func keyOf(s *model.Scheme) string {
	switch {
	case s.Session: // whose cookie may have another name in development
		return "session.ID(r.Context())"
	case s.In == model.InHeader:
		return fmt.Sprintf("r.Header.Get(%q)", s.Wire)
	case s.In == model.InQuery:
		return fmt.Sprintf("r.URL.Query().Get(%q)", s.Wire)
	}
	return fmt.Sprintf("codec.Cookie(r, %q)", s.Wire)
}

// challenge is what a 401 says in the header WWW-Authenticate (RFC 9110, section
// 11.6.1), "" for schemes that are none of HTTP authentication.
func challenge(s *model.Scheme) string {
	switch s.Credential {
	case model.Token:
		return "Bearer"
	case model.Password:
		return `Basic realm="API", charset="UTF-8"`
	case model.Other:
		return s.Wire
	}
	return ""
}

// demandTable is what operations ask for, shared by those that ask for the same.
type demandTable struct{ Name, Rows string }

// demands works out the tables of what operations ask for.
func (f *apiFile) demands() {
	for _, o := range f.Routed() {
		if o.Security == nil {
			continue
		}
		var rows strings.Builder
		for _, all := range o.Security {
			var row []string
			for _, d := range all {
				fields := []string{"ask: ask" + d.Scheme.Name}
				if c := challenge(d.Scheme); c != "" {
					fields = append(fields, "challenge: "+literalString(c))
				}
				if len(d.Scopes) > 0 {
					fields = append(fields, fmt.Sprintf("scopes: []string{%s}", strings.TrimPrefix(quoted(d.Scopes), ", ")))
				}
				row = append(row, "{"+strings.Join(fields, ", ")+"}")
			}
			fmt.Fprintf(&rows, "{%s},\n", strings.Join(row, ", "))
		}
		key := rows.String()
		if f.demandTables[key] == nil {
			f.demandTables[key] = &demandTable{model.Unexported(o.Name) + "Security", key}
		}
		f.demandOf[o] = f.demandTables[key].Name
	}
}

// Credentials are the expressions of what requests may carry for the schemes of the
// document.
func (f *apiFile) Credentials() []string {
	if f.Project.Guard == nil {
		return nil
	}
	var out []string
	for _, s := range f.Project.Guard.Schemes {
		expr := `r.Header.Get("Authorization")`
		switch {
		case s.Credential == model.Certificate, s.Credential == model.Unknown:
			continue // who that is, main.go has to say
		case s.Credential == model.Key && s.In == model.InHeader:
			expr = fmt.Sprintf("r.Header.Get(%q)", s.Wire)
		case s.Credential == model.Key && s.In == model.InQuery:
			expr = fmt.Sprintf("r.URL.Query().Get(%q)", s.Wire)
		case s.Credential == model.Key:
			expr = fmt.Sprintf("codec.Cookie(r, %q)", s.Wire)
		}
		if !slices.Contains(out, expr) {
			out = append(out, expr)
		}
	}
	return out
}

// CredentialsFormat is the format that keeps them apart.
func (f *apiFile) CredentialsFormat() string {
	return strconv.Quote(strings.TrimSuffix(strings.Repeat("%q ", len(f.Credentials())), " "))
}

func literalString(s string) string {
	if strings.Contains(s, `"`) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// Demands is the variable with what an operation asks for, "" when it asks for nothing.
func (f *apiFile) Demands(o *model.Operation) string { return f.demandOf[o] }

// DemandTables lists the tables by name.
func (f *apiFile) DemandTables() []*demandTable {
	var out []*demandTable
	for _, t := range f.demandTables {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *demandTable) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
