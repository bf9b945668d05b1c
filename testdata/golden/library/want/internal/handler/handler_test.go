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

	"example.com/library/internal/api"
	"example.com/library/internal/database"
	"example.com/library/internal/handler"
	"example.com/library/internal/store"
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
		operation: "CreateBook",
		method:    "POST",
		path:      "/admin/books",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"title":"title-1","author":"author-1","shelf":"cellar"}`,
		want:      []int{201},
		save:      "books",
		pointer:   "/id",
	},
	{
		operation: "CreateFine",
		method:    "POST",
		path:      "/admin/fines",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"reader":"reader-5","cents":50}`,
		want:      []int{201},
		save:      "fines",
		pointer:   "/id",
	},
	{
		operation: "CreateReservation",
		method:    "POST",
		path:      "/reservations",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"book_id":"${books}","reader":"reader-9"}`,
		want:      []int{201},
		save:      "reservations",
		pointer:   "/id",
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
		operation: "AdminListBooks",
		method:    "GET",
		path:      "/admin/books",
		want:      []int{200},
	},
	{
		operation: "GetFine",
		method:    "GET",
		path:      "/admin/fines/${fines}",
		want:      []int{200},
	},
	{
		operation: "GetReservation",
		method:    "GET",
		path:      "/reservations/${reservations}",
		want:      []int{200},
	},
	{
		operation: "CreateBook",
		method:    "POST",
		path:      "/admin/books",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"title":"title-x","author":"author-x","shelf":"cellar"}`,
		want:      []int{201},
		save:      "books",
		pointer:   "/id",
	},
	{
		operation: "DeleteBook",
		method:    "DELETE",
		path:      "/admin/books/${books}",
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
