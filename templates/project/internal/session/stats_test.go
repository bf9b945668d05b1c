package session

import (
	"errors"
	"testing"
)

func TestStats(t *testing.T) {
	s := newSite(t, standard, NewMemory())
	j := &jar{t: t, site: s}
	j.send("GET", "/open")              // does not ask
	j.ok("POST", "/set?a=1", "")        // none, created
	j.ok("GET", "/user", "")            // loaded
	j.ok("POST", "/login?user=ada", "") // loaded, rotated
	j.send("POST", "/user", "Sec-Fetch-Site", "cross-site")
	s.store.breakWith(errors.New("no store"))
	j.send("GET", "/user")
	s.store.breakWith(nil)
	j.ok("POST", "/revoke?user=eve", "") // loaded, revoked
	j.ok("POST", "/logout", "")          // loaded, ended
	j.ok("POST", "/logout", "")          // none, and nothing to end
	want := Stats{Loaded: 4, None: 2, Refused: 1, Failed: 1, Created: 1, Rotated: 1, Ended: 1, Revoked: 1}
	if got := s.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
