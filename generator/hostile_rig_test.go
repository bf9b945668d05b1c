//go:build unix

package generator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apigen-go/apigen/generator/internal/conformance"
)

// unescape reads escapes as in Go strings.
func unescape(t *testing.T, text string) string {
	t.Helper()
	plain, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return plain
}

// lines returns those of a file of testdata/resilience that are no comments.
func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, "testdata/resilience", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
	}
	return out
}

// sendRaw sends text over a connection of its own and returns what came back until it
// ended, and whether it ended before patience did.
func sendRaw(t *testing.T, service *conformance.Service, text string, patience time.Duration) (string, bool) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(service.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, text) // a service need not read to the end
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	return string(answer), err == nil
}

var statusLine = regexp.MustCompile(`HTTP/1\.[01] ([0-9]{3})`)

// rigFraming: nothing that a client sends is taken for two requests by the service
// and one by a proxy.
func rigFraming(t *testing.T, service *conformance.Service) {
	s := again(t, service, "LOG_LEVEL=info", "SHED=off")
	type framing struct{ name, want, text string }
	var cases []framing
	for _, line := range lines(t, "framing.txt") {
		if head, ok := strings.CutPrefix(line, "== "); ok {
			name, want, _ := strings.Cut(head, " | ")
			cases = append(cases, framing{name: name, want: want})
			continue
		}
		cases[len(cases)-1].text += unescape(t, line)
	}
	for _, c := range cases {
		answer, ended := sendRaw(t, s, c.text, 5*time.Second)
		var got []string
		for _, match := range statusLine.FindAllStringSubmatch(answer, -1) {
			got = append(got, match[1])
		}
		if strings.Join(got, " ") != c.want || !ended {
			t.Errorf("%s: got %s, connection ended: %t\n%s", c.name, got, ended, answer)
		}
	}
	smuggled := strings.Count(s.Log(), `"/hidden"`)
	t.Logf("%d raw requests, %d smuggled; bare net/http: 1", len(cases), smuggled)
	if smuggled > 0 {
		t.Error(s.Log())
	}
}

