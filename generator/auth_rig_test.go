package generator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
	"github.com/apigen-go/apigen/generator/internal/servertest"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// authRig is the service of testdata/auth and who may use it.
type authRig struct {
	service *conformance.Service // to start others of
	access  *conformance.Access
	doc     *spec.Document
	ada     identity // the certificate of a client, whose authority the service knows
	own     identity // the certificate of the service
}

// TestRigAuth builds the service of testdata/auth and has each rig start its own
// instances.
func TestRigAuth(t *testing.T) {
	skipShort(t)
	document := filepath.Join(repository, "testdata/auth/openapi.yaml")
	dir := filepath.Join(t.TempDir(), "notebooks")
	create(t, dir, document, "store", "ratelimit", "cache", "redis", "docs", "auth", "shed") // no session: the cookie holds a key
	goTool(t, dir, "vet", "./...")
	goTool(t, dir, "test", "./cmd/...", "./internal/handler", "./internal/store")
	service, err := conformance.Start(t.Context(), dir, t.TempDir(), "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "first.db"))
	if err != nil {
		t.Fatal(err)
	}
	rig := &authRig{service: service, ada: newIdentity(t, "ada"), own: newIdentity(t, "service")}
	t.Run("dev", rig.dev)
	if err := service.Stop(); err != nil {
		t.Fatal(err)
	}
	if rig.doc, _, err = spec.ReadFile(document, spec.Options{}); err != nil {
		t.Fatal(err)
	}
	if rig.access, err = conformance.NewAccess(rig.doc); err != nil {
		t.Fatal(err)
	}
	defer rig.access.Close()
	t.Run("start", rig.start)
	t.Run("exchanges", rig.exchanges)
	t.Run("limits", rig.limits)
	t.Run("owners/sqlite", func(t *testing.T) { rig.owners(t, "file:"+filepath.Join(t.TempDir(), "owners.db")) })
	t.Run("owners/postgres", func(t *testing.T) { rig.owners(t, servertest.Postgres(t)) })
	t.Run("outage", rig.outage) // ends the identity provider
}

// instance starts an instance that lets in whom the access does.
func (rig *authRig) instance(t *testing.T, env ...string) *conformance.Service {
	t.Helper()
	env = slices.Concat(rig.access.Env(), []string{"TLS_CLIENT_CA_FILE=" + rig.ada.file}, env)
	if !slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "DATABASE_URL=") }) {
		env = append(env, "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "auth.db"))
	}
	s, err := rig.service.Again(t.Context(), env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// identity is a certificate that signs itself.
type identity struct {
	tls.Certificate
	file, key string
}

func newIdentity(t *testing.T, name string) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	id := identity{file: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	for file, block := range map[string]*pem.Block{id.file: {Type: "CERTIFICATE", Bytes: der}, id.key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if id.Certificate, err = tls.LoadX509KeyPair(id.file, id.key); err != nil {
		t.Fatal(err)
	}
	return id
}

// answered is the part of an answer before its body.
type answered struct {
	StatusCode int
	Header     http.Header
}

// send sends a request, header fields as "Name: value", and returns the answer.
func send(t *testing.T, client *http.Client, method, address, body string, header ...string) (answered, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		if method == http.MethodPatch {
			req.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	for _, field := range header {
		name, value, _ := strings.Cut(field, ": ")
		req.Header.Add(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{resp.StatusCode, resp.Header}, string(text)
}

// dev asks a service that lets everybody in.
func (rig *authRig) dev(t *testing.T) {
	resp, text := send(t, http.DefaultClient, "POST", rig.service.URL+"/notebooks", `{"title": "t"}`)
	if resp.StatusCode != http.StatusCreated || resp.Header.Get("X-Auth-Dev") != "insecure" || !strings.Contains(text, `"owner_id":"dev"`) {
		t.Errorf("got %d %v %s", resp.StatusCode, resp.Header, text)
	}
	if !strings.Contains(rig.service.Log(), "AUTH_DEV is insecure") {
		t.Error("the log does not tell")
	}
}

// start starts services with settings that leave something open.
func (rig *authRig) start(t *testing.T) {
	ca := "TLS_CLIENT_CA_FILE=" + rig.ada.file
	for name, tt := range map[string]struct {
		env  []string
		want []string
	}{
		"nothing":        {[]string{"AUTH_DEV="}, []string{"  token: ", "  oauth: ", "  key: ", "  line: ", "  jar: ", "  basic: ", "  tls: ", "AUTH_DEV=insecure"}},
		"some":           {append(rig.access.Env(), "AUTH_USERS="), []string{"  basic: ", "  tls: "}},
		"no audience":    {append(rig.access.Env(), ca, "AUTH_AUDIENCE="), []string{"AUTH_AUDIENCE is not set"}},
		"short secret":   {append(rig.access.Env(), ca, "AUTH_JWT_SECRET=hunter2"), []string{"AUTH_JWT_SECRET has 7 bytes"}},
		"keys of nobody": {append(rig.access.Env(), ca, "AUTH_API_KEYS=deploy:"+strings.Repeat("0", 64)), []string{"SCHEME/deploy"}},
		"bad settings":   {[]string{"AUTH_API_KEYS=a:b", "AUTH_USERS=c:d", "AUTH_ALGORITHMS=none", "AUTH_DEV=yes"}, []string{"AUTH_API_KEYS: ", "AUTH_USERS: ", "AUTH_ALGORITHMS=", "AUTH_DEV="}},
		"open and not":   {append(rig.access.Env(), "AUTH_DEV=insecure"), []string{"AUTH_ISSUER is set"}},
		"open in public": {[]string{"AUTH_DEV=insecure", "TRUSTED_PROXIES=1", "KUBERNETES_SERVICE_HOST=10.0.0.1"}, []string{"TRUSTED_PROXIES is set", "KUBERNETES_SERVICE_HOST is set"}},
	} {
		_, err := rig.service.Again(t.Context(), append(tt.env, "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "auth.db"))...)
		if err == nil {
			t.Errorf("%s: the service starts", name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not named:\n%v", name, want, err)
			}
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the secret", name)
		}
	}
}

// exchanges sends what is let in, which a stub answers with 501, and what is not.
func (rig *authRig) exchanges(t *testing.T) {
	s := rig.instance(t, "TRUSTED_PROXIES=127.0.0.1", "AUTH_CLIENT_CERT_HEADER=Client-Cert")
	token := func(subject, scope string) string {
		return "Authorization: Bearer " + rig.access.Token(subject, map[string]any{"scope": scope})
	}
	const key, basic, invalid = "X-Key: conformance-key", "Authorization: Basic Y29uZm9ybWFuY2U6dGVzdA==", `Bearer error="invalid_token", error_description="the token is not valid"`
	shown := "Client-Cert: " + url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rig.ada.Leaf.Raw})))
	for _, tt := range []struct {
		request   string
		header    []string
		status    int
		challenge string
	}{
		{"GET /open", nil, 501, ""},
		{"GET /perhaps", nil, 501, ""},
		{"GET /perhaps", []string{token("ada", "")}, 501, ""},
		{"GET /reports", []string{token("ada", "reports:read")}, 501, ""},
		{"GET /reports", []string{token("ada", "reports:write")}, 403, `Bearer error="insufficient_scope", scope="reports:read"`},
		{"POST /reports", []string{token("ada", "reports:read")}, 403, `Bearer error="insufficient_scope", scope="reports:read reports:write"`},
		{"POST /reports", []string{token("ada", "reports:write reports:read")}, 501, ""},
		{"GET /reports", nil, 401, "Bearer"},
		{"GET /reports", []string{"Authorization: Bearer a.b.c"}, 401, invalid},
		{"GET /reports", []string{"Authorization: Bearer conformance-key"}, 401, invalid},
		{"GET /reports?access_token=" + rig.access.Token("ada", map[string]any{"scope": "reports:read"}), nil, 401, "Bearer"},
		{"GET /keyed", []string{key}, 501, ""},
		{"GET /keyed", []string{"X-Key: other"}, 401, ""},
		{"GET /keyed", nil, 401, ""},
		{"GET /keyed/query?key=conformance-key", nil, 501, ""},
		{"GET /keyed/query?key=other", nil, 401, ""},
		{"GET /keyed/cookie", []string{"Cookie: key=conformance-key"}, 501, ""},
		{"GET /keyed/cookie", []string{"Cookie: key=other"}, 401, ""},
		{"GET /named", []string{basic}, 501, ""},
		{"GET /named", []string{"Authorization: Basic Y29uZm9ybWFuY2U6dGVzd=="}, 401, `Basic realm="API", charset="UTF-8"`},
		{"GET /shown", []string{shown}, 501, ""},
		{"GET /shown", nil, 401, ""},
		{"GET /shown", []string{"Client-Cert: " + url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rig.own.Leaf.Raw})))}, 401, ""},
		{"GET /either", []string{key}, 501, ""},
		{"GET /either", []string{token("ada", "")}, 501, ""},
		{"GET /either", []string{key, "Authorization: Bearer a.b.c"}, 501, ""},
		{"GET /either", []string{"X-Key: other", token("ada", "")}, 501, ""},
		{"GET /either", []string{"X-Key: other"}, 401, "Bearer"},
		{"GET /either", nil, 401, "Bearer"},
		{"GET /both", []string{key, token("ada", "")}, 501, ""},
		{"GET /both", []string{key}, 401, "Bearer"},
		{"GET /both", []string{token("ada", "")}, 401, "Bearer"},
		{"GET /both", []string{"X-Key: other", token("ada", "")}, 401, "Bearer"},
		{"GET /notebooks", nil, 401, "Bearer"},
		{"POST /notebooks", nil, 401, "Bearer"},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		resp, text := send(t, http.DefaultClient, method, s.URL+path, "", tt.header...)
		if got := strings.Join(resp.Header.Values("WWW-Authenticate"), ", "); resp.StatusCode != tt.status || got != tt.challenge {
			t.Errorf("%s %.60q: got %d %q, want %d %q\n%s", tt.request, tt.header, resp.StatusCode, got, tt.status, tt.challenge, text)
		}
	}
	for i := range 7 { // five wrong passwords, then no more
		want := http.StatusUnauthorized
		if i >= 5 {
			want = http.StatusTooManyRequests
		}
		resp, _ := send(t, http.DefaultClient, "GET", s.URL+"/named", "", "Authorization: Basic YWRhOmE=")
		if resp.StatusCode != want || (want == http.StatusTooManyRequests) != (resp.Header.Get("Retry-After") != "") {
			t.Errorf("wrong password %d: got %d, want %d, Retry-After %q", i, resp.StatusCode, want, resp.Header.Get("Retry-After"))
		}
	}

	log := s.Log()
	for _, secret := range []string{"conformance-key", "Y29uZm9ybWFuY2U6dGVzd", "eyJ"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has the credential %q", secret)
		}
	}
	for _, subject := range []string{`"subject":"ada"`, `"subject":"apikey:conformance"`, `"subject":"basic:conformance"`, `"subject":"cert:CN=ada"`} {
		if !strings.Contains(log, subject) {
			t.Errorf("the log has no %s", subject)
		}
	}
	rig.handshakes(t)
}

