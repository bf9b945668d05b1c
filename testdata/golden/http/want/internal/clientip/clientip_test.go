package clientip

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestClient(t *testing.T) {
	proxies, err := ParseProxies("10.0.0.0/8, 192.0.2.7 fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, peer, xff, forwarded, want string
	}{
		{"no proxy", "198.51.100.1:9", "", "", "198.51.100.1"},
		{"a stranger's claim", "198.51.100.1:9", "203.0.113.5", "for=203.0.113.5", "198.51.100.1"},
		{"behind a proxy", "10.1.2.3:9", "203.0.113.5", "", "203.0.113.5"},
		{"the proxy itself", "10.1.2.3:9", "", "", "10.1.2.3"},
		{"forged in front", "10.1.2.3:9", "1.1.1.1, 203.0.113.5", "", "203.0.113.5"},
		{"two proxies", "10.1.2.3:9", "203.0.113.5, 192.0.2.7,10.9.9.9", "", "203.0.113.5"},
		{"several lines", "10.1.2.3:9", "1.1.1.1\n203.0.113.5\n10.0.0.1", "", "203.0.113.5"},
		{"only proxies", "10.1.2.3:9", "10.0.0.5, 10.0.0.6", "", "10.0.0.5"},
		{"a word", "10.1.2.3:9", "203.0.113.5, unknown", "", "10.1.2.3"},
		{"a word behind a proxy", "10.1.2.3:9", "localhost,10.0.0.9", "", "10.0.0.9"},
		{"nothing", "10.1.2.3:9", ",", "", "10.1.2.3"},
		{"with ports", "10.1.2.3:9", "[2001:db8::1]:443", "", "2001:db8::1"},
		{"bare IPv6", "[fd00::1]:9", "2001:db8::1", "", "2001:db8::1"},
		{"mapped in hex", "[::ffff:10.1.2.3]:9", "::ffff:102:304", "", "1.2.3.4"},
		{"looks mapped", "10.1.2.3:9", "2001:db8::1.2.3.4", "", "2001:db8::102:304"},
		{"zone", "[fe80::1%eth0]:9", "", "", "fe80::1"},
		{"forwarded", "10.1.2.3:9", "", "for=203.0.113.5;proto=https", "203.0.113.5"},
		{"forwarded, chain", "10.1.2.3:9", "", "for=1.1.1.1, proto=http; FOR=203.0.113.5 , for=10.0.0.2", "203.0.113.5"},
		{"forwarded, IPv6", "10.1.2.3:9", "", `for="[2001:db8:cafe::17]:4711"`, "2001:db8:cafe::17"},
		{"forwarded, hidden", "10.1.2.3:9", "", "for=203.0.113.5, for=_secret", "10.1.2.3"},
		{"forwarded, comma in a string", "10.1.2.3:9", "", `for="a, for=9.9.9.9", for=203.0.113.5`, "203.0.113.5"},
		{"forwarded, half a string", "10.1.2.3:9", "", `for="a,for=9.9.9.9"`, "10.1.2.3"},
		{"forwarded, no for", "10.1.2.3:9", "", "by=10.0.0.1", "10.1.2.3"},
		{"both agree", "10.1.2.3:9", "203.0.113.5", "for=203.0.113.5", "203.0.113.5"},
		{"both differ", "10.1.2.3:9", "203.0.113.5", "for=9.9.9.9", "10.1.2.3"},
		{"no address", "@", "203.0.113.5", "", "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{}}
		if tt.xff != "" {
			r.Header["X-Forwarded-For"] = strings.Split(tt.xff, "\n")
		}
		if tt.forwarded != "" {
			r.Header["Forwarded"] = strings.Split(tt.forwarded, "\n")
		}
		if got := proxies.Client(r).String(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSecure(t *testing.T) {
	proxies, err := ParseProxies("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		peer, proto, forwarded string
		want                   bool
	}{
		{"10.1.2.3:9", "https", "", true},
		{"10.1.2.3:9", "HTTPS", "", true},
		{"10.1.2.3:9", "http", "", false},
		{"10.1.2.3:9", "https, http", "", false},
		{"10.1.2.3:9", "", "", false},
		{"10.1.2.3:9", "", "for=203.0.113.5;proto=https", true},
		{"10.1.2.3:9", "", `proto=https, for=203.0.113.5;Proto="http"`, false},
		{"198.51.100.1:9", "https", "proto=https", false},
	} {
		r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{}}
		if tt.proto != "" {
			r.Header.Set("X-Forwarded-Proto", tt.proto)
		}
		if tt.forwarded != "" {
			r.Header.Set("Forwarded", tt.forwarded)
		}
		if got := proxies.Secure(r); got != tt.want {
			t.Errorf("%+v: got %t", tt, got)
		}
		r.TLS = &tls.ConnectionState{}
		if !proxies.Secure(r) {
			t.Errorf("%+v over TLS: got false", tt)
		}
	}
}

func TestParseProxies(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"10.0.0.0/8":             "10.0.0.0/8",
		"10.1.2.3/8 fc00::/7":    "10.0.0.0/8 fc00::/7",
		"192.0.2.1":              "192.0.2.1/32",
		"::1":                    "::1/128",
		"::ffff:10.0.0.0/104":    "10.0.0.0/8",
		"::ffff:192.0.2.1":       "192.0.2.1/32",
		"0":                      "",
		"2":                      "2 hops",
		"2600:9000::/28":         "2600:9000::/28",
		"any":                    "error: is no address",
		"10":                     "error: is no address",
		"1, 10.0.0.0/8":          "error: is no address",
		"2000::/7":               "error: trusts strangers",
		"0.0.0.0/0":              "error: trusts strangers",
		"0.0.0.0/1, 128.0.0.0/1": "error: trusts strangers",
		"10.0.0.0/8,::/0":        "error: trusts strangers",
		"::ffff:0:0/96":          "error: trusts strangers",
		"10.0.0.0/33":            "error: is no address",
		"proxy.example":          "error: is no address",
	} {
		p, err := ParseProxies(text)
		if part, bad := strings.CutPrefix(want, "error: "); bad {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q: got %v, want an error with %q", text, err, part)
			}
			continue
		}
		got := strings.Trim(fmt.Sprint(p.networks), "[]")
		if p.hops > 0 {
			got = fmt.Sprint(p.hops, " hops")
		}
		if err != nil || got != want || p.None() != (want == "") {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
}

// TestProxiesAreCounted: what a client writes into the fields comes before what the
// proxies add.
func TestProxiesAreCounted(t *testing.T) {
	for _, tt := range []struct{ hops, xff, want string }{
		{"0", "1.1.1.1", "203.0.113.9"},
		{"1", "", "203.0.113.9"},
		{"1", "1.1.1.1", "1.1.1.1"},
		{"1", "9.9.9.9, 1.1.1.1", "1.1.1.1"},
		{"2", "9.9.9.9, 1.1.1.1, 10.0.0.1", "1.1.1.1"},
		{"2", "1.1.1.1", "1.1.1.1"},
		{"2", "9.9.9.9, x, 10.0.0.1", "10.0.0.1"},
	} {
		proxies, err := ParseProxies(tt.hops)
		if err != nil {
			t.Fatal(err)
		}
		r := &http.Request{RemoteAddr: "203.0.113.9:1", Header: http.Header{}}
		if tt.xff != "" {
			r.Header.Set("X-Forwarded-For", tt.xff)
		}
		if got := proxies.Client(r).String(); got != tt.want {
			t.Errorf("%s proxies, %q: got %s, want %s", tt.hops, tt.xff, got, tt.want)
		}
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":                 "192.0.2.1",
		"2001:db8:0:1ff:1:2:3:4":    "2001:db8:0:100::",
		"2001:db8:0:100::1":         "2001:db8:0:100::",
		"2001:db8:0:200::1":         "2001:db8:0:200::",
		"::1":                       "::",
		"2001:db8:ffff:ffff:ffff::": "2001:db8:ffff:ff00::",
	} {
		if got := Network(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if Network(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}
