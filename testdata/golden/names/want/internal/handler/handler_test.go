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

	"example.com/names/internal/api"
	"example.com/names/internal/database"
	"example.com/names/internal/handler"
	"example.com/names/internal/store"
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
		operation: "GetFileJSON2",
		method:    "GET",
		path:      "/files/39",
		want:      []int{404},
	},
	{
		operation: "Handler",
		method:    "GET",
		path:      "/handler/value-2",
		want:      []int{404},
	},
	{
		operation: "GetJobsByJobID",
		method:    "GET",
		path:      "/jobs/p",
		want:      []int{404},
	},
	{
		operation: "GetCompareLatest",
		method:    "GET",
		path:      "/compare/latest",
		want:      []int{200},
	},
	{
		operation: "Range",
		method:    "GET",
		path:      "/type/value-4",
		want:      []int{404},
	},
	{
		operation: "Range2",
		method:    "PUT",
		path:      "/type/value-4",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      "{\"func\":\"func-l\",\"Func\":\"func-l\",\"FUNC\":\"func-l\",\"$ref-like\":\"reflike-l\",\"+1\":89,\"-1\":56,\"1\":61,\"\":\"value-l\",\"with space\":\"withspace-l\",\"quo\\\"te\":\"quote-l\",\"back`tick\":\"backtick-l\",\"a,omitempty\":\"aomitempty-l\",\"new\\nline\":\"newline-l\",\"-\":\"value-l\",\"_\":\"value-l\",\"extra\":\"extra-l\",\"Extra\":\"extra-l\",\"Validate\":\"validate-l\",\"MarshalJSON\":\"marshaljson-l\",\"String\":\"string-l\",\"interface\":{\"type\":\"type-l\",\"map\":{\"key1\":68}},\"select\":[{\"case\":\"case-l-0\"}],\"nil\":true,\"日本\":\"value-l\",\"é\":\"value-l\",\"É\":\"value-l\",\"id\":\"id-l\",\"ID\":\"id-l\",\"Id\":\"id-l\",\"i_d\":\"id-l\"}",
		want:      []int{501, 200},
	},
	{
		operation: "GetFileJSON",
		method:    "GET",
		path:      "/files/39.json",
		want:      []int{501, 200},
	},
	{
		operation: "PostJobsByJobIDRun",
		method:    "POST",
		path:      "/jobs/p:run",
		want:      []int{501, 204},
	},
	{
		operation: "N1stOperation",
		method:    "GET",
		path:      "/compare/43...44",
		want:      []int{501, 200},
	},
	{
		operation: "GetByAnyLatest",
		method:    "GET",
		path:      "/value-7/latest",
		want:      []int{501, 200},
	},
	{
		operation: "Get",
		method:    "GET",
		path:      "/",
		want:      []int{501, 204},
	},
	{
		operation: "GrößeÄndern",
		method:    "POST",
		path:      "/größe/value-8",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"straße":"strae-19","größe":44.5}`,
		want:      []int{501, 200},
	},
	{
		operation: "New",
		method:    "POST",
		path:      "/handlers/new",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"rangeRequest":{"a":"a-1d"},"RangeResponse":{"b":"b-1d"}}`,
		want:      []int{501, 204},
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
