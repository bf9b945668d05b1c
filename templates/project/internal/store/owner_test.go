package store

import (
	"testing"

	"github.com/apigen-go/apigen/templates/project/internal/auth"
)

func TestSubject(t *testing.T) {
	if got, err := subject(auth.With(t.Context(), auth.Principal{Subject: "ada"})); err != nil || got != "ada" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := subject(t.Context()); err == nil {
		t.Errorf("without a principal: got %q", got)
	}
	if got, err := subject(auth.With(t.Context(), auth.Principal{})); err == nil {
		t.Errorf("without a subject: got %q", got)
	}
}
