package config

import (
	"fmt"
	"slices"
	"strings"
)

// fileSuffix ends the names of variables that name the file with a setting, as
// containers hand over secrets.
const fileSuffix = "_FILE"

// Unknown returns a sentence for each variable of an environment (NAME=value) that is
// no setting, but nearly reads like one of vars.
func Unknown(environ []string, vars []Var) []string {
	known := map[string]bool{"PORT": true, "SSL_CERT_FILE": true} // Go itself reads the second
	for _, v := range vars {
		known[v.Name], known[v.Name+fileSuffix] = true, true
	}
	var out []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if known[name] {
			continue
		}
		best, least := "", 3
		for _, v := range vars {
			// A slip in a long name is one; two short words may just be alike.
			plain := strings.ReplaceAll(v.Name, "_", "")
			d := distance(strings.ReplaceAll(name, "_", ""), plain)
			if d < least && (d == 0 || len(plain) > 4) && (d < 2 || len(plain) > 8) {
				best, least = v.Name, d
			}
		}
		if best != "" {
			out = append(out, fmt.Sprintf("%s is no setting; did you mean %s?", name, best))
		}
	}
	slices.Sort(out)
	return out
}

// distance is how many letters must be added, left out, exchanged or swapped with
// their neighbour to make one word of the other, 3 for everything beyond 2.
func distance(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return min(last[len(b)], 3)
}
