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
