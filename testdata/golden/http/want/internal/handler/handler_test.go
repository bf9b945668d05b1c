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

	"example.com/http/internal/api"
	"example.com/http/internal/handler"
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
		operation: "ReadPath",
		method:    "GET",
		path:      "/styles/x/.x/;matrix=x",
		want:      []int{501, 204, 400},
	},
	{
		operation: "ReadQuery",
		method:    "GET",
		path:      "/styles",
		want:      []int{501, 200},
	},
	{
		operation: "ReadFree",
		method:    "GET",
		path:      "/free",
		want:      []int{501, 204},
	},
	{
		operation: "GetFile",
		method:    "GET",
		path:      "/files/value-4",
		want:      []int{501, 200},
	},
	{
		operation: "CopyFile",
		method:    "POST",
		path:      "/files/value-4:copy",
		want:      []int{501, 204},
	},
	{
		operation: "SendMessage",
		method:    "POST",
		path:      "/queue/?Action=Send",
		want:      []int{501, 204},
	},
	{
		operation: "ReceiveMessage",
		method:    "POST",
		path:      "/queue/?Action=Receive",
		want:      []int{501, 204},
	},
	{
		operation: "CreateCharge",
		method:    "POST",
		path:      "/charges",
		header:    http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		body:      "amount=50&callback=https%3A%2F%2Fexample.com%2Fcallback%2Ft&codes=33&lines%5B0%5D%5Bprice%5D=price-t-0&lines%5B0%5D%5Bquantity%5D=107&metadata%5Bkey1%5D=metadata-t-0",
		want:      []int{501, 200},
	},
	{
		operation: "AddPoint",
		method:    "POST",
		path:      "/points",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"x":118,"y":17.5,"name":"name-x"}`,
		want:      []int{501, 201},
	},
	{
		operation: "Upload",
		method:    "POST",
		path:      "/uploads",
		header:    http.Header{"Content-Type": {"multipart/form-data; boundary=apigen"}},
		body:      "--apigen\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\ntitle-11\r\n--apigen\r\nContent-Disposition: form-data; name=\"point[x]\"\r\n\r\n122\r\n--apigen\r\nContent-Disposition: form-data; name=\"point[y]\"\r\n\r\n19.5\r\n--apigen\r\nContent-Disposition: form-data; name=\"point[name]\"\r\n\r\nname-11\r\n--apigen\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\ntags-11-0\r\n--apigen\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\ncontent\r\n--apigen--\r\n",
		want:      []int{501, 204},
	},
	{
		operation: "GetReport",
		method:    "GET",
		path:      "/report",
		want:      []int{501, 200, 200, 200},
	},
	{
		operation: "Watch",
		method:    "GET",
		path:      "/events",
		want:      []int{501, 200},
	},
	{
		operation: "ImportPoints",
		method:    "POST",
		path:      "/import",
		header:    http.Header{"Content-Type": {"application/x-ndjson"}},
		body:      `{"x":134,"y":25.5,"name":"name-1d"}`,
		want:      []int{501, 204},
	},
	{
		operation: "SendLetter",
		method:    "POST",
		path:      "/letters",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"copies":96,"to":["to-1h-0"],"lines":["lines-1h-0"],"subject":"subject-1h","enclosed":{"copies":96,"to":["to-1h-0"],"lines":["lines-1h-0"],"subject":"subject-1h","stamps":{"key1":{"price":45,"currency":"USD"}},"paper":"paper-1h"},"stamps":{"key1":{"price":45,"currency":"USD"}},"paper":"paper-1h"}`,
		want:      []int{501, 200, 202},
	},
	{
		operation: "SendTelegram",
		method:    "PUT",
		path:      "/telegrams",
		header:    http.Header{"Content-Type": {"text/xml"}},
		body:      `<Telegram xmlns="urn:example:telegram" urgent="true">text-1l</Telegram>`,
		want:      []int{501, 200},
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