func post(t *testing.T, url string, body io.Reader) (int, []byte, time.Duration) {
	t.Helper()
	start := time.Now()
	resp, err := http.Post(url, "application/json", body)
	if err != nil {
		t.Errorf("%v", err)
		return 0, nil, time.Since(start)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, data, time.Since(start)
}

// rigTraps: bodies that parsers read in different ways are read in one or refused.
func rigTraps(t *testing.T, service *conformance.Service) {
	s := again(t, service)
	all := lines(t, "traps.txt")
	for _, line := range all {
		status, rest, _ := strings.Cut(line, " ")
		body, want, other := strings.Cut(rest, " => ")
		body = unescape(t, body)
		if !other {
			want = body
		}
		got, answer, _ := post(t, s.URL+"/values", strings.NewReader(body))
		if strconv.Itoa(got) != status || got == http.StatusOK && string(answer) != want {
			t.Errorf("%s: got %d %s", line, got, answer)
		}
		if got >= 400 && (!json.Valid(answer) || !bytes.Contains(answer, []byte(`"title"`))) {
			t.Errorf("%s: the answer is no problem: %s", line, answer)
		}
	}
	t.Logf("%d bodies, each read in the one way that is documented, or refused", len(all))
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// noBomb is what the bombs are held to.
const noBomb = "1 MiB of text"

// bomb is a body that costs more than it weighs, or one to compare with.
type bomb struct {
	name string
	body func() io.Reader
	want int
}

func bombs() []bomb {
	names := []byte{'{'}
	for i := range 80_000 {
		names = append(strconv.AppendInt(append(names, `"k`...), int64(i), 10), `":1,`...)
	}
	names[len(names)-1] = '}'
	text := func(parts ...string) func() io.Reader {
		return func() io.Reader { return strings.NewReader(strings.Join(parts, "")) }
	}
	pairs := strings.Repeat("[],", (1<<20-20)/3)
	return []bomb{
		{"nothing", text(`{}`), 200},
		{noBomb, text(`{"any":"`, strings.Repeat("x", 1<<20-20), `"}`), 200},
		{"a length above the limit", func() io.Reader { return bytes.NewReader(make([]byte, 1<<20+1)) }, 413},
		{"chunks without an end", func() io.Reader { return endless{} }, 413},
		{"10,001 levels", text(`{"any":`, strings.Repeat("[", 10_001)), 400},
		{"1,000,000 levels", text(`{"any":`, strings.Repeat("[", 1_000_000)), 400},
		{"1 MiB of [],", text(`{"any":[`, pairs, "1]}"), 200},
		{"1 MiB of [], unfinished", text(`{"any":[`, pairs), 400},
		{"80,000 names", func() io.Reader { return bytes.NewReader(names) }, 200},
	}
}

// throw sends a bomb, and when it is answered the next, until stop is called, which
// returns the longest time that one took.
func (b bomb) throw(t *testing.T, url string) (stop func() time.Duration) {
	done := make(chan struct{})
	var worst time.Duration
	var group sync.WaitGroup
	group.Go(func() {
		for {
			status, answer, took := post(t, url, b.body())
			worst = max(worst, took)
			if status != b.want {
				t.Errorf("%s: got %d %.200s", b.name, status, answer)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() time.Duration {
		close(done)
		group.Wait()
		return worst
	}
}

// occupy has programs of no interest keep every processor busy until stop is called.
func occupy(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range runtime.NumCPU() {
		program := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		group.Go(func() { _ = program.Wait() })
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// rigBombs: bodies that cost more than they weigh are refused, while another client
// is served. What it is held up is compared with bodies of the same size that are no
// bombs, and with programs that are no service: this one shares the machine with both clients.
func rigBombs(t *testing.T, service *conformance.Service) {
	rounds, lasts := 1, time.Second/4
	if soaking {
		rounds, lasts = 3, 5*time.Second
	}
	for _, c := range []struct {
		name, env string
		shared    bool // with every bomb, because there is one processor
	}{{"all processors", "LOG_LEVEL=error", false}, {"one processor", "GOMAXPROCS=1", true}} {
		t.Run(c.name, func(t *testing.T) {
			s, g := again(t, service, c.env), newSender()
			g.closed(s.URL+"/free", 4, time.Second/2)
			beside := func(name string, start func() (stop func() time.Duration)) (half, most time.Duration) {
				var p50, p99 []time.Duration
				var worst time.Duration
				lost := 0
				for range rounds {
					stop := start()
					honest := g.open(200, lasts, only(s.URL+"/free"))[s.URL+"/free"]
					worst = max(worst, stop())
					p50, p99 = append(p50, quantile(honest.accepted, 0.5)), append(p99, quantile(honest.accepted, 0.99))
					lost += len(honest.rejected) + honest.failed
				}
				slices.Sort(p50)
				slices.Sort(p99)
				t.Logf("%-26s one after the other: worst %s; honest client at 200/s: p50 %s, p99 %s, worst p99 %s, %d not served", name, ms(worst),
					p50[rounds/2].Round(10*time.Microsecond), p99[rounds/2].Round(100*time.Microsecond), p99[rounds-1].Round(100*time.Microsecond), lost)
				return p50[rounds/2], p99[rounds/2]
			}
			beside("programs on all processors", func() func() time.Duration {
				stop := occupy(t)
				return func() time.Duration { stop(); return 0 }
			})
			var same time.Duration
			for _, b := range bombs() {
				p50, p99 := beside(b.name, func() func() time.Duration { return b.throw(t, s.URL+"/values") })
				if b.name == noBomb {
					same = p99
				}
				switch {
				case !soaking || same == 0:
				case c.shared && p50 > 10*time.Millisecond: // after which Go takes a processor away
					t.Errorf("%s: p50 of the honest client is %s, want 10 ms at most", b.name, ms(p50))
				case !c.shared && p99 > 2*same:
					t.Errorf("%s: p99 of the honest client is %s, want twice %s at most", b.name, ms(p99), ms(same))
				}
			}
		})
	}
	rigOversized(t, again(t, service))
}

// rigOversized: what is encoded, or has a header beyond all measure, is refused.
func rigOversized(t *testing.T, s *conformance.Service) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.URL+"/values", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("gzip: status %d", resp.StatusCode)
	}
	long := "GET /free HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + strings.Repeat("x", 33<<10) + "\r\n\r\n"
	if answer, _ := sendRaw(t, s, long, 5*time.Second); !strings.HasPrefix(answer, "HTTP/1.1 431 ") {
		t.Errorf("a header of 33 KiB: %.60s", answer)
	}
	long = "GET /free HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + strings.Repeat("x", 30<<10) + "\r\n\r\n"
	if answer, _ := sendRaw(t, s, long, 5*time.Second); !strings.HasPrefix(answer, "HTTP/1.1 204 ") {
		t.Errorf("a header of 30 KiB: %.60s", answer)
	}
}

// again starts another instance that ends with the test.
func again(t *testing.T, service *conformance.Service, env ...string) *conformance.Service {
	t.Helper()
	s, err := service.Again(t.Context(), append([]string{"LOG_LEVEL=error"}, env...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}
