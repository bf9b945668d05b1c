package server_test

import (
	"context"
	"io"
	"iter"
	"net/http"
	"testing"
	"time"

	"example.com/http/internal/codec"
	"example.com/http/internal/server"
)

// TestStopEndsEventStreams: those that listen to their context, whether or not they
// have sent anything, and those that send again and again without.
func TestStopEndsEventStreams(t *testing.T) {
	sources := map[string]func(ctx context.Context) iter.Seq2[string, error]{
		"/quiet": func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				<-ctx.Done()
				yield("", ctx.Err())
			}
		},
		"/patient": func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				if yield("first", nil) {
					<-ctx.Done()
					yield("", ctx.Err())
				}
			}
		},
		"/busy": func(context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for yield("again", nil) {
					time.Sleep(time.Millisecond)
				}
			}
		},
	}
	for path, source := range sources {
		t.Run(path[1:], func(t *testing.T) {
			entered := make(chan struct{}, 1)
			s := start(t, server.Config{ShutdownTimeout: 8 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
				entered <- struct{}{}
				_ = codec.WriteEvents(w, http.StatusOK, "text/event-stream", source(r.Context()), func(e *codec.Encoder, v *string) { e.String(*v) })
			})
			ended := make(chan error, 1)
			go func() {
				resp, err := http.Get(s.url + path)
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
				ended <- err
			}()
			<-entered
			time.Sleep(20 * time.Millisecond)
			begin := time.Now()
			s.stop()
			if err := <-ended; err != nil {
				t.Errorf("the stream does not end cleanly: %v", err)
			}
			if err := s.wait(t); err != nil || time.Since(begin) > 5*time.Second {
				t.Errorf("the stop took %s: %v", time.Since(begin), err)
			}
		})
	}
}

// TestStreamsOutlastTimeouts: those of the server are for answers that are made at once.
func TestStreamsOutlastTimeouts(t *testing.T) {
	const tick = 50 * time.Millisecond
	cfg := server.Config{RequestTimeout: 2 * tick, ReadTimeout: 3 * tick, WriteTimeout: 4 * tick}
	gone := make(chan struct{})
	s := start(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		r = codec.Unhurried(w, r)
		ctx := r.Context()
		if _, ok := ctx.Deadline(); ok || server.RequestID(ctx) == "" {
			t.Error("the context has a deadline, or not what it had")
		}
		_ = codec.WriteEvents(w, http.StatusOK, "text/event-stream", func(yield func(string, error) bool) {
			for range 12 {
				time.Sleep(tick)
				if ctx.Err() != nil || !yield("again", nil) {
					return
				}
			}
			<-ctx.Done()
			close(gone)
		}, func(e *codec.Encoder, v *string) { e.String(*v) })
	})
	resp, err := http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	events := make([]byte, 12*len("data: \"again\"\n\n"))
	if n, err := io.ReadFull(resp.Body, events); err != nil {
		t.Errorf("the stream ends after %d bytes: %v", n, err)
	}
	_ = resp.Body.Close()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Error("the handler is not told that the client has gone")
	}
}
