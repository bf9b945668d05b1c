package server_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/names/internal/server"
)

// TestStopClosesConnections: from the stop on each answer is the last of its connection.
func TestStopClosesConnections(t *testing.T) {
	s := start(t, server.Config{ShutdownDelay: 300 * time.Millisecond}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "served")
	})
	if resp, err := http.Get(s.url); err != nil || resp.Close || resp.Body.Close() != nil {
		t.Fatalf("before: %v, %v", resp, err)
	}
	s.stop()
	s.logs.find(t, "stopping")
	resp, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if !resp.Close || string(body) != "served" {
		t.Errorf("during the delay: Connection is %v, body %q", resp.Header["Connection"], body)
	}
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
}

// TestStopDoesNotWaitForSilence: a connection that has sent nothing holds nobody up.
func TestStopDoesNotWaitForSilence(t *testing.T) {
	s := start(t, server.Config{}, notFound)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if status, _, _ := get(t, s.url); status != http.StatusNotFound { // the connection before has been taken
		t.Errorf("status %d", status)
	}
	begin := time.Now()
	s.stop()
	if err := s.wait(t); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 4*time.Second { // 5 s is what net/http waits
		t.Errorf("the stop took %s", took)
	}
}
