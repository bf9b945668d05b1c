package auth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/apigen-go/apigen/templates/project/internal/clientip"
)

// CheckCertificate lets a request in whose client has a certificate that was
// verified. Certificates grant no scopes.
func CheckCertificate(ctx context.Context, scheme string, chain []*x509.Certificate, scopes []string) (context.Context, error) {
	return admit(ctx, &Principal{Subject: certificateSubject(chain[0])}, scheme, scopes)
}

// certificateSubject names who has a certificate: by its only URI, as SPIFFE does,
// else by its distinguished name.
func certificateSubject(c *x509.Certificate) string {
	if len(c.URIs) == 1 {
		return "cert:" + c.URIs[0].String()
	}
	return "cert:" + c.Subject.String()
}

// certificates takes the certificate that a client has shown to a proxy from a field
// that the proxy writes, and verifies it as if the client had shown it here. What
// reaches the service past the proxies is believed to be no such thing.
func certificates(next http.Handler, field string, proxies clientip.Proxies, roots *x509.CertPool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !proxies.Peer(r) {
			next.ServeHTTP(w, r)
			return
		}
		state := &tls.ConnectionState{}
		if r.TLS != nil {
			*state = *r.TLS
		}
		// A certificate of the connection is the proxy's.
		state.PeerCertificates, state.VerifiedChains = nil, nil
		if values := r.Header.Values(field); len(values) == 1 {
			if c := parseCertificate(values[0]); c != nil {
				chains, err := c.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
				if err == nil {
					state.PeerCertificates, state.VerifiedChains = []*x509.Certificate{c}, chains
				}
			}
		}
		forwarded := *r
		forwarded.TLS = state
		defer func() { r.Pattern = forwarded.Pattern }() // for the log
		next.ServeHTTP(w, &forwarded)
	})
}

// parseCertificate reads a certificate as RFC 9440 has it, base64 between colons, or
// as nginx and others do, PEM that is percent-encoded.
func parseCertificate(value string) *x509.Certificate {
	value = strings.TrimSpace(value)
	var der []byte
	if inner, ok := strings.CutPrefix(value, ":"); ok {
		der, _ = base64.StdEncoding.DecodeString(strings.TrimSuffix(inner, ":"))
	} else if text, err := url.PathUnescape(value); err == nil {
		if block, _ := pem.Decode([]byte(text)); block != nil && block.Type == "CERTIFICATE" {
			der = block.Bytes
		}
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return c
}

// ReadRoots reads the certificates of authorities from a PEM file.
func ReadRoots(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read authorities: %s holds no certificate", file)
	}
	return pool, nil
}
