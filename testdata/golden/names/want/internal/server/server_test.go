package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/names/internal/codec"
	"example.com/names/internal/problem"
	"example.com/names/internal/server"
)

// service is a server on a free port.
type service struct {
	url    string
	stop   context.CancelFunc
	done   chan error
	logs   *logs
	server *server.Server
}

func start(t *testing.T, cfg server.Config, api http.HandlerFunc, checks ...server.Check) *service {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*time.Duration{&cfg.ReadHeaderTimeout, &cfg.ReadTimeout, &cfg.RequestTimeout, &cfg.WriteTimeout, &cfg.IdleTimeout, &cfg.ShutdownTimeout} {
		if *d == 0 {
			*d = 10 * time.Second
		}
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 1 << 10
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &service{url: "http://" + l.Addr().String(), stop: stop, done: make(chan error, 1), logs: &logs{}}
	s.server = server.New(cfg, server.NewLogger(s.logs, 0), api, checks...)
	go func() { s.done <- s.server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func (s *service) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(15 * time.Second):
		t.Fatal("the server does not stop")
		return nil
	}
}

func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// logs keeps JSON log lines.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// find waits for a line with the given message.
func (l *logs) find(t *testing.T, msg string) map[string]any {
	t.Helper()
	for range 200 {
		l.mu.Lock()
		text := l.buf.String()
		l.mu.Unlock()
		for line := range strings.Lines(text) {
			var record map[string]any
			if err := json.Unmarshal([]byte(line), &record); err == nil && record["msg"] == msg {
				return record
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no log line %q", msg)
	return nil
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	codec.WriteProblem(w, problem.New(http.StatusNotFound, "no such path"))
}

func TestRequestIsServedAndLogged(t *testing.T) {
	s := start(t, server.Config{}, func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "GET /books/{id}"
		if _, ok := r.Context().Deadline(); !ok {
			t.Error("the context has no deadline")
		}
		notFound(w, r)
	})
	req, _ := http.NewRequest(http.MethodGet, s.url+"/books/7?secret=1", nil)
	req.Header.Set("X-Request-Id", "abc-1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound || resp.Header.Get("Content-Type") != problem.Media || !bytes.Contains(body, []byte("no such path")) {
		t.Errorf("got %d %v %s", resp.StatusCode, resp.Header, body)
	}
	for header, want := range map[string]string{"X-Request-Id": "abc-1", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header.Get(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	line := s.logs.find(t, "request")
	want := map[string]any{
		"level": "INFO", "method": "GET", "path": "/books/7", "route": "GET /books/{id}", "status": 404.0,
		"bytes": float64(len(body)), "client": "127.0.0.1", "request_id": "abc-1",
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("log: %s is %v, want %v", key, line[key], value)
		}
	}
}

func TestBadRequestIDIsReplaced(t *testing.T) {
	s := start(t, server.Config{}, notFound)
	for _, id := range []string{"", "a b", `"`, strings.Repeat("x", 129)} {
		req, _ := http.NewRequest(http.MethodGet, s.url, nil)
		req.Header.Set("X-Request-Id", id)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("X-Request-Id"); got == id || len(got) < 20 {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestPanicBecomesProblem(t *testing.T) {
	s := start(t, server.Config{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", "x")
		if r.URL.Path == "/late" {
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
		}
		panic("no luck")
	})
	status, header, body := get(t, s.url)
	if status != http.StatusInternalServerError || header.Get("Content-Type") != problem.Media || header.Get("Etag") != "" || header.Get("X-Request-Id") == "" {
		t.Errorf("got %d %v %s", status, header, body)
	}
	if strings.Contains(body, "no luck") {
		t.Errorf("the cause is shown: %s", body)
	}
	line := s.logs.find(t, "panic")
	if line["cause"] != "no luck" || !strings.Contains(fmt.Sprint(line["stack"]), "server_test.go") {
		t.Errorf("logged %v", line)
	}
	if s.server.Panics() != 1 {
		t.Errorf("%d panics counted", s.server.Panics())
	}
	resp, err := http.Get(s.url + "/late")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Error("a half-written answer reads as complete")
	}
}

func TestBodyAndTimeAreLimited(t *testing.T) {
	s := start(t, server.Config{MaxBody: 10, RequestTimeout: 20 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			_, _ = io.WriteString(w, r.Context().Err().Error())
			return
		}
		_, err := io.ReadAll(r.Body)
		_, tooLarge := errors.AsType[*http.MaxBytesError](err)
		_, _ = fmt.Fprint(w, tooLarge)
	})
	for _, tt := range []struct{ body, want string }{{"0123456789", "false"}, {"0123456789x", "true"}} {
		resp, err := http.Post(s.url, "text/plain", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(got) != tt.want {
			t.Errorf("%d bytes: too large is %s", len(tt.body), got)
		}
	}
	if _, _, body := get(t, s.url+"/slow"); body != context.DeadlineExceeded.Error() {
		t.Errorf("got %q", body)
	}
}

func TestBasePathIsStripped(t *testing.T) {
	s := start(t, server.Config{BasePath: "/v1"}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path+" "+r.URL.EscapedPath())
	})
	for path, want := range map[string]string{
		"/v1/books":   "200 /books /books",
		"/v1/a%2Fb":   "200 /a/b /a%2Fb",
		"/v1":         "200 / /",
		"/v1/":        "200 / /",
		"/v1x":        "404",
		"/books":      "404",
		"/%761/books": "404",
	} {
		status, _, body := get(t, s.url+path)
		got := fmt.Sprint(status)
		if status == 200 {
			got += " " + body
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestReadinessFollowsChecks(t *testing.T) {
	var mu sync.Mutex
	var broken error
	s := start(t, server.Config{}, notFound, server.Check{Name: "database", Run: func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		return broken
	}})
	if status, _, _ := get(t, s.url+"/readyz"); status != 200 {
		t.Errorf("ready: got %d", status)
	}
	mu.Lock()
	broken = errors.New("password is secret")
	mu.Unlock()
	status, _, body := get(t, s.url+"/readyz")
	if status != 503 || !strings.Contains(body, "database is not ready") || strings.Contains(body, "secret") {
		t.Errorf("not ready: got %d %s", status, body)
	}
	if status, _, _ := get(t, s.url+"/healthz"); status != 200 {
		t.Errorf("healthy all the same: got %d", status)
	}
	if err := server.Probe(t.Context(), server.Config{Addr: strings.TrimPrefix(s.url, "http://")}); err != nil {
		t.Error(err)
	}
}

func TestStopLetsRequestsFinish(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s := start(t, server.Config{ShutdownDelay: 300 * time.Millisecond}, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "done")
	})
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get(s.url)
		if err != nil {
			answer <- err.Error()
			return
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		answer <- string(body)
	}()
	<-entered
	s.stop()
	s.logs.find(t, "stopping")
	if status, _, body := get(t, s.url+"/readyz"); status != 503 || !strings.Contains(body, "stopping") {
		t.Errorf("readyz during the delay: got %d %s", status, body)
	}
	time.Sleep(400 * time.Millisecond)
	if err := server.Probe(t.Context(), server.Config{Addr: strings.TrimPrefix(s.url, "http://")}); err == nil {
		t.Error("connections are taken after the delay")
	}
	close(leave)
	if got := <-answer; got != "done" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}

func TestStopCutsWhatDoesNotFinish(t *testing.T) {
	entered := make(chan struct{})
	s := start(t, server.Config{ShutdownTimeout: 50 * time.Millisecond}, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	go func() {
		if resp, err := http.Get(s.url); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-entered
	s.stop()
	if err := s.wait(t); err == nil || !strings.Contains(err.Error(), "still running after 50ms") {
		t.Errorf("got %v", err)
	}
}

func TestRunNamesTheAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	addr := l.Addr().String()
	s := server.New(server.Config{Addr: addr}, server.NewLogger(io.Discard, 0), http.NotFoundHandler())
	if got, want := fmt.Sprint(s.Run(t.Context())), "listen on "+addr+": address already in use"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// observer notes what a server tells it.
type observer struct {
	mu  sync.Mutex
	got []string
}

type observedKey struct{}

func (o *observer) Begin(ctx context.Context, r *http.Request) context.Context {
	return context.WithValue(ctx, observedKey{}, r.URL.Path)
}

func (o *observer) End(ctx context.Context, r *http.Request, a server.Answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.got = append(o.got, fmt.Sprint(ctx.Value(observedKey{}), " ", r.Pattern, " ", a.Operation, " ", a.Status, " ", a.Bytes))
}

func TestObserverFollowsRequests(t *testing.T) {
	o := &observer{}
	cfg := server.Config{LogSkip: 1, Observer: o, Operation: func(method, route string) string { return method + " of " + route }}
	s := start(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(observedKey{}) != r.URL.Path {
			t.Error("the context of the observer is lost")
		}
		switch r.URL.Path {
		case "/good":
			r.Pattern = "/{word}"
			_, _ = io.WriteString(w, "good")
		case "/panic":
			panic("on purpose")
		default:
			http.NotFound(w, r)
		}
	})
	for _, path := range []string{"/good", "/healthz", "/lost", "/panic"} {
		resp, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	s.stop()
	if err := s.wait(t); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(o.got, "\n")
	if !strings.HasPrefix(got, "/good /{word} GET of /{word} 200 4\n/lost   404 19\n/panic   500 ") {
		t.Errorf("got\n%s", got)
	}
	text := s.logs.buf.String()
	if strings.Contains(text, "/good") || !strings.Contains(text, "/lost") || !strings.Contains(text, `"path":"/panic"`) {
		t.Errorf("with no lines for requests that went well, the log is\n%s", text)
	}
}
