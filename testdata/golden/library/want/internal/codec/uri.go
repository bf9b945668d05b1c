package codec

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// validURI checks a URI of RFC 3986 or an IRI of RFC 3987, which may have letters
// of all languages.
func validURI(s string, absolute, international bool) bool {
	foreign := strings.ContainsFunc(s, func(r rune) bool {
		if r >= utf8.RuneSelf {
			return !international || !unicode.IsGraphic(r) || unicode.IsSpace(r)
		}
		return r <= ' ' || strings.ContainsRune("<>\"{}|\\^`\x7f", r)
	})
	if foreign {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (!absolute || u.Scheme != "")
}

// templatePattern is the grammar of RFC 6570.
var templatePattern = regexp.MustCompile(`^([^\x00-\x20"'<>\\^` + "`" + `{|}]|\{[+#./;?&=,!@|]?` + templateName + `(,` + templateName + `)*\})*$`)

const templateName = `([A-Za-z0-9_]|%[0-9A-Fa-f]{2})(\.?([A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(:[1-9]\d{0,3}|\*)?`

var (
	pointerPattern  = regexp.MustCompile(`^(/([^~/]|~[01])*)*$`)
	relativePattern = regexp.MustCompile(`^(0|[1-9]\d*)(#|(/([^~/]|~[01])*)*)$`)
)

// validHost checks a host name with letters of all languages, roughly: which
// letters may stand beside each other (RFC 5892) is not looked at.
func validHost(s string) bool {
	for label := range strings.SplitSeq(strings.NewReplacer("。", ".", "．", ".", "｡", ".").Replace(s), ".") {
		first, _ := utf8.DecodeRuneInString(label)
		if label == "" || utf8.RuneCountInString(label) > 63 || unicode.IsMark(first) || first == '-' || strings.HasSuffix(label, "-") {
			return false
		}
		for _, r := range label {
			if r != '-' && r != '·' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return len(s) <= 253
}
