package generator_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// TestNestedPaths asks for rows below others: every row that the path names has to
// hang on the one before it, for what is there as for what is added or listed.
func TestNestedPaths(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nested")
	create(t, dir, filepath.Join(repository, "testdata/nested/openapi.yaml"), "store")
	service, err := conformance.Start(t.Context(), dir, t.TempDir(), "DATABASE_URL=file:"+filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer service.Kill()
	for _, call := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPost, "/authors", `{"name":"a"}`, 201},
		{http.MethodPost, "/authors", `{"name":"b"}`, 201},
		{http.MethodPost, "/authors/1/books", `{"title":"of a"}`, 201},
		{http.MethodPost, "/authors/3/books", `{"title":"of nobody"}`, 404},
		{http.MethodGet, "/authors/1/books/1", "", 200},
		{http.MethodGet, "/authors/2/books/1", "", 404},
		{http.MethodPost, "/authors/1/books/1/reviews", `{"text":"good"}`, 201},
		{http.MethodPost, "/authors/1/books/2/reviews", `{"text":"of no book"}`, 404},
		{http.MethodPost, "/authors/2/books/1/reviews", `{"text":"of a book of another author"}`, 404},
		{http.MethodPost, "/authors/3/books/1/reviews", `{"text":"of a book of nobody"}`, 404},
		{http.MethodGet, "/authors/1/books/1/reviews", "", 200},
		{http.MethodGet, "/authors/1/books/2/reviews", "", 404},
		{http.MethodGet, "/authors/2/books/1/reviews", "", 404},
	} {
		if got, text := send(t, http.DefaultClient, call.method, service.URL+call.path, call.body); got.StatusCode != call.want {
			t.Errorf("%s %s %s: %d, want %d\n%s", call.method, call.path, call.body, got.StatusCode, call.want, text)
		}
	}
}
