package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/messages/internal/problem"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// status returns what a check answers, and the challenge.
func status(err error) (int, string) {
	if err == nil {
		return http.StatusOK, ""
	}
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		return http.StatusInternalServerError, err.Error()
	}
	return p.Status, p.Challenge
}

// TestAdmit grants scopes and puts the principal into the context.
func TestAdmit(t *testing.T) {
	who := &Principal{Subject: "ada", Scopes: []string{"read", "write"}}
	ctx, err := admit(t.Context(), who, "basic", []string{"write", "read"})
	if err != nil {
		t.Fatal(err)
	}
	got, ok := From(ctx)
	if !ok || got.Subject != "ada" || got.Scheme != "basic" || !got.Granted("read") || got.Granted("admin") || who.Scheme != "" {
		t.Errorf("got %+v", got)
	}
	if _, err := admit(t.Context(), who, "basic", []string{"read", "admin"}); err == nil || !strings.Contains(err.Error(), "admin") {
		t.Errorf("got %v", err)
	}
	if code, challenge := status(refuse()); code != http.StatusUnauthorized || challenge != "" {
		t.Errorf("refuse: %d %s", code, challenge)
	}
	if got, ok := From(With(t.Context(), Principal{Subject: "b"})); !ok || got.Subject != "b" {
		t.Errorf("got %+v", got)
	}
	if _, ok := From(context.Background()); ok {
		t.Error("there is a principal without a request")
	}
}

func TestDev(t *testing.T) {
	for text, want := range map[string]Dev{"": false, "insecure": true} {
		if got := must(ParseDev(text)); got != want {
			t.Errorf("%q: got %t", text, got)
		}
	}
	for _, text := range []string{"true", "1", "yes"} {
		if _, err := ParseDev(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	w := httptest.NewRecorder()
	letIn(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if who, ok := From(r.Context()); !ok || who.Subject != "dev" {
			t.Errorf("got %+v", who)
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Header().Get("X-Auth-Dev") != "insecure" {
		t.Error("the answer does not tell")
	}
}

func TestMissing(t *testing.T) {
	requirements := [][][]string{{{"a"}, {"b", "c"}}, {{"d"}, {}}, {{"e"}}}
	needs := map[string]string{"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}
	for ready, want := range map[string]string{
		"":    "a: A|b: B|c: C|e: E",
		"e":   "a: A|b: B|c: C",
		"b":   "a: A|c: C|e: E",
		"a":   "e: E",
		"b e": "a: A|c: C",
		"a e": "", "b c e": "", "a b c d e": "",
	} {
		has := map[string]bool{}
		for _, scheme := range strings.Fields(ready) {
			has[scheme] = true
		}
		got := ""
		if err := missing(requirements, has, needs); err != nil {
			_, lines, _ := strings.Cut(err.Error(), ":\n  ")
			got = strings.ReplaceAll(lines, "\n  ", "|")
		}
		if got != want {
			t.Errorf("with %q: got %q, want %q", ready, got, want)
		}
	}
}
