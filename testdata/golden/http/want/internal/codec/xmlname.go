package codec

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Names of members can be any text, names in XML cannot: a character that has no
// place there is written as _xHHHH_, its code in hexadecimal, and the empty name
// as _x_.

// xmlLetters are the characters beyond ASCII that names hold as they are: the
// letters of common scripts on which all versions of XML agree.
var xmlLetters = &unicode.RangeTable{R16: []unicode.Range16{
	{0x00c0, 0x00d6, 1}, {0x00d8, 0x00f6, 1}, {0x00f8, 0x0131, 1}, {0x0401, 0x040c, 1}, {0x040e, 0x044f, 1},
	{0x0451, 0x045c, 1}, {0x05d0, 0x05ea, 1}, {0x3041, 0x3094, 1}, {0x30a1, 0x30fa, 1}, {0x4e00, 0x9fa5, 1}, {0xac00, 0xd7a3, 1},
}}

// appendXMLName appends the name as XML takes it.
func appendXMLName(dst []byte, name string) []byte {
	if name == "" {
		return append(dst, "_x_"...)
	}
	for i, c := range name {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || unicode.Is(xmlLetters, c):
			dst = append(dst, string(c)...)
		case c == '_' && name != "_x_" && hexDigits(name[i+1:]) < 4:
			dst = append(dst, '_')
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
			dst = append(dst, byte(c))
		default:
			dst = fmt.Appendf(dst, "_x%04X_", c)
		}
	}
	return dst
}

// hexDigits counts the hexadecimal digits after an x.
func hexDigits(text string) int {
	digits, ok := strings.CutPrefix(text, "x")
	if !ok {
		return 0
	}
	return len(digits) - len(strings.TrimLeft(digits, "0123456789abcdefABCDEF"))
}

// xmlLocal returns the name that stands in XML, without prefix.
func xmlLocal(name xml.Name) string {
	if !strings.Contains(name.Local, "_x") {
		return name.Local
	}
	if name.Local == "_x_" {
		return ""
	}
	var out strings.Builder
	for rest := name.Local; rest != ""; {
		before, after, found := strings.Cut(rest, "_")
		out.WriteString(before)
		if !found {
			break
		}
		rest = after
		if n := hexDigits(after); n >= 4 && n <= 8 && strings.HasPrefix(after[1+n:], "_") {
			if c, err := strconv.ParseUint(after[1:1+n], 16, 32); err == nil && c <= unicode.MaxRune {
				out.WriteRune(rune(c))
				rest = after[n+2:]
				continue
			}
		}
		out.WriteByte('_')
	}
	return out.String()
}
