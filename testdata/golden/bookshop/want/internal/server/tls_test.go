package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/bookshop/internal/server"
)

// pair makes a certificate that signs itself, good for servers and clients, and
// writes it and its key to files.
func pair(t *testing.T, name string) (cert tls.Certificate, certFile, keyFile string) {
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
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err = tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return cert, certFile, keyFile
}

// TestTLS serves over TLS to clients with a certificate of theirs and without one.
func TestTLS(t *testing.T) {
	own, certFile, keyFile := pair(t, "service")
	ada, adaFile, _ := pair(t, "ada")
	eve, _, _ := pair(t, "eve")
	cfg := server.Config{CertFile: certFile, KeyFile: keyFile, ClientCAs: adaFile}
	s := start(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.VerifiedChains) > 0 {
			name = r.TLS.VerifiedChains[0][0].Subject.CommonName
		}
		_, _ = w.Write([]byte(name))
	})
	addr := strings.TrimPrefix(s.url, "http://")
	roots := x509.NewCertPool()
	roots.AddCert(own.Leaf)
	for _, tt := range []struct {
		name    string
		certs   []tls.Certificate
		version uint16
		want    string // "": no connection
	}{
		{"no certificate", nil, tls.VersionTLS13, "nobody"},
		{"TLS 1.2", nil, tls.VersionTLS12, "nobody"},
		{"TLS 1.1", nil, tls.VersionTLS11, ""},
		{"certificate", []tls.Certificate{ada}, tls.VersionTLS13, "ada"},
		{"certificate of a stranger", []tls.Certificate{eve}, tls.VersionTLS13, ""},
	} {
		show := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // whatever authorities the server names
			if len(tt.certs) == 0 {
				return &tls.Certificate{}, nil
			}
			return &tt.certs[0], nil
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: roots, GetClientCertificate: show, MinVersion: tls.VersionTLS10, MaxVersion: tt.version,
		}}}
		resp, err := client.Get("https://" + addr)
		got := ""
		if err == nil {
			text := make([]byte, 100)
			n, _ := resp.Body.Read(text)
			got = string(text[:n])
			_ = resp.Body.Close()
		}
		client.CloseIdleConnections()
		if got != tt.want {
			t.Errorf("%s: got %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
	cfg.Addr = addr
	if err := server.Probe(t.Context(), cfg); err != nil {
		t.Errorf("probe: %v", err)
	}
	s.stop()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}

// TestTLSFilesAreRead starts with files that are missing or hold something else.
func TestTLSFilesAreRead(t *testing.T) {
	_, certFile, keyFile := pair(t, "service")
	for _, cfg := range []server.Config{
		{CertFile: certFile, KeyFile: certFile},
		{CertFile: certFile, KeyFile: keyFile + ".none"},
		{CertFile: certFile, KeyFile: keyFile, ClientCAs: keyFile},
		{CertFile: certFile, KeyFile: keyFile, ClientCAs: keyFile + ".none"},
	} {
		if err := start(t, cfg, nil).wait(t); err == nil || !strings.Contains(err.Error(), "read ") {
			t.Errorf("%+v: got %v", cfg, err)
		}
	}
}

// TestLogHasTheSubject tells the log who sent a request.
func TestLogHasTheSubject(t *testing.T) {
	s := start(t, server.Config{}, func(_ http.ResponseWriter, r *http.Request) {
		server.SetSubject(r.Context(), "ada")
		if got := server.Client(r.Context()).String(); got != "127.0.0.1" {
			t.Errorf("the client is %s", got)
		}
	})
	get(t, s.url+"/books")
	s.stop()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
	if line := s.logs.find(t, "request"); line["subject"] != "ada" {
		t.Errorf("got %v", line)
	}
	server.SetSubject(context.Background(), "nobody asked")
	if server.Client(context.Background()).IsValid() {
		t.Error("there is a client without a request")
	}
}
