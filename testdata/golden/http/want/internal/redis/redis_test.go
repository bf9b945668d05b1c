package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// journal is a log that tests read.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) count(text string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.buf.String(), text)
}

func open(t *testing.T, url string) (*Client, *journal) {
	t.Helper()
	j := &journal{}
	c, err := Open(Config{URL: url, Timeout: 100 * time.Millisecond}, slog.New(slog.NewTextHandler(j, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, j
}

func ping(ctx context.Context, c rueidis.Client) error {
	return c.Do(ctx, c.B().Ping().Build()).Error()
}

func TestParseURL(t *testing.T) {
	for _, url := range []string{"", "redis://h:1", "rediss://u:p@h:1/2", "redis://h?addr=i:1&addr=j:2", "redis://h?addr=i:1&master_set=main", "unix:///run/redis.sock"} {
		if got, err := ParseURL(url); err != nil || got != url {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{"h:6379", "http://u:secret@h", "redis://u:secret@h:x:y", "redis://:secret@h/db"} {
		if _, err := ParseURL(url); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
		if _, err := Open(Config{URL: url}, slog.Default()); err == nil {
			t.Errorf("%s was opened", url)
		}
	}
}

func TestRedisThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	start := time.Now()
	c, j := open(t, "redis://"+l.Addr().String())
	if took := time.Since(start); took > 2*dialTimeout {
		t.Errorf("Open took %s", took)
	}
	start = time.Now()
	for range 100 {
		if err := c.Do(t.Context(), ping); !errors.Is(err, ErrDown) {
			t.Fatalf("got %v", err)
		}
	}
	if took := time.Since(start); took > 50*time.Millisecond {
		t.Errorf("100 calls took %s", took)
	}
	time.Sleep(2 * retryLeast)
	if n := j.count("does not answer"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
}

// TestRedisThatNeverAnswers: the server accepts connections and says nothing.
func TestRedisThatNeverAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	start := time.Now()
	c, _ := open(t, "redis://"+l.Addr().String())
	if took := time.Since(start); took > 2*dialTimeout {
		t.Errorf("Open took %s", took)
	}
	if err := c.Do(t.Context(), ping); !errors.Is(err, ErrDown) {
		t.Errorf("got %v", err)
	}
	for range 3 { // it gives up and tries again
		select {
		case conn := <-accepted:
			defer conn.Close()
		case <-time.After(5 * time.Second):
			t.Fatal("no further attempt to connect within 5 s")
		}
	}
}

// server returns the URL of a real server.
func server(t *testing.T) string {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		t.Skip("TEST_REDIS_URL is not set")
	}
	return url
}

func TestCalls(t *testing.T) {
	c, j := open(t, server(t))
	if err := c.Do(t.Context(), ping); err != nil {
		t.Fatal(err)
	}
	err := c.Do(t.Context(), func(ctx context.Context, c rueidis.Client) error {
		return c.Do(ctx, c.B().Get().Key("test:redis:none").Build()).Error()
	})
	if !rueidis.IsRedisNil(err) {
		t.Errorf("got %v", err)
	}
	if n := j.count("redis answers"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
}

// TestObserve: what is told of a command is its name and whether it failed.
func TestObserve(t *testing.T) {
	var told []string
	cfg := Config{URL: server(t), Timeout: time.Second, Observe: func(ctx context.Context, command string) (context.Context, func(error)) {
		return ctx, func(err error) { told = append(told, fmt.Sprint(command, " ", err != nil)) }
	}}
	c, err := Open(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	script := rueidis.NewLuaScript("return redis.call('GET', KEYS[1]) or " + strconv.FormatInt(time.Now().UnixNano(), 10)) // which the server does not know yet
	err = c.Do(t.Context(), func(ctx context.Context, c rueidis.Client) error {
		none := c.Do(ctx, c.B().Get().Key("test:redis:none").Build()).Error()
		ran := script.Exec(ctx, c, []string{"test:redis:none"}, nil).Error()
		wrong := c.Do(ctx, c.B().Arbitrary("GET").Build()).Error()
		for _, result := range c.DoMulti(ctx, c.B().Del().Key("test:redis:none").Build(), c.B().Ping().Build()) {
			ran = errors.Join(ran, result.Error())
		}
		if !rueidis.IsRedisNil(none) || wrong == nil {
			t.Errorf("got %v and %v", none, wrong)
		}
		return ran
	})
	if want := "[GET false EVALSHA false EVAL false GET true pipeline false]"; err != nil || fmt.Sprint(told) != want {
		t.Errorf("got %v, %v, want %s", told, err, want)
	}
}

// TestCallersThatGiveUp do not count against the connection.
func TestCallersThatGiveUp(t *testing.T) {
	c, j := open(t, server(t))
	for range 3 * failures {
		ctx, cancel := context.WithCancel(t.Context())
		_ = c.Do(ctx, func(context.Context, rueidis.Client) error {
			cancel()
			return ctx.Err()
		})
	}
	if err := c.Do(t.Context(), ping); err != nil || j.count("does not answer") != 0 {
		t.Errorf("got %v", err)
	}
}

// TestOnePause hits all calls that are under way and does not end the connection.
func TestOnePause(t *testing.T) {
	c, j := open(t, server(t))
	var group sync.WaitGroup
	for range 10 * failures {
		group.Go(func() {
			_ = c.Do(t.Context(), func(ctx context.Context, _ rueidis.Client) error {
				<-ctx.Done()
				return ctx.Err()
			})
		})
	}
	group.Wait()
	if err := c.Do(t.Context(), ping); err != nil || j.count("does not answer") != 0 {
		t.Errorf("got %v", err)
	}
}

// TestFailuresInARow end a connection; a new one is made.
func TestFailuresInARow(t *testing.T) {
	c, j := open(t, server(t))
	slow := func(ctx context.Context, _ rueidis.Client) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for range failures {
		start := time.Now()
		if err := c.Do(t.Context(), slow); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > 200*time.Millisecond {
			t.Errorf("a call took %s", took)
		}
	}
	if err := c.Do(t.Context(), ping); !errors.Is(err, ErrDown) {
		t.Errorf("got %v", err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for c.Do(t.Context(), ping) != nil {
		if time.Now().After(deadline) {
			t.Fatal("no new connection within 5 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if down, up := j.count("does not answer"), j.count("redis answers"); down != 1 || up != 2 {
		t.Errorf("%d lines say that Redis is down, %d that it is up", down, up)
	}
}
