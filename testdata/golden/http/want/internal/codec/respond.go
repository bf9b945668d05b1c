package codec

import (
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"

	"example.com/http/internal/problem"
)

// WriteProblem answers with problem details.
func WriteProblem(w http.ResponseWriter, p *problem.Problem) {
	RetryAfter(w, p)
	_ = WriteJSON(w, p.Status, problem.Media, func(e *Encoder) { e.Value(p) })
}

// RetryAfter sets the Retry-After header that the problem asks for.
func RetryAfter(w http.ResponseWriter, p *problem.Problem) {
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
}

// Encode returns what encode writes, for requests that the service sends.
func Encode(encode func(*Encoder)) ([]byte, error) {
	var e Encoder
	encode(&e)
	return e.buf, e.err
}

// WriteText answers with text.
func WriteText(w http.ResponseWriter, status int, media, text string) {
	h := w.Header()
	if strings.HasPrefix(media, "text/") && !strings.Contains(media, "charset") {
		media += "; charset=utf-8"
	}
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// ProblemText returns the problem as one line of at most limit characters
// (limit < 0: no limit), escaped for HTML when the media type is that.
func ProblemText(p *problem.Problem, media string, limit int) string {
	text := p.Text()
	if strings.HasPrefix(media, "text/html") {
		text = html.EscapeString(text)
	}
	if runes := []rune(text); limit >= 0 && len(runes) > limit {
		text = string(runes[:limit])
	}
	return text
}
