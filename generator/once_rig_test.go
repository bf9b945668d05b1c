//go:build unix

package generator_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// rigKeys holds two instances to the contract of idempotency keys.
func rigKeys(t *testing.T, service *conformance.Service, database func(*testing.T) string) {
	b := startBalancer(t, service, database(t))
	first, second := b.replicas[0].service.URL, b.replicas[1].service.URL
	send := func(url, key, body string, header ...string) reply {
		t.Helper()
		r, err := b.post(url, "/payments", key, body, header...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	rows := func() int64 {
		t.Helper()
		var page struct{ Total int64 }
		b.get(t, "/payments?limit=1", &page)
		return page.Total
	}
	payment := func(amount int) string { return fmt.Sprintf(`{"reference":"r","amount":%d}`, amount) }
	refused := func(name string, r reply, status int) {
		t.Helper()
		if r.status != status || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v %s, want %d", name, r.status, r.header, r.body, status)
		}
	}
	same := func(name string, a, b reply) {
		t.Helper()
		for _, r := range []reply{a, b} {
			for _, own := range []string{"Date", "X-Request-Id", "Idempotent-Replayed"} {
				r.header.Del(own)
			}
		}
		if a.status != b.status || !bytes.Equal(a.body, b.body) || fmt.Sprint(a.header) != fmt.Sprint(b.header) {
			t.Errorf("%s: got\n%d %v %s, want\n%d %v %s", name, b.status, b.header, b.body, a.status, a.header, a.body)
		}
	}
	next := int64(0)
	fresh := func() string { next++; return uuid(next) }
	passed := 0
	step := func(name string, run func(t *testing.T)) {
		if t.Run(name, run) {
			passed++
		}
	}
	step("missing", func(t *testing.T) {
		refused("no key", send(first, "", payment(1)), http.StatusBadRequest)
		refused("an empty key", send(first, `""`, payment(1)), http.StatusBadRequest)
		if n := rows(); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
	step("replay", func(t *testing.T) {
		for _, status := range []int{1, 402, 409, 422} { // 1: a success
			before, key := rows(), fresh()
			a, again := send(first, key, payment(status)), send(second, key, payment(status))
			if again.header.Get("Idempotent-Replayed") != "true" || a.header.Get("Idempotent-Replayed") != "" || status > 1 && a.status != status {
				t.Errorf("%d: %v and %v", a.status, a.header, again.header)
			}
			same(fmt.Sprint(status), a, again)
			if n := rows() - before; n != map[bool]int64{true: 1, false: 0}[status == 1] {
				t.Errorf("%d leaves %d rows", status, n)
			}
		}
		before, key := rows(), fresh()
		for range 2 { // each is answered anew, and leaves nothing
			if r := send(first, key, payment(503)); r.status != 503 || r.header.Get("Idempotent-Replayed") != "" || rows() != before {
				t.Errorf("%d %v, %d rows", r.status, r.header, rows())
			}
		}
		// Of a generated handler, with a statement that PostgreSQL refuses.
		order := `{"reference":"taken","amount":1}`
		for i, want := range []int{http.StatusCreated, http.StatusConflict} {
			key := fresh()
			for _, url := range []string{first, second} {
				if r, err := b.post(url, "/orders", key, order); err != nil || r.status != want || (r.header.Get("Idempotent-Replayed") != "") != (url == second) {
					t.Errorf("order %d: %d %v %s %v", i, r.status, r.header, r.body, err)
				}
			}
		}
	})
	step("other body", func(t *testing.T) {
		key := fresh()
		send(first, key, payment(1))
		refused("another body", send(second, key, payment(2)), http.StatusUnprocessableEntity)
	})
	step("in flight", func(t *testing.T) {
		key, done := fresh(), make(chan reply, 1)
		go func() { done <- send(first, key, payment(600_001)) }() // for 0.6 s
		time.Sleep(200 * time.Millisecond)
		r := send(first, key, payment(600_001))
		refused("in flight", r, http.StatusConflict)
		if r.header.Get("Retry-After") == "" {
			t.Errorf("no Retry-After: %v", r.header)
		}
		// On PostgreSQL the other instance says the same; on SQLite it waits for its turn.
		r = send(second, key, payment(600_001))
		if r.status != http.StatusConflict && r.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the other instance: %d %s", r.status, r.body)
		}
		if r := <-done; r.status != http.StatusCreated {
			t.Errorf("the first: %d %s", r.status, r.body)
		}
	})
	step("other principal", func(t *testing.T) {
		before, key := rows(), fresh()
		for i, who := range [][]string{{"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}, {"X-API-Key", "a"}, {}} {
			for range 2 {
				if r := send(first, key, payment(1), who...); r.status != http.StatusCreated || rows()-before != int64(i+1) {
					t.Errorf("%v: %d, %d rows", who, r.status, rows()-before)
				}
			}
		}
	})
	step("quoted and bare", func(t *testing.T) {
		key := fresh()
		a, again := send(first, `"`+key+`"`, payment(1)), send(first, key, payment(1))
		if a.status != http.StatusCreated || again.header.Get("Idempotent-Replayed") == "" {
			t.Errorf("%d %s, %d %v", a.status, a.body, again.status, again.header)
		}
		same("quoted and bare", a, again)
		refused("half quoted", send(first, `"`+key, payment(1)), http.StatusBadRequest)
	})
	step("length", func(t *testing.T) {
		for n, want := range map[int]int{255: http.StatusCreated, 256: http.StatusBadRequest} {
			r, err := b.post(first, "/orders", strings.Repeat("k", n), fmt.Sprintf(`{"reference":"%d","amount":1}`, n))
			if err != nil || r.status != want {
				t.Errorf("%d bytes: %d %s %v", n, r.status, r.body, err)
			}
		}
	})
	step("expiry", func(t *testing.T) {
		short, err := service.Again(t.Context(), append(b.env, "IDEMPOTENCY_TTL=1s")...)
		if err != nil {
			t.Fatal(err)
		}
		defer short.Kill()
		before, key := rows(), fresh()
		for i, wait := range []time.Duration{0, 0, 1100 * time.Millisecond} {
			time.Sleep(wait)
			if r := send(short.URL, key, payment(1)); (r.header.Get("Idempotent-Replayed") != "") != (i == 1) {
				t.Errorf("%d after %s: %v", i, wait, r.header)
			}
		}
		if n := rows() - before; n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
	})
	t.Logf("%d of 8 cases of the contract; Node.js original: no keys", passed)
}

// rigKills sends requests with keys, again and again until they are answered, while
// instances are killed at random.
func rigKills(t *testing.T, service *conformance.Service, database func(*testing.T) string) {
	const slow = 120 // ms a payment takes at most: of two instances one is killed every 95 ms or so
	requests := 80
	if soaking {
		requests = 500
	}
	b := startBalancer(t, service, database(t))
	var attempts, replays, conflicts atomic.Int64
	var group sync.WaitGroup
	queue := make(chan int, requests)
	for i := range requests {
		queue <- i
	}
	close(queue)
	for range 6 {
		group.Go(func() {
			for i := range queue {
				path, body := "/payments", fmt.Sprintf(`{"reference":"%d","amount":%d}`, i, 1000*(1+rand.IntN(slow)))
				if i%2 == 1 { // a handler as it was generated
					path, body = "/orders", fmt.Sprintf(`{"reference":"%d","amount":1}`, i)
				}
				for answered := (reply{}); ; {
					attempts.Add(1)
					url := *b.replicas[rand.IntN(2)].url.Load() // ready or not
					impatient := 20 * time.Second
					if rand.IntN(4) == 0 { // the client goes before the answer comes
						impatient = time.Duration(rand.IntN(10_000)) * time.Microsecond
					}
					r, err := b.postWithin(impatient, url, path, uuid(int64(i)), body)
					if err == nil && r.status == http.StatusCreated {
						if r.header.Get("Idempotent-Replayed") != "" {
							replays.Add(1)
						}
						if answered.status != 0 && !bytes.Equal(answered.body, r.body) {
							t.Errorf("request %d: %s, and then %s", i, answered.body, r.body)
						}
						if answered = r; rand.IntN(4) == 0 { // the answer gets lost
							continue
						}
						break
					}
					switch {
					case err == nil && r.status == http.StatusConflict && strings.Contains(string(r.body), "being answered"):
						conflicts.Add(1)
					case err == nil && r.status < 500:
						t.Errorf("request %d: %d %s", i, r.status, r.body)
						return
					}
					time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	kills := 0
	for running := true; running; kills++ {
		select {
		case <-done:
			running = false
		case <-time.After(time.Duration(20+rand.IntN(150)) * time.Millisecond):
		}
		r := b.replicas[kills%2]
		r.service.Kill()
		b.start(t, r)
	}
	for !b.replicas[0].ready.Load() && !b.replicas[1].ready.Load() {
		time.Sleep(pollEvery)
	}
	seen := map[string]int{}
	for _, path := range []string{"/orders", "/payments"} {
		for offset := 0; ; offset += 100 {
			var page struct{ Items []struct{ Reference string } }
			b.get(t, fmt.Sprintf("%s?limit=100&offset=%d", path, offset), &page)
			for _, item := range page.Items {
				seen[item.Reference]++
			}
			if len(page.Items) < 100 {
				break
			}
		}
	}
	rows, twice := 0, 0
	for _, n := range seen {
		rows += n
		twice += n - 1
	}
	t.Logf("%d POSTs with keys, %d attempts, %d kills -9: %d rows, %d duplicates, %d lost; %d replays, %d answers 409; Node.js original: no keys",
		requests, attempts.Load(), kills, rows, twice, requests-len(seen), replays.Load(), conflicts.Load())
	if rows != requests || twice != 0 {
		t.Errorf("%d rows of %d requests, %d duplicates", rows, requests, twice)
	}
	if kills < 3 {
		t.Errorf("only %d kills", kills)
	}
}
