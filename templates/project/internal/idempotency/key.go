package idempotency

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/templates/project/internal/problem"
)

// Header is the header field of a request that carries its key.
const Header = "Idempotency-Key"

// maxKey bounds the length of a key in bytes.
const maxKey = 255

// key returns the key of a request, "" when it has none. The draft has it as a
// string of structured fields (RFC 9651), in quotation marks; many clients send it
// without, and both mean the same.
func key(h http.Header) (string, error) {
	values := h[Header]
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 {
		return "", refusal("has more than one value")
	}
	text := strings.TrimSpace(values[0])
	if strings.HasPrefix(text, `"`) {
		var ok bool
		if text, ok = unquote(text); !ok {
			return "", refusal("is no string as RFC 9651 writes it")
		}
	}
	switch {
	case text == "":
		return "", refusal("is empty")
	case len(text) > maxKey:
		return "", refusal("is longer than " + strconv.Itoa(maxKey) + " bytes")
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return "", refusal("has characters other than printable ASCII")
	}
	return text, nil
}

// unquote reads a string of structured fields, RFC 9651 section 4.2.5. Parameters
// behind it mean nothing here.
func unquote(text string) (string, bool) {
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			rest := strings.TrimSpace(text[i+1:])
			return out.String(), rest == "" || rest[0] == ';'
		case '\\':
			if i++; i == len(text) || text[i] != '"' && text[i] != '\\' {
				return "", false
			}
			out.WriteByte(text[i])
		default:
			out.WriteByte(c)
		}
	}
	return "", false
}

// refusal is the answer to a request whose key is missing or wrong.
func refusal(detail string) *problem.Problem {
	p := problem.New(http.StatusBadRequest, "the request needs a valid "+Header)
	p.Errors = []problem.Violation{{In: "header", Pointer: "/" + Header, Detail: detail}}
	return p
}

// digest returns a text of 43 characters that stands for the parts in their order.
func digest(parts ...[]byte) string {
	sum := sha256.New()
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		sum.Write(size[:])
		sum.Write(part)
	}
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
}
