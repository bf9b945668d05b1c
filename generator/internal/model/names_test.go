package model

import (
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	for tag, want := range map[string]string{
		"Order Items":            "order_items",
		"_test":                  "test_ops",
		"linux_amd64":            "linux_amd64_ops",
		"solar-SPARC":            "solar_sparc_ops",
		"con":                    "con_ops",
		"COM1":                   "com1_ops",
		"console":                "console",
		"..":                     "x",
		"2fa":                    "x2fa",
		strings.Repeat("ab", 99): strings.Repeat("ab", 50),
		strings.Repeat("日", 99):  strings.Repeat("日", 33),
	} {
		if got := fileName(tag); got != want {
			t.Errorf("%q becomes %s, not %s", tag, got, want)
		}
	}
}
