package auth

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// Cheap hashes, so that tests are quick.
func bcryptOf(password string) string {
	return string(must(bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)))
}

func argonOf(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt)
	raw := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=2$%s$%s", raw.EncodeToString(salt), raw.EncodeToString(argon2.IDKey([]byte(password), salt, 1, 64, 2, 32)))
}

func TestParseUsers(t *testing.T) {
	users, err := ParseUsers("# who\nada:" + bcryptOf("a") + "\nbob:" + argonOf("b") + ":read,write\n")
	if err != nil || len(users) != 2 || users[1].Name != "bob" || !slices.Equal(users[1].Scopes, []string{"read", "write"}) {
		t.Fatalf("got %+v, %v", users, err)
	}
	good := argonOf("b")
	for name, entry := range map[string]string{
		"password":         "ada:secret",
		"MD5":              "ada:$apr1$abc$def",
		"bcrypt cut":       "ada:$2y$10$abc",
		"nobody":           ":" + good,
		"other version":    "ada:" + strings.Replace(good, "v=19", "v=16", 1),
		"endless memory":   "ada:" + strings.Replace(good, "m=64", "m=9999999", 1),
		"endless time":     "ada:" + strings.Replace(good, "t=1", "t=99", 1),
		"no lanes":         "ada:" + strings.Replace(good, "p=2", "p=0", 1),
		"short hash":       "ada:" + good[:len(good)-30],
		"base64 that pads": "ada:" + good + "==",
		"argon2i":          "ada:" + strings.Replace(good, "argon2id", "argon2i", 1),
	} {
		if got, err := ParseUsers(entry); err == nil {
			t.Errorf("%s: got %+v", name, got)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows a password: %v", name, err)
		}
	}
}

func TestUsers(t *testing.T) {
	users := must(NewUsers(must(ParseUsers("ada:" + bcryptOf("a") + ":read bob:" + argonOf("b")))))
	for _, tt := range []struct {
		name, password, scope string
		want                  int
	}{
		{"ada", "a", "read", 200},
		{"ada", "a", "read", 200}, // remembered
		{"ada", "a", "write", 403},
		{"bob", "b", "", 200},
		{"ada", "b", "", 401},
		{"bob", "a", "", 401},
		{"bob", "", "", 401},
		{"adaa", "", "", 401}, // a + a as another name
		{"eve", "b", "", 401}, // the hash that stands for nobody is bob's
		{"", "", "", 401},
		{"ada", strings.Repeat("a", maxPassword+1), "", 401},
	} {
		var scopes []string
		if tt.scope != "" {
			scopes = []string{tt.scope}
		}
		ctx, err := users.Check(t.Context(), "basic", tt.name, tt.password, scopes)
		if got, _ := status(err); got != tt.want {
			t.Errorf("%s %s: got %d, want %d", tt.name, tt.password, got, tt.want)
		}
		if err == nil {
			if who, _ := From(ctx); who.Subject != "basic:"+tt.name || users.Known(tt.name, tt.password) != who.Subject {
				t.Errorf("got %+v", who)
			}
		} else if tt.want == 401 && users.Known(tt.name, tt.password) != "" {
			t.Errorf("%s %s is known", tt.name, tt.password)
		}
	}
	if _, err := NewUsers(slices.Repeat(must(ParseUsers("ada:"+bcryptOf("a"))), 2)); err == nil || !strings.Contains(err.Error(), "ada") {
		t.Errorf("a user that is there twice: %v", err)
	}
	none := must(NewUsers(nil))
	if _, err := none.Check(t.Context(), "basic", "ada", "a", nil); err == nil || none.Any() {
		t.Error("somebody is let in where there are no users")
	}
}

