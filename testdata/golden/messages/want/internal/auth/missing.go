package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// missing reports the schemes without which some operations could let nobody in, nil
// when there are none.
func missing(requirements [][][]string, ready map[string]bool, needs map[string]string) error {
	met := func(all []string) bool {
		return !slices.ContainsFunc(all, func(scheme string) bool { return !ready[scheme] })
	}
	var lines []string
	for _, alternatives := range requirements {
		if slices.ContainsFunc(alternatives, met) {
			continue
		}
		for _, all := range alternatives {
			for _, scheme := range all {
				line := fmt.Sprintf("  %s: %s", scheme, needs[scheme])
				if !ready[scheme] && !slices.Contains(lines, line) {
					lines = append(lines, line)
				}
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New("operations ask for credentials that nothing checks; set what one of their schemes needs, or AUTH_DEV=insecure to let everybody in while you develop:\n" + strings.Join(lines, "\n"))
}
