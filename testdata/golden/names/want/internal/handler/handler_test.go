package handler_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.com/names/internal/api"
	"example.com/names/internal/handler"
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
		operation: "Range",
		method:    "GET",
		path:      "/type/value-1",
		want:      []int{501, 200},
	},
	{
		operation: "Range2",
		method:    "PUT",
		path:      "/type/value-1",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      "{\"func\":\"func-5\",\"Func\":\"func-5\",\"FUNC\":\"func-5\",\"$ref-like\":\"reflike-5\",\"+1\":73,\"-1\":40,\"1\":45,\"\":\"value-5\",\"with space\":\"withspace-5\",\"quo\\\"te\":\"quote-5\",\"back`tick\":\"backtick-5\",\"a,omitempty\":\"aomitempty-5\",\"new\\nline\":\"newline-5\",\"-\":\"value-5\",\"_\":\"value-5\",\"extra\":\"extra-5\",\"Extra\":\"extra-5\",\"Validate\":\"validate-5\",\"MarshalJSON\":\"marshaljson-5\",\"String\":\"string-5\",\"interface\":{\"type\":\"type-5\",\"map\":{\"key1\":52}},\"select\":[{\"case\":\"case-5-0\"}],\"nil\":true,\"日本\":\"value-5\",\"é\":\"value-5\",\"É\":\"value-5\",\"id\":\"id-5\",\"ID\":\"id-5\",\"Id\":\"id-5\",\"i_d\":\"id-5\"}",
		want:      []int{501, 200},
	},
	{
		operation: "GetFileJSON",
		method:    "GET",
		path:      "/files/40.json",
		want:      []int{501, 200},
	},
	{
		operation: "GetFileJSON2",
		method:    "GET",
		path:      "/files/40",
		want:      []int{501, 200},
	},
	{
		operation: "PostJobsByJobIDRun",
		method:    "POST",
		path:      "/jobs/p:run",
		want:      []int{501, 204},
	},
	{
		operation: "GetJobsByJobID",
		method:    "GET",
		path:      "/jobs/p",
		want:      []int{501, 200},
	},
	{
		operation: "N1stOperation",
		method:    "GET",
		path:      "/compare/42...43",
		want:      []int{501, 200},
	},
	{
		operation: "GetCompareLatest",
		method:    "GET",
		path:      "/compare/latest",
		want:      []int{501, 200},
	},
	{
		operation: "GetByAnyLatest",
		method:    "GET",
		path:      "/value-6/latest",
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
		path:      "/größe/value-7",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"straße":"strae-15","größe":42.5}`,
		want:      []int{501, 200},
	},
	{
		operation: "Handler",
		method:    "GET",
		path:      "/handler/value-8",
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
	{
		operation: "Unimplemented2",
		method:    "GET",
		path:      "/con",
		want:      []int{501, 200},
	},
	{
		operation: "MarshalJSON2",
		method:    "PUT",
		path:      "/con",
		want:      []int{501, 204},
	},
	{
		operation: "PickID",
		method:    "DELETE",
		path:      "/con",
		want:      []int{501, 204},
	},
}

// TestOperations sends a valid request to every operation, through the real router.
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
	return api.New(handler.New(), api.Options{})
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
