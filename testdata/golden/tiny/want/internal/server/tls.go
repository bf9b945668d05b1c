package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// tls returns the settings of TLS. Clients are asked for a certificate where there are
// authorities to verify it; whether an operation needs one is for the API to say.
func (c Config) tls() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if c.ClientCAs == "" {
		return out, nil
	}
	text, err := os.ReadFile(c.ClientCAs)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	out.ClientAuth, out.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
	if !out.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read authorities: %s holds no certificate", c.ClientCAs)
	}
	return out, nil
}
