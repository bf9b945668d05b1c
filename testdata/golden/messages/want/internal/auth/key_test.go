package auth

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

func sum(key string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(key))) }

func TestParseKeys(t *testing.T) {
	keys, err := ParseKeys("# who may deploy\ndeploy:" + sum("a") + "\tadmin/ci:" + sum("b") + ":read:books,write\n\n")
	if err != nil || len(keys) != 2 {
		t.Fatalf("got %v, %v", keys, err)
	}
	if k := keys[0]; k.Name != "deploy" || k.Scheme != "" || len(k.Scopes) > 0 {
		t.Errorf("got %+v", k)
	}
	if k := keys[1]; k.Name != "ci" || k.Scheme != "admin" || strings.Join(k.Scopes, " ") != "read:books write" {
		t.Errorf("got %+v", k)
	}
	_, err = ParseKeys("a:b\nc:" + sum("x")[1:] + " :" + sum("y") + " /d:" + sum("z") + " e/f/g:" + sum("z"))
	for _, name := range []string{`"a"`, `"c"`, `""`, `"d"`, `"f/g"`} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	keys := must(NewKeys(must(ParseKeys("deploy:"+sum("k1")+":read admin/root:"+sum("k2"))), []string{"key", "admin"}, "key"))
	for _, tt := range []struct {
		scheme, key, scope string
		want               int
	}{
		{"key", "k1", "read", 200},
		{"key", "k1", "", 200},
		{"key", "k1", "write", 403},
		{"key", "k2", "", 401}, // a key of another scheme
		{"admin", "k2", "", 200},
		{"admin", "k1", "", 401},
		{"other", "k1", "", 401},
		{"key", "", "", 401},
		{"key", "k1 ", "", 401},
		{"key", sum("k1"), "", 401},
		{"key", strings.Repeat("k", maxKey+1), "", 401},
	} {
		var scopes []string
		if tt.scope != "" {
			scopes = []string{tt.scope}
		}
		ctx, err := keys.Check(t.Context(), tt.scheme, tt.key, scopes)
		if got, _ := status(err); got != tt.want {
			t.Errorf("%s %s %s: got %d, want %d", tt.scheme, tt.key, tt.scope, got, tt.want)
		}
		if who, ok := From(t.Context()); ok {
			t.Errorf("somebody is known without credentials: %+v", who)
		}
		if err == nil {
			who, _ := From(ctx)
			if keys.Known(tt.scheme, tt.key) != who.Subject || !strings.HasPrefix(who.Subject, "apikey:") || who.Granted("write") {
				t.Errorf("%s: %+v", tt.key, who)
			}
		}
	}
	if !keys.Any("key") || !keys.Any("admin") || keys.Any("other") {
		t.Error("the schemes of the keys are wrong")
	}
}

func TestKeysMustNameTheirScheme(t *testing.T) {
	list := must(ParseKeys("a:" + sum("k1") + " b/c:" + sum("k2") + " key/d:" + sum("k3") + " key/e:" + sum("k3")))
	_, err := NewKeys(list, []string{"key", "admin"}, "")
	for _, want := range []string{`"a"`, "SCHEME/a", `"c"`, `"b"`, "apikey:d"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named: %v", want, err)
		}
	}
}

// TestNewKey makes a key and uses it.
func TestNewKey(t *testing.T) {
	var out strings.Builder
	if err := NewKey(&out, "admin/deploy"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	key, line := strings.TrimSpace(lines[1]), strings.TrimSpace(lines[3])
	keys := must(NewKeys(must(ParseKeys(line)), []string{"admin"}, ""))
	if keys.Known("admin", key) != "apikey:deploy" || !strings.HasPrefix(key, "deploy_") || len(key) != len("deploy_")+26 {
		t.Errorf("the key %q is not let in by %q", key, line)
	}
	for _, bad := range []string{"", "/a", "a/", "a:b", "a b", `a"`} {
		if err := NewKey(&out, bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func BenchmarkKeys(b *testing.B) {
	keys := must(NewKeys(must(ParseKeys("deploy:"+sum("deploy_4FEO2O5WYYJHCT7ILJGWPNUAJA")+":read")), []string{"key"}, "key"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Check(b.Context(), "key", "deploy_4FEO2O5WYYJHCT7ILJGWPNUAJA", []string{"read"}); err != nil {
			b.Fatal(err)
		}
	}
}
