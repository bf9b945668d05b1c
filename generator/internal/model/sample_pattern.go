package model

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
)

var unicodeEscape = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`)

// goPattern rewrites the one ECMA 262 escape that real documents use and Go's
// regular expressions spell differently.
func goPattern(pattern string) string {
	return unicodeEscape.ReplaceAllString(pattern, `\x{$1}`)
}

// patternText makes up a string from the syntax of a pattern: extra is how much
// longer than necessary its repetitions may get. Assertions are ignored, so the
// caller matches the result. It reports false for patterns Go cannot read.
func patternText(pattern string, r *random, extra int) (string, bool) {
	re, err := syntax.Parse(goPattern(pattern), syntax.Perl)
	if err != nil {
		return "", false
	}
	w := &patternWriter{r: r, extra: extra}
	w.write(re)
	return w.out.String(), !w.stuck
}

type patternWriter struct {
	out   strings.Builder
	r     *random
	extra int
	stuck bool // the pattern matches nothing
}

const maxPatternText = 4096

func (w *patternWriter) write(re *syntax.Regexp) {
	if w.out.Len() > maxPatternText {
		return
	}
	switch re.Op {
	case syntax.OpNoMatch:
		w.stuck = true
	case syntax.OpLiteral:
		w.out.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.out.WriteByte(byte('a' + w.r.below(26)))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			w.write(sub)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[w.r.below(len(re.Sub))])
	case syntax.OpQuest:
		w.repeat(re.Sub[0], 0, 1)
	case syntax.OpStar:
		w.repeat(re.Sub[0], 0, -1)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1, -1)
	case syntax.OpRepeat:
		w.repeat(re.Sub[0], re.Min, re.Max)
	}
}

func (w *patternWriter) repeat(re *syntax.Regexp, lo, hi int) {
	n := lo + w.r.below(w.extra+1)
	if lo == 0 && n == 0 && w.extra > 0 {
		n = 1
	}
	if hi >= 0 {
		n = min(n, hi)
	}
	for range n {
		w.write(re)
	}
}

// class picks a character of the class, a plain one when there is any.
func (w *patternWriter) class(ranges []rune) {
	for _, plain := range [][2]rune{{'a', 'z'}, {'0', '9'}, {'A', 'Z'}} {
		if w.pick(ranges, plain[0], plain[1]) {
			return
		}
	}
	if !w.pick(ranges, '!', '~') && !w.pick(ranges, 0xa1, unicode.MaxRune) && !w.pick(ranges, 0, unicode.MaxRune) {
		w.stuck = true
	}
}

func (w *patternWriter) pick(ranges []rune, lo, hi rune) bool {
	total := 0
	for i := 0; i < len(ranges); i += 2 {
		total += max(0, int(min(ranges[i+1], hi)-max(ranges[i], lo))+1)
	}
	if total == 0 {
		return false
	}
	n := w.r.below(total)
	for i := 0; i < len(ranges); i += 2 {
		from := max(ranges[i], lo)
		size := max(0, int(min(ranges[i+1], hi)-from)+1)
		if n < size {
			w.out.WriteRune(from + rune(n))
			return true
		}
		n -= size
	}
	return false
}