// handshakes shows certificates to a service that speaks TLS.
func (rig *authRig) handshakes(t *testing.T) {
	s := rig.instance(t, "TLS_CERT_FILE="+rig.own.file, "TLS_KEY_FILE="+rig.own.key)
	roots := x509.NewCertPool()
	roots.AddCert(rig.own.Leaf)
	for name, tt := range map[string]struct {
		certs  []tls.Certificate
		status int
	}{"certificate": {[]tls.Certificate{rig.ada.Certificate}, 501}, "none": {nil, 401}} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: tt.certs}}}
		resp, _ := send(t, client, "GET", s.URL+"/shown", "", "Client-Cert: :AAAA:")
		if resp.StatusCode != tt.status {
			t.Errorf("%s: got %d, want %d", name, resp.StatusCode, tt.status)
		}
		client.CloseIdleConnections()
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// limits counts requests: by subject once it was let in, by address before.
func (rig *authRig) limits(t *testing.T) {
	s := rig.instance(t, "RATE_LIMIT=10/15m", "LOG_LEVEL=warn")
	passed := func(n int, header func(int) string) (ok int) {
		for i := range n {
			if resp, _ := send(t, http.DefaultClient, "GET", s.URL+"/either", "", header(i)); resp.StatusCode != http.StatusTooManyRequests {
				ok++
			}
		}
		return ok
	}
	ada, bob := rig.access.Token("ada", nil), rig.access.Token("bob", nil)
	first := passed(20, func(int) string { return "Authorization: Bearer " + ada })
	second := passed(20, func(int) string { return "Authorization: Bearer " + bob })
	key := passed(20, func(int) string { return "X-Key: conformance-key" })
	// Two of the address are used up: the first requests of the two tokens.
	wrong := passed(20, func(i int) string { return fmt.Sprintf("Authorization: Bearer a.b.%d", i) })
	fresh := passed(20, func(i int) string { return "Authorization: Bearer " + rig.access.Token(fmt.Sprint("user", i), nil) })
	if got := fmt.Sprint(first, second, key, wrong, fresh); got != "11 11 10 8 0" {
		t.Errorf("passed %s, want 11 11 10 8 0", got)
	}
}

