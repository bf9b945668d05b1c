package httpcache

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/library/internal/redis"
)

// store returns a store in a real Redis, with keys of its own, as a function that
// connects one more instance to it.
func store(t *testing.T) func() *Redis {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		t.Skip("TEST_REDIS_URL is not set")
	}
	name := "test-" + rand.Text()
	return func() *Redis {
		client, err := redis.Open(redis.Config{URL: url, Timeout: 2 * time.Second}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		return NewRedis(client, name)
	}
}

// eventually waits for what another instance does.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for range 500 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

// listening waits until a cache has the versions of the store.
func listening(t *testing.T, c *Cache) {
	t.Helper()
	eventually(t, "the versions of Redis", func() bool { return c.versions.slots[everything].Load() != 0 })
}

// TestInstancesShareAnswers: what one instance has asked for the other has too, and a
// write through one ends it in both.
func TestInstancesShareAnswers(t *testing.T) {
	connect := store(t)
	o := saying("Cache-Control: max-age=60", "Vary: Accept-Language")
	var handlers [2]http.Handler
	var caches [2]*Cache
	for i := range caches {
		caches[i] = New(Config{MaxBytes: 1 << 20}, Options{Shared: connect()})
		handlers[i] = caches[i].Handler(o)
		listening(t, caches[i])
	}
	ask := func(i int, lang string) string {
		return send(handlers[i], "GET", "/books", "Accept-Language: "+lang).text
	}
	if first := ask(0, "en"); first != "1" {
		t.Fatalf("got %s", first)
	}
	shared := func(body string) func() bool {
		name := recordName(key{host: "example.com", uri: "/books"}, []string{"en"})
		return func() bool { return strings.HasSuffix(string(caches[0].shared.Get(t.Context(), name)), "\n"+body) }
	}
	eventually(t, "the answer in Redis", shared("1"))
	if got := ask(1, "en"); got != "1" {
		t.Errorf("the other instance asked for %s", got)
	}
	if got := ask(1, "de"); got != "2" {
		t.Errorf("another variant is %s", got)
	}
	send(handlers[1], "POST", "/books")
	eventually(t, "the write in the other instance", func() bool { return ask(0, "en") == "4" })
	eventually(t, "the new answer in Redis", shared("4"))
	if got := ask(1, "en"); got != "4" {
		t.Errorf("after the write: %s", got)
	}
	status := send(handlers[0], "GET", "/books", "Accept-Language: en").Header.Get("Cache-Status")
	if !strings.HasPrefix(status, "apigen; hit; ttl=") {
		t.Errorf("Cache-Status %q", status)
	}
}

// TestMissedWritesAreHeardLater: what was written while an instance could not hear or
// could not say so.
func TestMissedWritesAreHeardLater(t *testing.T) {
	connect := store(t)
	speaker := connect()
	if _, err := speaker.Invalidate(t.Context(), []uint16{7, 8}); err != nil {
		t.Fatal(err)
	}
	for _, slot := range []uint16{70, 7000} { // as if Redis had been away
		speaker.unsaid[slot/64].Or(1 << (slot % 64))
	}
	own := newVersions()
	speaker.catchUp(own.set)
	other := newVersions()
	connect().catchUp(other.set)
	for _, slot := range []uint16{everything, 7, 8, 70, 7000} {
		if v := other.slots[slot].Load(); v == 0 || v != own.slots[slot].Load() {
			t.Errorf("slot %d: %d and %d", slot, own.slots[slot].Load(), v)
		}
	}
	if other.slots[9].Load() != 0 {
		t.Error("a slot that nothing was written to has a version")
	}
	before := other.slots[7].Load()
	if after, err := speaker.Invalidate(t.Context(), []uint16{7}); err != nil || after <= before {
		t.Errorf("the version went from %d to %d: %v", before, after, err)
	}
}
