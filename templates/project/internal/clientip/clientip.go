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

// Proxies are the peers whose header fields are believed. Nil trusts nobody: the
// client is whoever the connection comes from.
type Proxies []netip.Prefix

// Any is how a setting says that every peer is trusted.
const Any = "any"

// Networks of an IPv4 prefix shorter than this, or an IPv6 one, are nobody's own:
// to trust one is to believe strangers. fc00::/7 are the local addresses of IPv6.
const least4, least6 = 8, 7

// ParseProxies reads addresses and CIDR prefixes with commas or spaces between
// them, or the word any. Its error names the first that cannot be trusted.
func ParseProxies(text string) (Proxies, error) {
	var out Proxies
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		if word == Any {
			out = append(out, netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0))
			continue
		}
		prefix, err := parsePrefix(word)
		if err != nil {
			return nil, fmt.Errorf("%q is no address or network such as 10.0.0.0/8", word)
		}
		if prefix.Addr().Is4() && prefix.Bits() < least4 || prefix.Addr().Is6() && prefix.Bits() < least6 {
			return nil, fmt.Errorf("%s trusts strangers, who could then claim any address: name the networks of your proxies, or write %q if only proxies can connect",
				word, Any)
		}
		out = append(out, prefix)
	}
	return out, nil
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

// String returns the networks as a setting names them.
func (p Proxies) String() string {
	words := make([]string, len(p))
	for i, prefix := range p {
		words[i] = prefix.String()
	}
	return strings.Join(words, ",")
}

func (p Proxies) trusts(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// Client returns the address that a request comes from, an IPv4 address in its own
// form. It is that of the peer unless the peer is a proxy; then that of the last
// hop in X-Forwarded-For or Forwarded (RFC 7239) that is none. When both fields are
// there and name different clients, one of them is made up and the peer stands for
// the client. The result is not valid when the connection has no address.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer := parseHop(r.RemoteAddr)
	if len(p) == 0 || !p.trusts(peer) {
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

// walk goes through the hops from the nearest to the farthest, as long as the one
// that reports the next is a proxy. A hop that cannot be read ends it.
func (p Proxies) walk(addr netip.Addr, fields []string, parse func(string) netip.Addr) netip.Addr {
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
			if addr = next; !p.trusts(addr) {
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
