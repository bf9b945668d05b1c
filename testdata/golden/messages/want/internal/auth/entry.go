package auth

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// parseEntries reads entries with white space between them and reports all that
// cannot be read. Lines that start with # are left out.
func parseEntries[T any](text string, parse func(string) (T, error)) ([]T, error) {
	var out []T
	var errs []error
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, entry := range words(line, "") {
			one, err := parse(entry)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			out = append(out, one)
		}
	}
	return out, errors.Join(errs...)
}

func readEntries[T any](file string, parse func(string) (T, error)) ([]T, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	return parseEntries(string(text), parse)
}

// words splits a list at white space and at the separators.
func words(text, separators string) []string {
	return strings.FieldsFunc(text, func(r rune) bool {
		return r == ' ' || r == '\t' || r == '\n' || r == '\r' || strings.ContainsRune(separators, r)
	})
}