// TestPasswordsAreThrottled tries passwords, one after the other and at once.
func TestPasswordsAreThrottled(t *testing.T) {
	list := must(ParseUsers("ada:" + bcryptOf("a") + " bob:" + bcryptOf("b")))
	users := must(NewUsers(list))
	check := func(name, password string) int {
		_, err := users.Check(t.Context(), "basic", name, password, nil)
		code, _ := status(err)
		return code
	}
	for i := range 7 {
		want := 401
		if i >= maxFailures {
			want = 429
		}
		if got := check("ada", fmt.Sprint("wrong", i)); got != want {
			t.Errorf("attempt %d: got %d, want %d", i, got, want)
		}
	}
	if got := check("ada", "a"); got != 429 {
		t.Errorf("the right password after five wrong ones: got %d", got)
	}
	for range 3 * maxFailures { // right ones count for nothing
		clear(users.seen.entries)
		if got := check("bob", "b"); got != 200 {
			t.Fatalf("another user: got %d", got)
		}
	}

	users = must(NewUsers(list))
	var group sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]int{}
	for i := range 40 {
		group.Go(func() {
			got := check("ada", fmt.Sprint("wrong", i))
			mu.Lock()
			answers[got]++
			mu.Unlock()
		})
	}
	group.Wait()
	if answers[401] != maxFailures || answers[429] != 40-maxFailures {
		t.Errorf("40 at once: %v", answers)
	}
}

func TestThrottle(t *testing.T) {
	start := time.Now()
	client := func(text string) netip.Addr { return netip.MustParseAddr(text) }
	throttle := newThrottle()
	wait := func(name, addr string, after time.Duration) time.Duration {
		_, wait := throttle.begin(name, client(addr), start.Add(after))
		return wait
	}
	for i := range maxFailures {
		if got := wait("ada", "2001:db8::1", time.Duration(i)*time.Minute); got != 0 {
			t.Fatalf("attempt %d has to wait for %s", i, got)
		}
	}
	for _, tt := range []struct {
		name, addr string
		after      time.Duration
		want       time.Duration
	}{
		{"ada", "2001:db8::1", 5 * time.Minute, 10 * time.Minute},
		{"ada", "2001:db8:0:ff::2", 5 * time.Minute, 10 * time.Minute}, // the same network
		{"ada", "2001:db8:0:1ff::2", 5 * time.Minute, 0},
		{"bob", "2001:db8::1", 5 * time.Minute, 0},
		{"ada", "2001:db8::1", 15*time.Minute - 1, 1},
		{"ada", "2001:db8::1", 15 * time.Minute, 0}, // the first is forgotten, this is a fifth
		{"ada", "2001:db8::1", 15*time.Minute + 1, time.Minute - 1},
	} {
		if got := wait(tt.name, tt.addr, tt.after); got != tt.want {
			t.Errorf("%s %s after %s: wait for %s, want %s", tt.name, tt.addr, tt.after, got, tt.want)
		}
	}

	// What is forgotten leaves the others.
	var attempts []attempt
	for i := range maxFailures {
		a, _ := throttle.begin("carol", client("192.0.2.1"), start.Add(time.Duration(i)*time.Second))
		attempts = append(attempts, a)
	}
	throttle.forget(attempts[2])
	throttle.forget(attempts[2])
	if got := wait("carol", "192.0.2.1", time.Minute); got != 0 {
		t.Errorf("after one was forgotten: wait for %s", got)
	}
	if got := wait("carol", "192.0.2.1", time.Minute); got != 14*time.Minute {
		t.Errorf("the fifth again: wait for %s", got)
	}
	throttle.forget(attempt{pair: 1})
}

// TestThrottleIsBounded sends a name more than fits.
func TestThrottleIsBounded(t *testing.T) {
	throttle := newThrottle()
	now := time.Now()
	for i := range maxThrottled + 1000 {
		throttle.begin(fmt.Sprint(i), netip.Addr{}, now)
	}
	if got := len(throttle.pairs); got > maxThrottled {
		t.Errorf("%d pairs are kept", got)
	}
}

func BenchmarkUsers(b *testing.B) {
	users := must(NewUsers(must(ParseUsers("ada:" + string(must(bcrypt.GenerateFromPassword([]byte("a"), bcrypt.DefaultCost)))))))
	for _, remember := range []bool{false, true} {
		b.Run(fmt.Sprintf("bcrypt/remembered=%t", remember), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !remember {
					clear(users.seen.entries)
				}
				if _, err := users.Check(b.Context(), "basic", "ada", "a", nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