// outage takes the identity provider away: after its keys are known, and before.
func (rig *authRig) outage(t *testing.T) {
	token := func(subject string) string { return "Authorization: Bearer " + rig.access.Token(subject, nil) }
	ask := func(s *conformance.Service, header string) (int, string) {
		resp, _ := send(t, http.DefaultClient, "GET", s.URL+"/either", "", header)
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	early := rig.instance(t, "LOG_LEVEL=warn", "AUTH_JWKS_REFRESH=1s")
	if got, _ := ask(early, token("ada")); got != http.StatusNotImplemented {
		t.Fatalf("before: got %d", got)
	}
	if err := rig.access.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // a fetch fails
	if got, _ := ask(early, token("bob")); got != http.StatusNotImplemented {
		t.Errorf("keys of before: got %d", got)
	}
	if !strings.Contains(early.Log(), "those of before are used on") {
		t.Error("the log does not tell")
	}
	late := rig.instance(t, "LOG_LEVEL=warn")
	if got, after := ask(late, token("ada")); got != http.StatusServiceUnavailable || after == "" {
		t.Errorf("no keys yet: got %d, Retry-After %q", got, after)
	}
	if got, _ := ask(late, "X-Key: conformance-key"); got != http.StatusNotImplemented {
		t.Errorf("another way to be let in: got %d", got)
	}
}

// owners has two users go through every operation with the ids of each other.
func (rig *authRig) owners(t *testing.T, database string) {
	s := rig.instance(t, "DATABASE_URL="+database, "LOG_LEVEL=warn")
	users := map[string]map[string]string{} // the ids in the paths of what each has
	ask := func(user, method, path, body string) (int, string) {
		t.Helper()
		resp, text := send(t, http.DefaultClient, method, s.URL+path, body, "Authorization: Bearer "+rig.access.Token(user, nil))
		return resp.StatusCode, text
	}
	body := func(user string) string {
		return fmt.Sprintf(`{"title": "of %[1]s", "text": "of %[1]s", "value": "of %[1]s", "name": "of-%[1]s"}`, user)
	}
	made := func(user, method, path string) string {
		t.Helper()
		status, text := ask(user, method, path, body(user))
		var row struct{ ID any }
		if err := json.Unmarshal([]byte(text), &row); err != nil || status/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
		return fmt.Sprint(row.ID)
	}
	for _, user := range []string{"ada", "bob"} {
		book := made(user, "POST", "/notebooks")
		note := made(user, "POST", "/notebooks/"+book+"/notes")
		made(user, "POST", "/notebooks/"+book+"/notes/"+note+"/remarks")
		made(user, "PUT", "/settings/of-"+user)
		users[user] = map[string]string{"{notebookId}": book, "{noteId}": note, "{name}": "of-" + user}
	}
	// What the path names is another's, in whole or in part.
	tried, crossed := 0, 0
	for user, other := range map[string]string{"ada": "bob", "bob": "ada"} {
		for _, p := range rig.doc.Paths {
			for _, op := range p.Operations {
				for _, path := range mixed(op.Path, users[user], users[other]) {
					text := ""
					if op.Body != nil {
						text = strings.NewReplacer("of-"+user, "of-"+other).Replace(body(user))
					}
					status, answer := ask(user, op.Method, path, text)
					tried++
					empty := op.ID == "listRemarks" && status == 200 && answer == "[]" // it declares no 404
					if status != http.StatusNotFound && !empty || strings.Contains(answer, "of "+other) {
						crossed++
						t.Errorf("%s: %s %s with what is %s's answers %d %s", user, op.Method, op.Path, other, status, answer)
					}
				}
			}
		}
	}
	for user, other := range map[string]string{"ada": "bob", "bob": "ada"} {
		for _, query := range []string{"", "?owner_id=" + other, "?sort=-title", "?limit=100&offset=0"} {
			tried++
			if _, text := ask(user, "GET", "/notebooks"+query, ""); strings.Contains(text, other) || query != "?owner_id="+other && !strings.Contains(text, `"total":1`) {
				crossed++
				t.Errorf("%s sees %s in /notebooks%s", user, text, query)
			}
		}
		// What everybody had is as it was.
		ids := users[user]
		for _, path := range []string{"/notebooks/{notebookId}", "/notebooks/{notebookId}/notes/{noteId}", "/notebooks/{notebookId}/notes/{noteId}/remarks", "/settings/{name}"} {
			if status, text := ask(user, "GET", filled(path, ids), ""); status != http.StatusOK || !strings.Contains(text, "of "+user) {
				t.Errorf("%s: %s answers %d %s", user, path, status, text)
			}
		}
		if status, _ := ask(user, "PATCH", filled("/notebooks/{notebookId}", ids), `{"title": "of `+user+`, again"}`); status != http.StatusOK {
			t.Errorf("%s cannot change what is theirs: %d", user, status)
		}
		if status, _ := ask(user, "DELETE", filled("/settings/{name}", ids), ""); status != http.StatusNoContent {
			t.Errorf("%s cannot delete what is theirs: %d", user, status)
		}
	}
	t.Logf("%d of %d requests crossed over", crossed, tried)
}

func filled(path string, ids map[string]string) string {
	for name, id := range ids {
		path = strings.ReplaceAll(path, name, id)
	}
	return path
}

// mixed fills the parameters of a path with ids, in every way in which one of them
// at least is another's.
func mixed(path string, own, other map[string]string) []string {
	paths := []string{path}
	for name := range own {
		if !strings.Contains(path, name) {
			continue
		}
		var next []string
		for _, p := range paths {
			next = append(next, strings.ReplaceAll(p, name, own[name]), strings.ReplaceAll(p, name, other[name]))
		}
		paths = next
	}
	return slices.DeleteFunc(paths, func(p string) bool { return p == filled(path, own) })
}
