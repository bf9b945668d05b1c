package router

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

var templates = []string{
	"GET /", "GET /books", "POST /books", "GET /books/{id}", "DELETE /books/{id}",
	"GET /books/latest", "GET /books/{id}.json", "GET /books/{id}:archive",
	"GET /a/{x}/b", "GET /a/c/{y}", "GET /pair/{a}-{b}", "GET /both/{a}{b}", "GET /slash/", "GET /v 1/x",
	"GET /range/{from}..{to}/day",
	"GET /v2/{+name}", "POST /v2/{+name}:run", "GET /v2/{+parent}/jobs", "GET /v2/{+name}/{+id}:status", "GET /v2/top/{id}",
	"POST /q/#Action=Send", "POST /q/?Action=Drop&All=1", "POST /q/", "GET /q2/#Action=Send", "GET /frag/x#section",
	"GET /styles/{.label}/{;matrix*}",
}

// testRouter answers with the template that matched and its values.
func testRouter() *Router {
	var routes []Route
	for _, template := range templates {
		method, path, _ := strings.Cut(template, " ")
		routes = append(routes, Route{Method: method, Path: path, Handle: func(w http.ResponseWriter, _ *http.Request, values []string) {
			w.Header().Set("Got", strings.Join(append([]string{template}, values...), "|"))
		}})
	}
	return New(routes)
}

func TestServeHTTP(t *testing.T) {
	rt := testRouter()
	tests := []struct{ method, path, want string }{
		{"GET", "/", "GET /"},
		{"GET", "/books", "GET /books"},
		{"HEAD", "/books", "GET /books"},
		{"GET", "/books/7", "GET /books/{id}|7"},
		{"GET", "/books/latest", "GET /books/latest"},
		{"DELETE", "/books/latest", "DELETE /books/{id}|latest"},
		{"GET", "/books/7.json", "GET /books/{id}.json|7"},
		{"GET", "/books/7.json.json", "GET /books/{id}.json|7.json"},
		{"GET", "/books/7:archive", "GET /books/{id}:archive|7"},
		{"GET", "/books/a%2Fb", "GET /books/{id}|a%2Fb"},
		{"GET", "/a/c/b", "GET /a/c/{y}|b"},
		{"GET", "/a/d/b", "GET /a/{x}/b|d"},
		{"GET", "/a/c/d", "GET /a/c/{y}|d"},
		{"GET", "/pair/x-y-z", "GET /pair/{a}-{b}|x|y-z"},
		{"GET", "/pair/-x-y", "GET /pair/{a}-{b}|-x|y"},
		{"GET", "/both/xyz", "GET /both/{a}{b}|x|yz"},
		{"GET", "/range/1..2/day", "GET /range/{from}..{to}/day|1|2"},
		{"GET", "/slash/", "GET /slash/"},
		{"GET", "/v%201/x", "GET /v 1/x"},
		{"GET", "/v2/a/b/c", "GET /v2/{+name}|a/b/c"},
		{"GET", "/v2/a", "GET /v2/{+name}|a"},
		{"POST", "/v2/a/b:run", "POST /v2/{+name}:run|a/b"},
		{"POST", "/v2/a:run:run", "POST /v2/{+name}:run|a:run"},
		{"GET", "/v2/p/jobs", "GET /v2/{+parent}/jobs|p"},
		{"GET", "/v2/jobs", "GET /v2/{+name}|jobs"},
		{"GET", "/v2/p/q/jobs/jobs", "GET /v2/{+parent}/jobs|p/q/jobs"},
		{"GET", "/v2/a/b/c:status", "GET /v2/{+name}/{+id}:status|a/b|c"},
		{"GET", "/v2/top/1", "GET /v2/top/{id}|1"},
		{"GET", "/v2/top/1/2", "GET /v2/{+name}|top/1/2"},
		{"GET", "/v2/", "404"},
		{"DELETE", "/v2/a", "405 GET, HEAD, OPTIONS"},
		{"POST", "/q/?Action=Send", "POST /q/#Action=Send"},
		{"POST", "/q/?Action=Drop&All=1", "POST /q/?Action=Drop&All=1"},
		{"POST", "/q/?Action=Drop", "POST /q/"},
		{"POST", "/q/", "POST /q/"},
		{"GET", "/q2/?Action=Send&x=1", "GET /q2/#Action=Send"},
		{"GET", "/q2/?Action=Other", "404"},
		{"GET", "/frag/x", "GET /frag/x#section"},
		{"GET", "/styles/.a/;matrix=1", "GET /styles/{.label}/{;matrix*}|.a|;matrix=1"},
		{"GET", "/slash", "404"},
		{"GET", "/books/", "404"},
		{"GET", "/pair/x-", "404"},
		{"GET", "/pair/-x", "404"},
		{"GET", "/both/x", "404"},
		{"GET", "/a/d/c", "404"},
		{"PUT", "/books", "405 GET, HEAD, OPTIONS, POST"},
		{"PUT", "/books/latest", "405 DELETE, GET, HEAD, OPTIONS"},
		{"OPTIONS", "/books/7", "204 DELETE, GET, HEAD, OPTIONS"},
	}
	for _, tt := range tests {
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		got := w.Header().Get("Got")
		if got == "" {
			got = strings.TrimSpace(strconv.Itoa(w.Code) + " " + w.Header().Get("Allow"))
		}
		if got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.method, tt.path, got, tt.want)
		}
	}
}

// FuzzServeHTTP checks that no path breaks the router, and that the values of a
// template without wildcards are what stands in the path.
func FuzzServeHTTP(f *testing.F) {
	f.Add("GET", "/books/7.json")
	f.Add("POST", "/v2/a%2Fb/c:run")
	f.Add("GET", "/pair/-x-y")
	f.Add("GET", "/q2/?Action=Send")
	rt := testRouter()
	f.Fuzz(func(t *testing.T, method, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			return
		}
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, &http.Request{Method: method, URL: u, Header: http.Header{}})
		for _, value := range strings.Split(w.Header().Get("Got"), "|")[1:] {
			if value == "" || !strings.Contains(u.EscapedPath(), value) {
				t.Fatalf("%s %s: %s has the value %q", method, target, w.Header().Get("Got"), value)
			}
		}
	})
}

func BenchmarkServeHTTP(b *testing.B) {
	rt := New([]Route{{Method: "GET", Path: "/v1/pets/{id}", Handle: func(http.ResponseWriter, *http.Request, []string) {}}})
	r := httptest.NewRequest("GET", "/v1/pets/42", nil)
	w := httptest.NewRecorder()
	for b.Loop() {
		rt.ServeHTTP(w, r)
	}
}
