package model

import (
	"fmt"
	"go/token"
	"strings"
	"unicode"
)

// initialisms are written in capitals in Go names.
var initialisms = map[string]bool{
	"acl": true, "api": true, "ascii": true, "cpu": true, "css": true, "csv": true, "dns": true,
	"eof": true, "gb": true, "gid": true, "guid": true, "html": true, "http": true, "https": true,
	"id": true, "ids": true, "ip": true, "isbn": true, "iso": true, "json": true, "jwt": true, "kb": true,
	"mb": true, "os": true, "pdf": true, "ram": true, "rpc": true, "sku": true, "sla": true,
	"smtp": true, "sql": true, "ssh": true, "ssl": true, "tcp": true, "tls": true, "ttl": true,
	"udp": true, "ui": true, "uid": true, "uri": true, "url": true, "utc": true, "utf8": true,
	"uuid": true, "vm": true, "xml": true,
}

// words cuts a name into its words: at everything that is no letter or digit and
// between lower and upper case.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1])):
			flush()
		case unicode.IsUpper(r) && i > 0 && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
			if !(runes[i+1] == 's' && (i+2 == len(runes) || !unicode.IsLower(runes[i+2]))) { // IDs stays one word
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return out
}

// signs are the characters that tell two names apart when nothing else does.
var signs = strings.NewReplacer("+", " plus ", "<", " less ", ">", " greater ", "=", " equal ",
	"*", " star ", "%", " percent ", "&", " and ", "|", " or ", "!", " not ", "#", " hash ", "@", " at ", "$", " dollar ")

// Exported turns any name into an exported Go identifier: "book_id" into BookID,
// "+1" into Plus1, "" into Empty.
func Exported(name string) string {
	parts := words(name)
	if rest, ok := strings.CutPrefix(name, "-"); ok && (len(parts) == 0 || rest != "" && unicode.IsDigit(rune(rest[0]))) {
		parts = append([]string{"minus"}, parts...)
	} else if len(parts) == 0 || unicode.IsDigit([]rune(parts[0])[0]) && !unicode.IsDigit([]rune(name)[0]) {
		parts = words(signs.Replace(name))
	}
	var b strings.Builder
	for _, part := range parts {
		lower := strings.ToLower(part)
		switch {
		case lower == "ids":
			b.WriteString("IDs")
		case initialisms[lower]:
			b.WriteString(strings.ToUpper(lower))
		default:
			runes := []rune(part)
			if strings.ToUpper(part) == part && len(runes) > 1 {
				runes = []rune(lower)
			}
			runes[0] = unicode.ToUpper(runes[0])
			b.WriteString(string(runes))
		}
	}
	out := b.String()
	switch first := []rune(out + " ")[0]; {
	case out == "":
		return "Empty"
	case unicode.IsDigit(first):
		return "N" + out
	case !unicode.IsUpper(first):
		return "X" + out
	}
	return out
}

// Unexported turns an exported Go identifier into one that is not, and no keyword
// or predeclared name.
func Unexported(name string) string {
	runes := []rune(name)
	n := 0
	for n < len(runes) && unicode.IsUpper(runes[n]) {
		n++
	}
	if n > 1 && n < len(runes) && unicode.IsLower(runes[n]) {
		n-- // HTTPServer: the S belongs to Server
	}
	for i := range max(n, 1) {
		runes[i] = unicode.ToLower(runes[i])
	}
	out := string(runes)
	if token.IsExported(out) { // a capital without a small letter
		return "x" + out
	}
	if token.IsKeyword(out) || predeclared[out] {
		return out + "Value"
	}
	return out
}

var predeclared = map[string]bool{
	"any": true, "append": true, "bool": true, "byte": true, "cap": true, "clear": true, "close": true,
	"comparable": true, "complex": true, "copy": true, "delete": true, "error": true, "false": true,
	"float32": true, "float64": true, "imag": true, "int": true, "int32": true, "int64": true,
	"iota": true, "len": true, "make": true, "max": true, "min": true, "new": true, "nil": true,
	"panic": true, "print": true, "println": true, "real": true, "recover": true, "rune": true,
	"string": true, "true": true, "uint": true, "init": true, "main": true,
}

// Snake turns any name into lower_snake_case: "authorId" into author_id.
func Snake(name string) string {
	parts := words(name)
	for i, part := range parts {
		parts[i] = strings.ToLower(part)
	}
	if len(parts) == 0 {
		return "x"
	}
	out := strings.Join(parts, "_")
	if unicode.IsDigit([]rune(out)[0]) {
		out = "x" + out
	}
	return out
}

// scope hands out names that are taken once only.
type scope map[string]bool

// pick returns the first free one of the candidates, else the last with a number.
func (s scope) pick(candidates ...string) string {
	for _, name := range candidates {
		if !s[name] {
			s[name] = true
			return name
		}
	}
	last := candidates[len(candidates)-1]
	for n := 2; ; n++ {
		if name := fmt.Sprintf("%s%d", last, n); !s[name] {
			s[name] = true
			return name
		}
	}
}
