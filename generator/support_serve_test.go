package generator_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// supportMain serves the packages of all rows, each under its name as the host.
const supportMain = `package main

import (
	"fmt"
	"net"
	"net/http"

	"example.com/support/internal/echo"
%s)

var rows = map[string]http.Handler{
%s}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	panic(http.Serve(l, echo.Watch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows[r.Host].ServeHTTP(w, r)
	}))))
}
`

// supportServe is in each of these packages.
const supportServe = `package api

import (
	"log/slog"
	"net/http"
)

type handler struct{ Unimplemented }

// Serve returns the API of the row.
func Serve() http.Handler { return New(handler{}, Options{Log: slog.New(slog.DiscardHandler)}) }
`

// supportProxy takes its place where the project has a client: whatever is asked
// goes through that to the service.
const supportProxy = `package api

import (
	"net/http"
	"net/http/httptest"
)

type handler struct{ Unimplemented }

// Serve returns the API of the row, as its client sees it.
func Serve() http.Handler {
	service := httptest.NewServer(New(handler{}, Options{}))
	client, err := NewClient(service.URL, ClientOptions{})
	if err != nil {
		panic(err)
	}
	return New(client, Options{})
}
`

// stubRE finds the methods that answer 501.
var stubRE = regexp.MustCompile(`(?m)^func \(Unimplemented\) (\w+)\(context\.Context, (\w+)\) (.*) \{\n\treturn (.*)ErrNotImplemented\n`)

// seeing makes those methods show what they were given.
func seeing(src []byte) []byte {
	out := stubRE.ReplaceAll(src, []byte("func (Unimplemented) $1(ctx context.Context, req $2) $3 {\n\treturn ${4}echo.Request(ctx, req, ErrNotImplemented)\n"))
	if bytes.Equal(out, src) {
		return src
	}
	return bytes.Replace(out, []byte("package api\n"), []byte("package api\n\nimport \"example.com/support/internal/echo\"\n"), 1)
}

// supportFiles are those of one project with the packages of all rows.
func supportFiles(t *testing.T, rows []*supportRow) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	var imports, table strings.Builder
	for i, row := range rows {
		if row.project == nil {
			continue
		}
		folder := "rows/" + row.String() + "/"
		for _, f := range row.project {
			name, api := strings.CutPrefix(f.Path, "internal/api/")
			switch {
			case api:
				files[folder+name] = seeing(f.Data)
			case strings.HasPrefix(f.Path, "go.") && len(f.Data) > len(files[f.Path]),
				strings.HasPrefix(f.Path, "internal/client/"), strings.HasPrefix(f.Path, "internal/codec/"), strings.HasPrefix(f.Path, "internal/problem/"),
				strings.HasPrefix(f.Path, "internal/router/"), strings.HasPrefix(f.Path, "internal/schema/"):
				files[f.Path] = f.Data
			}
		}
		if row.handler != nil {
			files[folder+"handler.go"] = row.handler
		}
		switch {
		case bytes.Contains(row.handler, []byte("func Serve(")):
		case row.features.Client:
			files[folder+"serve.go"] = []byte(supportProxy)
		default:
			files[folder+"serve.go"] = []byte(supportServe)
		}
		fmt.Fprintf(&imports, "\trow%d \"example.com/support/%s\"\n", i, strings.TrimSuffix(folder, "/"))
		fmt.Fprintf(&table, "\t%q: row%d.Serve(),\n", row.host(), i)
	}
	echo, err := os.ReadFile(filepath.Join(repository, "testdata/support/echo/echo.go"))
	if err != nil {
		t.Fatal(err)
	}
	files["internal/echo/echo.go"] = echo
	files["main.go"] = fmt.Appendf(nil, supportMain, imports.String(), table.String())
	return files
}

// startSupport builds and starts the service of all rows, and returns its address.
func startSupport(t *testing.T, rows []*supportRow) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range supportFiles(t, rows) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", "support.exe", ".") // trimmed, the cache serves the next run
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the rows: %v\n%s", err, out)
	}
	cmd := exec.Command(filepath.Join(dir, "support.exe"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

// host is the name under which the row is served.
func (r *supportRow) host() string { return r.name + "." + r.group }

// supportExchange is a request and what its answer must hold.
type supportExchange struct {
	request []string // request line, headers, an empty line, body
	// answer starts with the status and a text that the body must hold; or with
	// the word took and all that the handler was given. Further lines are headers
	// or texts of the body; ! before one says that it must not be there.
	answer []string
}

// parseExchanges reads lines that start with > or <; others are remarks.
func parseExchanges(text string) ([]supportExchange, error) {
	var out []supportExchange
	answering := true
	for line := range strings.Lines(text) {
		mark, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case mark == ">" && answering:
			out = append(out, supportExchange{request: []string{rest}})
			answering = false
		case mark == ">":
			last := &out[len(out)-1]
			last.request = append(last.request, rest)
		case mark == "<" && len(out) > 0:
			last := &out[len(out)-1]
			last.answer = append(last.answer, rest)
			answering = true
		}
	}
	for _, x := range out {
		if len(x.answer) == 0 || len(strings.Fields(x.request[0])) != 2 {
			return nil, fmt.Errorf("exchange %q: a request of a method and a target, and an answer", x.request[0])
		}
	}
	return out, nil
}

// message is the request as it goes over the wire. The lines of multipart bodies
// and event streams end as the standards say.
func (x supportExchange) message(host string) string {
	head, body := x.request[1:], ""
	for i, line := range head {
		if line == "" {
			body, head = strings.Join(head[i+1:], "\n"), head[:i]
			break
		}
	}
	if strings.Contains(strings.Join(head, " "), "multipart/") {
		body = strings.ReplaceAll(body, "\n", "\r\n") + "\r\n"
	}
	body = strings.NewReplacer(`\x1e`, "\x1e", `\n`, "\n", `\r`, "\r").Replace(body)
	out := x.request[0] + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n"
	if body != "" {
		out += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	for _, line := range head {
		out += line + "\r\n"
	}
	return out + "\r\n" + body
}

var headerLine = regexp.MustCompile(`^!?[A-Z][A-Za-z-]*: `)

func (x supportExchange) run(t *testing.T, row *supportRow, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, x.message(row.host())); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(x.request[0], " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Errorf("%s: %s: %v", row, x.request[0], err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	first, text, _ := strings.Cut(x.answer[0], " ")
	got := fmt.Sprintf("%d %s", res.StatusCode, body)
	if took := res.Header.Get("Took"); took != "" {
		got = "took " + took
	}
	bad := err != nil
	if first == "took" {
		bad = bad || got != x.answer[0]
	} else {
		bad = bad || !strings.HasPrefix(got, first+" ") || !bytes.Contains(body, []byte(unescaped.Replace(text)))
	}
	for _, line := range x.answer[1:] {
		plain, not := strings.CutPrefix(line, "!")
		has := bytes.Contains(body, []byte(unescaped.Replace(plain)))
		if headerLine.MatchString(line) {
			name, value, _ := strings.Cut(plain, ": ")
			has = strings.Join(res.Header[textproto.CanonicalMIMEHeaderKey(name)], ", ") == value
		}
		bad = bad || has == not
	}
	if bad {
		t.Errorf("%s: %s\n got %s\n     %v\nwant %s", row, strings.Join(x.request, "\n"), got, res.Header, strings.Join(x.answer, "\n     "))
	}
}

var unescaped = strings.NewReplacer(`\n`, "\n", `\x1e`, "\x1e")
