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

	"example.com/messages/internal/api"
	"example.com/messages/internal/database"
	"example.com/messages/internal/handler"
	"example.com/messages/internal/store"
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
		operation: "CreateChannel",
		method:    "POST",
		path:      "/channels",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"topic":"topic-1","kind":"direct","archived":false,"founded_on":"2024-05-02","quiet_from":"2024-01-15T11:18:00Z","labels":{"key1":"labels-1-0"},"members":["members.1-0@example.com"],"name":"xv"}`,
		want:      []int{201},
		save:      "channels",
		pointer:   "/id",
	},
	{
		operation: "PostMessage",
		method:    "POST",
		path:      "/channels/${channels}/messages",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"content":{"type":"image","url":"https://example.com/url/5","alt":"alt-5","size":{"width":24,"height":39}},"author":{"bot_id":51},"reply_to":26,"importance":0.25,"pinned":false,"attachments":[{"name":"name-5-0","media_type":"mediatype-5-0","data":"ZGF0YS01LTA=","checksum":"ebebcddfdacaaaceedecafcaeefeaeecbbdcdeadbbebcacfaeeeddbfaffdebdd"}],"extra":"extra-5"}`,
		want:      []int{201},
		save:      "messages",
		pointer:   "/id",
	},
	{
		operation: "ListChannels",
		method:    "GET",
		path:      "/channels",
		want:      []int{200},
	},
	{
		operation: "GetChannel",
		method:    "GET",
		path:      "/channels/${channels}",
		want:      []int{200},
	},
	{
		operation: "UpdateChannel",
		method:    "PATCH",
		path:      "/channels/${channels}",
		header:    http.Header{"Content-Type": {"application/merge-patch+json"}},
		body:      `{"topic":"topic-h","kind":"public","archived":false,"founded_on":"2024-05-18","quiet_from":"2024-01-15T11:34:00Z","labels":{"key1":"labels-h-0"},"members":["members.h-0@example.com"],"name":"ju"}`,
		want:      []int{200},
	},
	{
		operation: "ListMessages",
		method:    "GET",
		path:      "/channels/${channels}/messages",
		want:      []int{200},
	},
	{
		operation: "GetMessage",
		method:    "GET",
		path:      "/channels/${channels}/messages/${messages}",
		want:      []int{200},
	},
	{
		operation: "ReplaceMessage",
		method:    "PUT",
		path:      "/channels/${channels}/messages/${messages}",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"content":{"type":"image","url":"https://example.com/url/t","alt":"alt-t","size":{"width":48,"height":63}},"author":{"bot_id":75},"reply_to":50,"importance":0.25,"pinned":false,"attachments":[{"name":"name-t-0","media_type":"mediatype-t-0","data":"ZGF0YS10LTA=","checksum":"fcabeceadceaefccefafedfbeccdaafeafceacceaaceeafdabaefcdaeebdcfef"}],"extra":"extra-t"}`,
		want:      []int{200},
	},
	{
		operation: "ListDeliveries",
		method:    "GET",
		path:      "/channels/${channels}/messages/${messages}/deliveries",
		want:      []int{501, 200},
	},
	{
		operation: "RenderContent",
		method:    "POST",
		path:      "/render?width=320",
		header:    http.Header{"Content-Type": {"application/json"}},
		body:      `{"type":"text","text":"text-11","format":"plain"}`,
		want:      []int{501, 200, 202},
	},
	{
		operation: "DeleteMessage",
		method:    "DELETE",
		path:      "/channels/${channels}/messages/${messages}",
		want:      []int{204},
	},
	{
		operation: "DeleteChannel",
		method:    "DELETE",
		path:      "/channels/${channels}",
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
