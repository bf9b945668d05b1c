package handler_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/bookshop/internal/api"
	"example.com/bookshop/internal/database"
	"example.com/bookshop/internal/handler"
	"example.com/bookshop/internal/store"
)

// trial is one request to one operation. ${name} in its path and body stands for a value that an
// earlier answer gave.
type trial struct {
	operation string
	method    string
	path      string
	header    http.Header
	body      string
	want      []int  // statuses that are right
	save      string // name to keep a value of the answer under
	pointer   string // JSON pointer of that value
}

// trials call every operation: what is read was created before, and is deleted last.
var trials = []trial{
	{
		operation: "CreateAuthor",
		method:    "POST",
		path:      "/authors",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"name":"name-1","born_on":"2024-05-02","website":"https://example.com/website/1"}`,
		want:      []int{201},
		save:      "authors",
		pointer:   "/id",
	},
	{
		operation: "CreateBook",
		method:    "POST",
		path:      "/authors/${authors}/books",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"title":"title-5","isbn":"9790764390456","genre":"poetry","price":25.5,"published_on":"2024-05-06","tags":["tags-5-0"]}`,
		want:      []int{201},
		save:      "books",
		pointer:   "/id",
	},
	{
		operation: "CreateReview",
		method:    "POST",
		path:      "/books/${books}/reviews",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"reader":"reader-9","rating":5,"text":"text-9"}`,
		want:      []int{201},
		save:      "reviews",
		pointer:   "/id",
	},
	{
		operation: "ListAuthors",
		method:    "GET",
		path:      "/authors",
		want:      []int{200},
	},
	{
		operation: "GetAuthor",
		method:    "GET",
		path:      "/authors/${authors}",
		want:      []int{200},
	},
	{
		operation: "ReplaceAuthor",
		method:    "PUT",
		path:      "/authors/${authors}",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"name":"name-l","born_on":"2024-05-22","website":"https://example.com/website/l"}`,
		want:      []int{200},
	},
	{
		operation: "UpdateAuthor",
		method:    "PATCH",
		path:      "/authors/${authors}",
		header:    http.Header{"Content-Type": {"application/merge-patch+json"}},
		body:      `{"name":"name-p","born_on":"2024-05-26","website":"https://example.com/website/p"}`,
		want:      []int{200},
	},
	{
		operation: "ListAuthorBooks",
		method:    "GET",
		path:      "/authors/${authors}/books",
		want:      []int{200},
	},
	{
		operation: "ListBooks",
		method:    "GET",
		path:      "/books",
		want:      []int{200},
	},
	{
		operation: "GetBook",
		method:    "GET",
		path:      "/books/${books}",
		want:      []int{200},
	},
	{
		operation: "ReplaceBook",
		method:    "PUT",
		path:      "/books/${books}",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"title":"title-15","isbn":"9784589815024","genre":"children","price":43.5,"published_on":"2024-06-11","tags":["tags-15-0"]}`,
		want:      []int{200},
	},
	{
		operation: "UpdateBook",
		method:    "PATCH",
		path:      "/books/${books}",
		header:    http.Header{"Content-Type": {"application/merge-patch+json"}},
		body:      `{"title":"title-19","isbn":"9780185901724","genre":"fiction","price":45.5,"published_on":"2024-06-15","tags":["tags-19-0"]}`,
		want:      []int{200},
	},
	{
		operation: "ListReviews",
		method:    "GET",
		path:      "/books/${books}/reviews",
		want:      []int{200},
	},
	{
		operation: "GetReview",
		method:    "GET",
		path:      "/reviews/${reviews}",
		want:      []int{200},
	},
	{
		operation: "OrderBook",
		method:    "POST",
		path:      "/books/${books}/order",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"copies":100}`,
		want:      []int{501, 202, 400, 404},
	},
	{
		operation: "DeleteReview",
		method:    "DELETE",
		path:      "/reviews/${reviews}",
		want:      []int{204},
	},
	{
		operation: "DeleteBook",
		method:    "DELETE",
		path:      "/books/${books}",
		want:      []int{204},
	},
	{
		operation: "DeleteAuthor",
		method:    "DELETE",
		path:      "/authors/${authors}",
		want:      []int{204},
	},
}

// TestOperations sends a valid request to every operation, through the real router and down to a
// database of its own.
func TestOperations(t *testing.T) {
	service := httptest.NewServer(newAPI(t))
	defer service.Close()
	saved := map[string]json.RawMessage{}
	for _, tr := range trials {
		t.Run(tr.operation, func(t *testing.T) {
			status, answer := send(t, service, tr, saved)
			if !slices.Contains(tr.want, status) {
				t.Fatalf("%s %s: status %d, want one of %v\n%s", tr.method, tr.path, status, tr.want, answer)
			}
			if tr.save != "" && status < 300 {
				saved[tr.save] = find(t, answer, tr.pointer)
			}
		})
	}
}

func newAPI(t *testing.T) http.Handler {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{
		URL:            "sqlite:" + filepath.Join(t.TempDir(), "test.db"),
		MaxConns:       2,
		ConnectTimeout: 10 * time.Second,
		AcquireTimeout: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context(), store.Migrations, "migrations"); err != nil {
		t.Fatal(err)
	}
	return api.New(handler.New(store.New(db)), api.Options{})
}

// send makes the request of a trial and returns the status and the body of the answer.
func send(t *testing.T, service *httptest.Server, tr trial, saved map[string]json.RawMessage) (int, []byte) {
	t.Helper()
	path, body := tr.path, tr.body
	for name, value := range saved {
		text := strings.Trim(string(value), `"`)
		path = strings.ReplaceAll(path, "${"+name+"}", url.PathEscape(text))
		body = strings.ReplaceAll(body, `"${`+name+`}"`, string(value))
	}
	if strings.Contains(path+body, "${") {
		t.Skip("an earlier request did not give the value that this one needs")
	}
	req, err := http.NewRequestWithContext(t.Context(), tr.method, service.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range tr.header {
		req.Header[name] = values
	}
	res, err := service.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

// find returns the member of a JSON object that a pointer such as /book/id names.
func find(t *testing.T, text json.RawMessage, pointer string) json.RawMessage {
	t.Helper()
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(text, &object); err != nil {
			t.Fatalf("%s: %v in %s", pointer, err, text)
		}
		text = object[name]
	}
	if text == nil {
		t.Fatalf("the answer has no %s", pointer)
	}
	return text
}
