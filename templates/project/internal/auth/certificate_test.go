package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apigen-go/apigen/templates/project/internal/clientip"
)

// authority issues certificates of clients.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority() authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	return authority{must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)))), key}
}

func (a authority) issue(change func(*x509.Certificate)) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "ada"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if change != nil {
		change(template)
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, a.cert, a.key.Public(), a.key))))
}

func (a authority) file(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func field(c *x509.Certificate) string { return ":" + base64.StdEncoding.EncodeToString(c.Raw) + ":" }

// TestCertificatesOfProxies sends certificates in a field, through a proxy that is
// trusted and past it.
func TestCertificatesOfProxies(t *testing.T) {
	ours, others := newAuthority(), newAuthority()
	roots := must(ReadRoots(ours.file(t)))
	proxies := must(clientip.ParseProxies("192.0.2.1"))
	proxy := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{ours.issue(func(c *x509.Certificate) { c.Subject.CommonName = "proxy" })}}}
	spiffe := must(url.Parse("spiffe://shop/billing"))
	good := ours.issue(nil)
	escaped := url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.Raw})))
	for _, tt := range []struct {
		name, peer string
		tls        *tls.ConnectionState
		fields     []string
		want       string
	}{
		{"RFC 9440", "192.0.2.1:1", nil, []string{field(good)}, "cert:CN=ada"},
		{"PEM", "192.0.2.1:1", nil, []string{escaped}, "cert:CN=ada"},
		{"name of a workload", "192.0.2.1:1", nil, []string{field(ours.issue(func(c *x509.Certificate) { c.URIs = []*url.URL{spiffe} }))}, "cert:spiffe://shop/billing"},
		{"beside the proxy's own", "192.0.2.1:1", proxy, []string{field(good)}, "cert:CN=ada"},
		{"the proxy's own", "192.0.2.1:1", proxy, nil, ""},
		{"past the proxy", "192.0.2.9:1", nil, []string{field(good)}, ""},
		{"past the proxy, shown here", "192.0.2.9:1", proxy, []string{field(good)}, "cert:CN=proxy"},
		{"twice", "192.0.2.1:1", nil, []string{field(good), field(good)}, ""},
		{"other authority", "192.0.2.1:1", nil, []string{field(others.issue(nil))}, ""},
		{"over", "192.0.2.1:1", nil, []string{field(ours.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }))}, ""},
		{"of a server", "192.0.2.1:1", nil, []string{field(ours.issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))}, ""},
		{"garbage", "192.0.2.1:1", nil, []string{":AAAA:"}, ""},
		{"half", "192.0.2.1:1", nil, []string{":"}, ""},
		{"bad escape", "192.0.2.1:1", nil, []string{"%zz"}, ""},
		{"empty", "192.0.2.1:1", nil, []string{""}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.TLS, r.Header["Client-Cert"] = tt.peer, tt.tls, tt.fields
			got := ""
			certificates(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				r.Pattern = "/seen"
				if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
					return
				}
				ctx, err := CheckCertificate(r.Context(), "tls", r.TLS.VerifiedChains[0], nil)
				if err != nil {
					t.Fatal(err)
				}
				who, _ := From(ctx)
				got = who.Subject
				if _, err := CheckCertificate(r.Context(), "tls", r.TLS.VerifiedChains[0], []string{"admin"}); err == nil {
					t.Error("a certificate grants a scope")
				}
			}), "Client-Cert", proxies, roots).ServeHTTP(httptest.NewRecorder(), r)
			if got != tt.want || r.Pattern != "/seen" {
				t.Errorf("got %q, want %q; pattern %q", got, tt.want, r.Pattern)
			}
		})
	}
}

func TestReadRoots(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + ".none"} {
		if _, err := ReadRoots(file); err == nil {
			t.Errorf("%s is taken", file)
		}
	}
}
