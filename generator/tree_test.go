package generator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFetch(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /open/a.yaml", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	mux.Handle("GET /open/near", http.RedirectHandler("/open/a.yaml", http.StatusFound))
	mux.Handle("GET /open/far", http.RedirectHandler("/closed/a.yaml", http.StatusFound))
	mux.HandleFunc("GET /closed/a.yaml", func(w http.ResponseWriter, _ *http.Request) {
		t.Error("followed out of what is allowed")
		_, _ = w.Write([]byte("{}"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	get := fetch(t.Context(), []string{server.URL + "/open/"})
	for path, want := range map[string]string{"a.yaml": "", "near": "", "far": "which is not allowed", "none": "404"} {
		text, err := get(server.URL + "/open/" + path)
		if want == "" && (err != nil || string(text) != "{}") {
			t.Errorf("%s: %q, %v", path, text, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func TestOpenTree(t *testing.T) {
	if _, err := openTree("go.mod", []string{"nowhere"}); err == nil {
		t.Error("a folder that is not there is allowed")
	}
	tr, err := openTree("internal/spec/load.go", []string{"internal/diag"})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	for name, ok := range map[string]bool{
		"spec/load.go": true, "diag/diag.go": true, "spec": true, "model/build.go": false, "specs": false, "../go.mod": false, "spec/../model/build.go": false,
	} {
		f, err := tr.Open(name)
		if (err == nil) != ok {
			t.Errorf("%s: opened %v", name, err == nil)
		}
		if err == nil {
			f.Close()
		}
	}
	if tr.path != "spec/load.go" {
		t.Errorf("the document is at %s", tr.path)
	}
}
