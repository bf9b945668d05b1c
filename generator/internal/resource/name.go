package resource

import (
	"slices"
	"strings"
)

// irregular are the plurals the rules below get wrong and people do type.
var irregular = map[string]string{
	"person": "people", "child": "children", "man": "men", "woman": "women",
	"foot": "feet", "tooth": "teeth", "mouse": "mice", "goose": "geese",
	"shelf": "shelves", "leaf": "leaves", "life": "lives", "knife": "knives", "half": "halves",
	"hero": "heroes", "potato": "potatoes", "tomato": "tomatoes",
	"analysis": "analyses", "index": "indexes", "quiz": "quizzes",
}

// uncountable words are their own plural.
var uncountable = []string{"equipment", "information", "money", "news", "series", "species", "sheep", "fish", "feedback", "staff"}

// plural returns the English plural of a snake_case name: its last word changes.
func plural(name string) string {
	head, last := "", name
	if i := strings.LastIndexByte(name, '_'); i >= 0 {
		head, last = name[:i+1], name[i+1:]
	}
	if p, ok := irregular[last]; ok {
		return head + p
	}
	if slices.Contains(uncountable, last) {
		return name
	}
	switch {
	case strings.HasSuffix(last, "y") && len(last) > 1 && !strings.ContainsRune("aeiou", rune(last[len(last)-2])):
		return head + last[:len(last)-1] + "ies"
	case strings.HasSuffix(last, "s"), strings.HasSuffix(last, "x"), strings.HasSuffix(last, "z"),
		strings.HasSuffix(last, "ch"), strings.HasSuffix(last, "sh"):
		return name + "es"
	}
	return name + "s"
}

// pascal turns book_order into BookOrder.
func pascal(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// camel turns book_order into bookOrder.
func camel(name string) string {
	p := pascal(name)
	if p == "" {
		return ""
	}
	return strings.ToLower(p[:1]) + p[1:]
}

// words turns book_order into "book order".
func words(name string) string {
	return strings.ReplaceAll(name, "_", " ")
}

// nearest returns the word closest to name within two edits, or "".
func nearest(name string, known []string) string {
	best, dist := "", 3
	for _, w := range known {
		if d := distance(name, w); d < dist && d < len(name) {
			best, dist = w, d
		}
	}
	return best
}

// distance counts the single-byte edits that turn a into b.
func distance(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, prev[j+1]+1, prev[j]+cost)
		}
		prev = row
	}
	return prev[len(b)]
}
