package spec

import "strings"

// maxGuesses bounds the work that goes into suggestions for one document.
const maxGuesses = 200_000

// nearest returns the name that s was most likely meant to be, "" when none is
// close: equal but for case, or a third of its letters wrong at most.
func (d *decoder) nearest(s string, names []string) string {
	if s == "" || len(s) > 40 {
		return ""
	}
	best, limit := "", min(len(s)/3, 3)
	for _, name := range names {
		d.guesses++
		if d.guesses > maxGuesses {
			return ""
		}
		if strings.EqualFold(s, name) {
			return name
		}
		if name == "" || abs(len(name)-len(s)) > limit {
			continue
		}
		if dist := distance(s, name); dist <= limit {
			best, limit = name, dist-1 // from here on only closer ones count
		}
	}
	return best
}

// nearestKey returns the key of n that s was most likely meant to be.
func (d *decoder) nearestKey(s string, n *node) string {
	if n == nil || d.guesses > maxGuesses {
		return ""
	}
	return d.nearest(s, n.keys())
}

// didYouMean is the hint for an unknown name.
func (d *decoder) didYouMean(s string, names []string) string {
	if guess := d.nearest(s, names); guess != "" {
		return "did you mean " + guess + "?"
	}
	return ""
}

// oneOf is the hint for an unknown word of a short fixed list.
func (d *decoder) oneOf(s string, words ...string) string {
	if hint := d.didYouMean(s, words); hint != "" {
		return hint
	}
	return "use one of " + strings.Join(words, ", ")
}

func abs(n int) int { return max(n, -n) }

// distance counts the letters to insert, drop, replace or swap to get from a
// to b.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
