package codec

import (
	"net/http"
	"strings"
)

// Authorization returns what a request sends under a scheme of HTTP authentication
// (RFC 9110, section 11.6.2), whose name may be in any case. It returns false when
// there is nothing.
func Authorization(r *http.Request, scheme string) (string, bool) {
	name, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	credentials = strings.TrimSpace(credentials)
	return credentials, strings.EqualFold(name, scheme) && credentials != ""
}

// Cookie returns the value of a cookie, "" when there is none.
func Cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
