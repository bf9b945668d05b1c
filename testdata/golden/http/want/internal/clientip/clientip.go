// Package clientip finds the address of the client behind the proxies in front of
// the service. Header fields are believed only where a proxy that is known has
// written them: everything else in them a client can make up.
package clientip

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the peers whose header fields are believed. The zero value trusts
// nobody: the client is whoever the connection comes from.
type Proxies struct {
	hops     int // proxies that every request passes, wherever they are
	networks []netip.Prefix
}

// mostHops bounds the number of proxies, so that no address is taken for one.
const mostHops = 9

// Networks with a shorter prefix are nobody's own: to trust one is to believe
// strangers. Those of IPv6 that are local, fc00::/7 and fe80::/10, may be larger.
const least4, least6, least6Local = 8, 20, 7

// ParseProxies reads addresses and CIDR prefixes with commas or spaces between
// them, or how many proxies, 1 to 9, every request passes. Its error names the
// first that cannot be trusted.
func ParseProxies(text string) (Proxies, error) {
	if len(text) == 1 && text[0] >= '0' && text[0] <= '0'+mostHops {
		return Proxies{hops: int(text[0] - '0')}, nil
	}
	var out Proxies
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		prefix, err := parsePrefix(word)
		if err != nil {
			return Proxies{}, fmt.Errorf("%q is no address or network such as 10.0.0.0/8, nor a number of proxies from 1 to %d", word, mostHops)
		}
		if wide(prefix) {
			return Proxies{}, fmt.Errorf("%s trusts strangers, who could then claim any address: name the networks of your proxies, or how many proxies every request passes", word)
		}
		out.networks = append(out.networks, prefix)
	}
	return out, nil
}

func wide(prefix netip.Prefix) bool {
	addr := prefix.Addr()
	switch {
	case addr.Is4():
		return prefix.Bits() < least4
	case addr.IsPrivate() || addr.IsLinkLocalUnicast():
		return prefix.Bits() < least6Local
	}
	return prefix.Bits() < least6
}

func parsePrefix(word string) (netip.Prefix, error) {
	if !strings.Contains(word, "/") {
		addr, err := netip.ParseAddr(word)
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), err
	}
	prefix, err := netip.ParsePrefix(word)
	if addr := prefix.Addr(); err == nil && addr.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), err
}

// None reports whether no proxy is trusted.
func (p Proxies) None() bool { return p.hops == 0 && len(p.networks) == 0 }

// trusts reports whether the address that is hop addresses away is one of a proxy.
func (p Proxies) trusts(addr netip.Addr, hop int) bool {
	if hop < p.hops {
		return true
	}
	for _, prefix := range p.networks {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// Peer reports whether a request comes from a proxy that is trusted, at first hand.
func (p Proxies) Peer(r *http.Request) bool { return p.trusts(parseHop(r.RemoteAddr), 0) }

// Client returns the address that a request comes from, an IPv4 address in its own
// form. It is that of the peer unless the peer is a proxy; then that of the last
// hop in X-Forwarded-For or Forwarded (RFC 7239) that is none. When both fields are
// there and name different clients, one of them is made up and the peer stands for
// the client. The result is not valid when the connection has no address.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer := parseHop(r.RemoteAddr)
	if !p.trusts(peer, 0) {
		return peer
	}
	plain, standard := r.Header["X-Forwarded-For"], r.Header["Forwarded"]
	switch {
	case len(standard) == 0:
		return p.walk(peer, plain, parseHop)
	case len(plain) == 0:
		return p.walk(peer, standard, parseForwarded)
	}
	a, b := p.walk(peer, plain, parseHop), p.walk(peer, standard, parseForwarded)
	if a != b {
		return peer
	}
	return a
}

// Secure reports whether the client's own connection is encrypted: that to this
// service, or that to the proxy in front of it when the proxy is trusted and says so.
func (p Proxies) Secure(r *http.Request) bool {
	if r.TLS != nil || p.None() || !p.trusts(parseHop(r.RemoteAddr), 0) {
		return r.TLS != nil
	}
	if proto := r.Header["X-Forwarded-Proto"]; len(proto) > 0 {
		return strings.EqualFold(lastElement(proto), "https")
	}
	for pair := range strings.SplitSeq(lastElement(r.Header["Forwarded"]), ";") {
		if name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "="); strings.EqualFold(name, "proto") {
			return strings.EqualFold(strings.Trim(value, `"`), "https")
		}
	}
	return false
}

// lastElement is what the nearest proxy wrote into a list.
func lastElement(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	last := fields[len(fields)-1]
	return strings.Trim(last[strings.LastIndexByte(last, ',')+1:], " \t")
}

// walk goes through the hops from the nearest to the farthest, as long as the one
// that reports the next is a proxy. A hop that cannot be read ends it.
func (p Proxies) walk(addr netip.Addr, fields []string, parse func(string) netip.Addr) netip.Addr {
	distance := 0
	for i := len(fields) - 1; i >= 0; i-- {
		for rest, more := fields[i], true; more; {
			hop := rest
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, hop = rest[:comma], rest[comma+1:]
			} else {
				more = false
			}
			next := parse(strings.Trim(hop, " \t"))
			if !next.IsValid() {
				return addr
			}
			distance++
			if addr = next; !p.trusts(addr, distance) {
				return addr
			}
		}
	}
	return addr
}

// parseForwarded reads the parameter "for" of one element of a Forwarded field. A
// client can write commas into a quoted string: its halves are no valid hops.
func parseForwarded(element string) netip.Addr {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		return parseHop(value)
	}
	return netip.Addr{}
}

// parseHop reads an address, with or without a port: 192.0.2.1, 192.0.2.1:80,
// 2001:db8::1, [2001:db8::1] or [2001:db8::1]:80.
func parseHop(text string) netip.Addr {
	if addrPort, err := netip.ParseAddrPort(text); err == nil {
		return addrPort.Addr().Unmap().WithZone("")
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		text = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// networkBits is how much of an IPv6 address stands for one customer of a provider.
const networkBits = 56

// Network returns what limits count by: an IPv4 address itself, of an IPv6 address
// its /56 network, because whoever has one address there has all of them.
func Network(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	prefix, _ := addr.Prefix(networkBits) // fails for IPv4 only
	return prefix.Addr()
}
