package codec

import (
	"math/big"
	"strings"
	"testing"
)

func TestIntegers(t *testing.T) {
	for _, test := range []struct{ text, integer, unsigned string }{
		{"0", "0", "0"},
		{"-0", "0", "0"},
		{"007", "7", "7"},
		{"18446744073709551615", "18446744073709551615", "18446744073709551615"},
		{"18446744073709551616", "18446744073709551616", "does not fit into 64 bits"},
		{"-1", "-1", "must be at least 0"},
		{"1.0", "1", "1"},
		{"12.5e1", "125", "125"},
		{"1e30", "1" + strings.Repeat("0", 30), "does not fit into 64 bits"},
		{"1.5", "must be an integer", "must be an integer"},
		{"1e99999", "is too large", "is too large"},
		{"1e-99999999999", "is too large", "is too large"},
		{strings.Repeat("9", 20_000), "is too large", "is too large"},
		{"0x10", "must be an integer", "must be an integer"},
		{"1/1", "must be an integer", "must be an integer"},
		{"1_000", "must be an integer", "must be an integer"},
		{"", "must be an integer", "must be an integer"},
	} {
		n, fault := parseInteger(test.text)
		if fault == "" {
			fault = n.String()
		}
		u, unsigned := parseUint(test.text)
		if unsigned == "" {
			unsigned = new(big.Int).SetUint64(u).String()
		}
		if fault != test.integer || unsigned != test.unsigned {
			t.Errorf("%q: got %s and %s", test.text, fault, unsigned)
		}
	}
	n := NewInteger(new(big.Int).Lsh(big.NewInt(1), 80))
	var back Integer
	text, err := n.MarshalJSON()
	if err != nil || back.UnmarshalJSON(text) != nil || back != n || n.Big().Cmp(back.Big()) != 0 || NewInteger(nil) != (Integer{}) {
		t.Errorf("%s became %s, %v", n, back, err)
	}
}

func TestMultipleOfIsExact(t *testing.T) {
	reports := func(check func(r Reporter)) int {
		c := Checker{at: &Request{}}
		check(&c)
		return len(c.faults)
	}
	if reports(func(r Reporter) { MultipleOf(r, int64(9007199254740993), "2") }) != 1 {
		t.Error("9007199254740993 is no multiple of 2")
	}
	if reports(func(r Reporter) { MultipleOf(r, float32(0.3), "0.1") }) != 0 || reports(func(r Reporter) { MultipleOf(r, 19.99, "0.01") }) != 0 {
		t.Error("decimals are multiples of decimals")
	}
}
