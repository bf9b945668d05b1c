package render

import (
	"fmt"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
)

func hasAuth(p *model.Project) bool { return p.Features.Auth }

func hasTokens(p *model.Project) bool { return p.Guard.Tokens() }

func hasKeys(p *model.Project) bool { return p.Guard.Keys() }

func hasPasswords(p *model.Project) bool { return p.Guard.Passwords() }

func hasSessionScheme(p *model.Project) bool { return p.Guard.Sessions() }

func hasCertificates(p *model.Project) bool { return p.Guard.Certificates() }

// authFile is what the template of the guard needs.
type authFile struct{ Project *model.Project }

// authFiles makes the guard that implements api.Guard.
func authFiles(e *engine) ([]File, error) {
	const file = "internal/auth/guard.gen.go"
	src, err := e.goFile(file+".tmpl", "auth", true, &authFile{e.project})
	if err != nil {
		return nil, err
	}
	return []File{{Path: file, Class: Generated, Data: src}}, nil
}

// Requirements are what operations ask for, without repetition.
func (f *authFile) Requirements() [][][]string {
	var out [][][]string
	seen := map[string]bool{}
	for _, o := range f.Project.Operations {
		var alternatives [][]string
		for _, all := range o.Security {
			var keys []string
			for _, d := range all {
				keys = append(keys, d.Scheme.Key)
			}
			alternatives = append(alternatives, keys)
		}
		if text := fmt.Sprintf("%q", alternatives); alternatives != nil && !seen[text] {
			seen[text] = true
			out = append(out, alternatives)
		}
	}
	return out
}

// KeySchemes are the elements of the list of schemes that keys are for.
func (f *authFile) KeySchemes() string {
	return strings.TrimPrefix(quoted(f.Project.Guard.KeySchemes()), ", ")
}

// KeyScheme is the scheme of keys that name none.
func (f *authFile) KeyScheme() string { return f.Project.Guard.KeyScheme() }

// keyName is how the key of a client for a scheme is named in the settings.
func (f *authFile) keyName(s *model.Scheme) string {
	if s.Key == f.KeyScheme() {
		return "NAME"
	}
	return s.Key + "/NAME"
}

// Needs says which settings let requests in that carry something for a scheme.
func (f *authFile) Needs(s *model.Scheme) string {
	if s.Session {
		return "somebody who logs in"
	}
	keys := fmt.Sprintf("AUTH_API_KEYS, with a line that %q makes", f.Project.Name+" apikey "+f.keyName(s))
	switch s.Credential {
	case model.Token:
		return "AUTH_ISSUER and AUTH_AUDIENCE for tokens of an identity provider, or for keys as tokens " + keys
	case model.Key:
		return keys
	case model.Password:
		return "AUTH_USERS, as NAME:HASH with a hash of bcrypt or argon2id"
	case model.Certificate:
		return "TLS_CLIENT_CA_FILE, the authorities of the certificates of clients"
	}
	return "a guard of yours around auth.Guard, see the README: no setting can check this scheme"
}

// Ready is the expression that tells whether something checks a scheme.
func (f *authFile) Ready(s *model.Scheme) string {
	if s.Session {
		return "true"
	}
	switch s.Credential {
	case model.Token:
		return fmt.Sprintf(`cfg.Tokens.Issuer != "" || g.keys.Any(%q)`, s.Key)
	case model.Key:
		return fmt.Sprintf("g.keys.Any(%q)", s.Key)
	case model.Password:
		return "g.users.Any()"
	case model.Certificate:
		return "g.roots != nil"
	}
	return "false"
}

// guardMethod are the parameters of a method of the guard, those that it does not
// use without a name.
func guardMethod(s *model.Scheme) string {
	if s.Session {
		return "ctx context.Context, _ string, scopes []string"
	}
	if s.Credential == model.Other || s.Credential == model.Unknown {
		what, _, _ := strings.Cut(guardParams(s), " ")
		return "_ context.Context, _ " + strings.TrimPrefix(guardParams(s), what+" ") + ", _ []string"
	}
	return "ctx context.Context, " + guardParams(s) + ", scopes []string"
}

// Check is the body of a method of the guard.
func (f *authFile) Check(s *model.Scheme) string {
	if s.Session {
		return fmt.Sprintf("return CheckSession(ctx, %q, scopes)", s.Key)
	}
	switch s.Credential {
	case model.Token:
		return fmt.Sprintf("return checkBearer(ctx, g.tokens, g.keys, %q, token, scopes)", s.Key)
	case model.Key:
		return fmt.Sprintf("return g.keys.Check(ctx, %q, key, scopes)", s.Key)
	case model.Password:
		return fmt.Sprintf("return g.users.Check(ctx, %q, name, password, scopes)", s.Key)
	case model.Certificate:
		return fmt.Sprintf("if g.roots == nil {\nreturn nil, refuse()\n}\nreturn CheckCertificate(ctx, %q, chain, scopes)", s.Key)
	}
	return "return nil, refuse() // nothing here can check it"
}

// Known is the statement that returns whose request it is when a credential of the
// scheme tells so, "" when none does.
func (f *authFile) Known(s *model.Scheme) string {
	if s.Session { // it is read from its store, which a request has to be let in for
		return ""
	}
	const found = "return key, 0\n}"
	switch s.Credential {
	case model.Token:
		return fmt.Sprintf("if key := knownBearer(r, g.tokens, g.keys, %q); key != \"\" {\n", s.Key) + found
	case model.Key:
		return fmt.Sprintf("if key := g.keys.Known(%q, %s); key != \"\" {\n", s.Key, keyOf(s)) + found
	case model.Password:
		return "if name, password, ok := r.BasicAuth(); ok {\nif key := g.users.Known(name, password); key != \"\" {\n" + found + "\n}"
	case model.Certificate:
		return "if g.roots != nil && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {\nreturn certificateSubject(r.TLS.VerifiedChains[0][0]), 0\n}"
	}
	return ""
}
