package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS says which web pages of other origins may read answers, as the Fetch standard
// has it. The zero value allows none.
type CORS struct {
	Origins     Origins
	Credentials bool          // pages may send cookies and such
	MaxAge      time.Duration // that browsers keep what they were told
}

// Origins are those of web pages, such as https://app.example.com.
type Origins struct {
	any  bool
	list []string
}

// ParseOrigins reads origins with commas or spaces between them, or * for all.
func ParseOrigins(text string) (Origins, error) {
	if text == "*" {
		return Origins{any: true}, nil
	}
	list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	for _, word := range list {
		u, err := url.Parse(word)
		if err != nil || u.Scheme == "" || u.Host == "" || word != strings.ToLower(u.Scheme+"://"+u.Host) || strings.Contains(word, "*") {
			return Origins{}, fmt.Errorf("want * or origins such as https://app.example.com with commas between them, in lower case and without a path; %q is none", word)
		}
	}
	return Origins{list: list}, nil
}

// Check reports settings that would hand over the data of users.
func (c CORS) Check() error {
	if !c.Credentials {
		return nil
	}
	if c.Origins.any {
		return errors.New("any page could read what a user may: name the origins, or do without credentials")
	}
	for _, origin := range c.Origins.list {
		u, _ := url.Parse(origin) // ParseOrigins did so
		if u.Scheme == "http" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" {
			return fmt.Errorf("whoever is on the way to %s could read what a user may: name https origins, or do without credentials", origin)
		}
	}
	return nil
}

// exposed are the fields of answers that pages can read where credentials rule out
// the word for all of them.
const exposed = "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"

// allow sets the fields that have a browser hand over the answer, and reports whether
// the request is from a page that gets it.
func (c *CORS) allow(h http.Header, r *http.Request) bool {
	if !c.Origins.any && len(c.Origins.list) == 0 {
		return false
	}
	if !c.Origins.any {
		h.Add("Vary", "Origin")
	}
	origin := r.Header.Get("Origin")
	switch {
	case origin == "":
		return false
	case c.Origins.any:
		origin = "*"
	case !slices.Contains(c.Origins.list, origin):
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if !c.Credentials {
		h.Set("Access-Control-Expose-Headers", "*")
		return true
	}
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", exposed)
	return true
}

// preflight answers the question whether a page may send a request, and reports
// whether r is one. What is allowed is not looked at closer than by origin: the API
// refuses methods that it has not.
func (c *CORS) preflight(w http.ResponseWriter, r *http.Request, allowed bool) bool {
	method := r.Header.Get("Access-Control-Request-Method")
	if !allowed || r.Method != http.MethodOptions || method == "" {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", method)
	if fields := r.Header.Values("Access-Control-Request-Headers"); len(fields) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(fields, ", "))
	}
	h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge.Seconds())))
	w.WriteHeader(http.StatusNoContent)
	return true
}
