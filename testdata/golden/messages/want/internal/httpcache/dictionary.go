package httpcache

import "strings"

// The types of items that Cache-Control has use for; the others are otherItem.
const (
	otherItem = iota
	integerItem
	stringItem
	booleanItem
)

// member is a member of a dictionary without its parameters.
type member struct {
	key, text string
	kind      int
}

// dictionary reads a dictionary of structured fields (RFC 9651, section 4.2.2). One
// mistake makes all of it wrong.
func dictionary(s string) (members []member, ok bool) {
	s = strings.Trim(s, " ")
	for s != "" {
		n := keyLength(s)
		if n == 0 {
			return nil, false
		}
		m := member{key: s[:n], kind: booleanItem, text: "1"}
		s = s[n:]
		if strings.HasPrefix(s, "=") {
			if m.text, m.kind, s, ok = item(s[1:]); !ok {
				return nil, false
			}
		}
		if s, ok = parameters(s); !ok {
			return nil, false
		}
		members = append(members, m)
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return members, true
		}
		rest, comma := strings.CutPrefix(s, ",")
		if s = strings.TrimLeft(rest, " \t"); !comma || s == "" {
			return nil, false
		}
	}
	return members, true
}

// parameters passes the parameters of an item by.
func parameters(s string) (rest string, ok bool) {
	for strings.HasPrefix(s, ";") {
		s = strings.TrimLeft(s[1:], " ")
		n := keyLength(s)
		if n == 0 {
			return "", false
		}
		if s = s[n:]; strings.HasPrefix(s, "=") {
			if _, _, s, ok = item(s[1:]); !ok {
				return "", false
			}
		}
	}
	return s, true
}

func keyLength(s string) int {
	for i := range len(s) {
		c := s[i]
		lower := c >= 'a' && c <= 'z' || c == '*'
		if !lower && (i == 0 || !isDigit(c) && c != '_' && c != '-' && c != '.') {
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// item reads a bare item. Inner lists, byte sequences, dates and display strings are
// mistakes here: no directive has them.
func item(s string) (text string, kind int, rest string, ok bool) {
	switch {
	case s == "":
		return "", 0, "", false
	case s[0] == '"':
		return stringOf(s)
	case s[0] == '?':
		if len(s) < 2 || s[1] != '0' && s[1] != '1' {
			return "", 0, "", false
		}
		return s[1:2], booleanItem, s[2:], true
	case isDigit(s[0]) || s[0] == '-':
		return numberOf(s)
	case s[0] == '*' || s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z':
		n := 1
		for n < len(s) && (s[n] == ':' || s[n] == '/' || tokenLength(s[n:n+1]) == 1) {
			n++
		}
		return s[:n], otherItem, s[n:], true
	}
	return "", 0, "", false
}

func numberOf(s string) (text string, kind int, rest string, ok bool) {
	n := 0
	if s[0] == '-' {
		n = 1
	}
	start, kind := n, integerItem
	for n < len(s) && (isDigit(s[n]) || s[n] == '.' && kind == integerItem) {
		if s[n] == '.' {
			kind = otherItem
		}
		n++
	}
	if n == start || n-start > 16 || s[n-1] == '.' {
		return "", 0, "", false
	}
	return s[:n], kind, s[n:], true
}

func stringOf(s string) (text string, kind int, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			return b.String(), stringItem, s[i+1:], true
		}
		if c == '\\' {
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", 0, "", false
			}
			c = s[i]
		}
		if c < ' ' || c > '~' {
			return "", 0, "", false
		}
		b.WriteByte(c)
	}
	return "", 0, "", false
}
