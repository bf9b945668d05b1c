package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// step is a request and what must come back.
type step struct {
	say    string // printed above the request
	method string
	path   string
	media  string // of the body
	body   string
	status int
	want   []string // what the body must contain
	absent string   // what it must not contain
}

const (
	jsonMedia  = "application/json"
	mergePatch = "application/merge-patch+json"
)

// steps take every kind of operation once: the ids are those of a new database.
var steps = []step{
	{"create", "POST", "/authors", jsonMedia, `{"name":"Ursula K. Le Guin","born_on":"1929-10-21"}`, 201, []string{`"id":1`, `"name":"Ursula K. Le Guin"`, `"created_at":`}, ""},
	{"", "POST", "/authors/1/books", jsonMedia, `{"title":"A Wizard of Earthsea","genre":"fiction","price":9.5,"isbn":"9780547773742","tags":["dragons"]}`, 201, []string{`"id":1`, `"author_id":1`, `"tags":["dragons"]`}, ""},
	{"", "POST", "/authors/1/books", jsonMedia, `{"title":"The Dispossessed","genre":"fiction","price":12}`, 201, []string{`"id":2`}, ""},
	{"", "POST", "/books/1/reviews", jsonMedia, `{"reader":"Ged","rating":5}`, 201, []string{`"book_id":1`}, ""},
	{"list: pages, filters, order", "GET", "/books?limit=1", "", "", 200, []string{`"total":2`, `"limit":1`, "A Wizard of Earthsea"}, "The Dispossessed"},
	{"", "GET", "/books?min_price=10&sort=-price", "", "", 200, []string{`"total":1`, "The Dispossessed"}, "Earthsea"},
	{"", "GET", "/authors/1/books", "", "", 200, []string{`"total":2`}, ""},
	{"get", "GET", "/books/1", "", "", 200, []string{`"title":"A Wizard of Earthsea"`}, ""},
	{"update: the fields that are sent; null empties one", "PATCH", "/books/1", mergePatch, `{"price":8.25,"isbn":null}`, 200, []string{`"price":8.25`, `"title":"A Wizard of Earthsea"`}, "9780547773742"},
	{"replace", "PUT", "/books/2", jsonMedia, `{"title":"The Dispossessed","genre":"fiction","price":11,"published_on":"1974-05-01"}`, 200, []string{`"price":11`, `"published_on":"1974-05-01"`}, ""},
	{"every mistake of a request at once", "POST", "/authors/1/books", jsonMedia, `{"title":"","price":-1}`, 400, []string{"/title", "/price", "/genre"}, ""},
	{"a duplicate, and an author who still has books", "POST", "/authors", jsonMedia, `{"name":"Ursula K. Le Guin"}`, 409, nil, ""},
	{"", "DELETE", "/authors/1", "", "", 409, nil, ""},
	{"delete", "DELETE", "/books/2", "", "", 204, nil, ""},
	{"", "GET", "/books/2", "", "", 404, nil, ""},
	{"what is not written yet says so", "POST", "/books/1/order", jsonMedia, `{"copies":3}`, 501, nil, ""},
}

var afterRestart = []step{
	{"", "GET", "/books/1", "", "", 200, []string{`"price":8.25`}, ""},
	{"", "GET", "/books/1/reviews", "", "", 200, []string{`"reader":"Ged"`}, ""},
}

// converse sends the requests and prints both sides; it returns at the first
// answer that is not as it must be.
func (s *service) converse(ctx context.Context, steps []step) error {
	for _, st := range steps {
		if st.say != "" {
			fmt.Printf("\n# %s\n", st.say)
		}
		if err := s.exchange(ctx, st); err != nil {
			return fmt.Errorf("%s %s: %w", st.method, st.path, err)
		}
	}
	return nil
}

func (s *service) exchange(ctx context.Context, st step) error {
	req, err := http.NewRequestWithContext(ctx, st.method, s.url+st.path, strings.NewReader(st.body))
	if err != nil {
		return err
	}
	line := "$ curl"
	if st.method != http.MethodGet {
		line += " -X " + st.method
	}
	line += fmt.Sprintf(" '%s'", req.URL)
	if st.body != "" {
		req.Header.Set("Content-Type", st.media)
		line += fmt.Sprintf(" --json '%s'", st.body)
		if st.media != jsonMedia {
			line = strings.Replace(line, "--json", fmt.Sprintf("-H 'Content-Type: %s' -d", st.media), 1)
		}
	}
	fmt.Println(line)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	fmt.Printf("%s %s\n", resp.Status, body)
	if resp.StatusCode != st.status {
		return fmt.Errorf("expected status %d\n%s", st.status, s.log())
	}
	for _, want := range st.want {
		if !strings.Contains(string(body), want) {
			return fmt.Errorf("expected %s in the answer", want)
		}
	}
	if st.absent != "" && strings.Contains(string(body), st.absent) {
		return fmt.Errorf("did not expect %s in the answer", st.absent)
	}
	return nil
}
