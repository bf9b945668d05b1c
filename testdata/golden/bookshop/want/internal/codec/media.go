package codec

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"example.com/bookshop/internal/problem"
)

// Media returns the media type of the body as the client named it.
func (in *Request) Media() string { return in.r.Header.Get("Content-Type") }

// Is reports whether the body is of one of the media types.
func (in *Request) Is(media ...string) bool {
	return slices.ContainsFunc(media, func(want string) bool { return mediaMatches(in.media, want) })
}

// Accept chooses the media type of the answer that the client prefers. When it
// takes none of them the request ends with 406.
func (in *Request) Accept(chosen *string, offers ...string) {
	header := strings.Join(in.r.Header.Values("Accept"), ",")
	if strings.TrimSpace(header) == "" {
		*chosen = offers[0]
		return
	}
	best := 0.0
	for _, offer := range offers {
		if q := quality(header, baseOf(offer)); q > best {
			*chosen, best = offer, q
		}
	}
	if best == 0 && in.err == nil {
		in.err = problem.New(http.StatusNotAcceptable, "the answer can be "+strings.Join(offers, " or "))
	}
}

// quality returns how much a client likes a media type, 0 for not at all: the
// most specific range in its Accept header says so (RFC 9110, section 12.5.1).
func quality(accept, media string) float64 {
	kind, _, _ := strings.Cut(media, "/")
	q, specific := 0.0, -1
	for item := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(item, ";")
		rank := slices.Index([]string{"*/*", kind + "/*", media}, strings.ToLower(strings.TrimSpace(name)))
		if rank <= specific {
			continue
		}
		specific, q = rank, 1
		for param := range strings.SplitSeq(params, ";") {
			if text, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(param)), "q="); ok {
				q, _ = strconv.ParseFloat(text, 64) // what is no number is not liked
			}
		}
	}
	return q
}

func isJSON(media string) bool {
	base := baseOf(media)
	return base == "application/json" || strings.HasSuffix(base, "+json")
}
