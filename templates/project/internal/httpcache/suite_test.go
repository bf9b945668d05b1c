package httpcache

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"testing"
	"time"
)

// summary counts results as the web page of the suite does: a test whose
// dependencies failed has not passed.
const summary = `
import fs from 'fs'
import suites from './tests/index.mjs'
import { determineTestResult, resultTypes } from './test-engine/lib/results.mjs'
const results = JSON.parse(fs.readFileSync(0, 'utf8'))
const names = new Map(Object.entries(resultTypes).map(([name, type]) => [type, name]))
const out = []
for (const suite of suites) for (const test of suite.tests) {
	if (test.browser_only) continue
	const result = names.get(determineTestResult(suites, test.id, results))
	const reason = Array.isArray(results[test.id]) ? results[test.id].join(': ') : ''
	out.push({ suite: suite.id, id: test.id, kind: test.kind || 'required', result, reason })
}
console.log(JSON.stringify(out))
`

// TestPublicSuite runs the public test-suite for HTTP caches, github.com/http-tests/cache-tests,
// which lies in the folder $CACHE_TESTS with its npm packages installed.
func TestPublicSuite(t *testing.T) {
	dir := os.Getenv("CACHE_TESTS")
	if dir == "" {
		t.Skip("not run: CACHE_TESTS names no folder with the suite")
	}
	port := freePort(t)
	origin := exec.CommandContext(t.Context(), "node", "test-engine/server/server.mjs")
	origin.Dir = dir
	origin.Env = append(os.Environ(), "npm_config_protocol=http", "npm_config_port="+port, "npm_config_pidfile="+filepath.Join(t.TempDir(), "pid"))
	if err := origin.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = origin.Process.Kill()
		_ = origin.Wait()
	}()
	target := &url.URL{Scheme: "http", Host: "localhost:" + port}
	waitFor(t, target.Host)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // the suite breaks connections
	cache := New(Config{MaxBytes: 64 << 20, StaleIfError: time.Minute}, Options{Heuristic: os.Getenv("CACHE_TESTS_HEURISTIC") != ""})
	front := httptest.NewServer(cache.Handler(proxy))
	defer front.Close()

	run := exec.CommandContext(t.Context(), "node", "--no-warnings", "test-engine/cli.mjs")
	run.Dir = dir
	run.Env = append(os.Environ(), "npm_config_base="+front.URL, "npm_package_config_id=")
	var errs bytes.Buffer
	run.Stderr = &errs
	results, err := run.Output()
	if err != nil {
		t.Fatalf("run the suite: %v\n%s", err, errs.Bytes())
	}
	report(t, dir, results)
}

func report(t *testing.T, dir string, results []byte) {
	count := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", summary)
	count.Dir = dir
	count.Stdin = bytes.NewReader(results)
	text, err := count.Output()
	if err != nil {
		t.Fatalf("count results: %v", err)
	}
	var tests []struct{ Suite, ID, Kind, Result, Reason string }
	if err := json.Unmarshal(text, &tests); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, test := range tests {
		counts[test.Kind]++
		counts[test.Kind+" "+test.Result]++
		if test.Result != "pass" && test.Result != "yes" {
			t.Logf("%-8s %-15s %s: %s", test.Kind, test.Result, test.ID, test.Reason)
		}
		if test.Kind == "required" && test.Result == "fail" {
			t.Errorf("%s fails: %s", test.ID, test.Reason)
		}
	}
	var kinds []string
	for kind := range counts {
		kinds = append(kinds, kind)
	}
	sort.Strings(kinds)
	for _, kind := range kinds {
		t.Logf("%-26s %d", kind, counts[kind])
	}
	if passed := counts["required pass"]; passed <= 132 {
		t.Errorf("%d of %d required tests pass, want more than 132, the best published", passed, counts["required"])
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func waitFor(t *testing.T, addr string) {
	for range 100 {
		var d net.Dialer
		conn, err := d.DialContext(context.Background(), "tcp", addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("nothing listens on %s", addr)
}
