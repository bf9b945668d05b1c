// Command route fills the router of a generated project with the routes of many
// documents and tells where requests go. TestRoutes puts it into a project.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"

	"example.com/sweep/internal/codec"
	"example.com/sweep/internal/router"
)

// table is what stands in a line of the input: routes, and requests to them.
type table struct {
	Routes   [][2]string // method and template
	Requests [][2]string // method and target
}

// answer is where a request went: to a route with these values, decoded as a
// handler gets them, or to none.
type answer struct {
	Route  int // -1: none
	Values []string
	Status int
	Allow  string
}

func main() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.More() {
		var t table
		if err := in.Decode(&t); err != nil {
			log.Fatal(err)
		}
		if err := json.NewEncoder(out).Encode(t.answers()); err != nil {
			log.Fatal(err)
		}
	}
}

func (t table) answers() []answer {
	var got answer
	var routes []router.Route
	for i, route := range t.Routes {
		routes = append(routes, router.Route{Method: route[0], Path: route[1], Handle: func(_ http.ResponseWriter, r *http.Request, path []string) {
			got.Route = i
			in := codec.NewRequest(r, http.StatusBadRequest)
			for _, value := range path {
				var text string
				if in.Path("value", value) {
					in.String(&text)
				}
				got.Values = append(got.Values, text)
			}
		}})
	}
	rt := router.New(routes)
	var out []answer
	for _, request := range t.Requests {
		target, err := url.ParseRequestURI(request[1]) // as the server does
		if err != nil {
			log.Fatal(err)
		}
		got = answer{Route: -1}
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, &http.Request{Method: request[0], URL: target, Header: http.Header{}})
		got.Status, got.Allow = w.Code, w.Header().Get("Allow")
		out = append(out, got)
	}
	return out
}
