// Package docs shows the description of the API to people and programs: a page for
// browsers at /docs, and the document itself at /openapi.json and /openapi.yaml.
package docs

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"strings"

	"github.com/swaggest/swgui/v5/static"

	"example.com/http/internal/codec"
	"example.com/http/internal/problem"
)

//go:embed page
var page embed.FS

// policy lets the page load what this service sends, and call it, and nothing else.
// Swagger UI sets styles of elements itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler returns a handler that answers requests for the documents and the page
// about them, and hands all others on to api. The files NAME.json in documents are
// OpenAPI documents; the first "/" in each is the address of the service. base is
// the path prefix that clients put before all paths, "" or /v1; requests come
// without it.
func Handler(api http.Handler, base string, documents fs.FS) http.Handler {
	p := &pages{next: api, texts: map[string]*text{}}
	p.assets()
	type source struct {
		URL  string `json:"url"`
		Name string `json:"name"`
	}
	var sources []source
	names, _ := fs.Glob(documents, "*.json") // the pattern is a good one
	for _, file := range names {
		read := func() ([]byte, error) { return document(documents, file, base) }
		p.texts["/"+file] = newText("application/json", read)
		name := strings.TrimSuffix(file, ".json")
		p.texts["/"+name+".yaml"] = newText("application/yaml", func() ([]byte, error) {
			data, err := read()
			if err != nil {
				return nil, err
			}
			return appendYAML(nil, data)
		})
		sources = append(sources, source{"../" + file, name})
	}
	p.texts["/docs/sources.json"] = newText("application/json", func() ([]byte, error) { return json.Marshal(sources) })
	return p
}

// document reads a document and tells it where the service is.
func document(documents fs.FS, name, base string) ([]byte, error) {
	data, err := fs.ReadFile(documents, name)
	if err != nil || base == "" {
		return data, err
	}
	quoted, err := json.Marshal(base)
	return bytes.Replace(data, []byte(`"/"`), quoted, 1), err
}

// pages answers what is under its paths.
type pages struct {
	next  http.Handler
	texts map[string]*text
}

// assets adds what the page is made of: its own files, and those of Swagger UI, which
// are compressed.
func (p *pages) assets() {
	for file, media := range map[string]string{"index.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"} {
		p.texts["/docs/"+strings.TrimSuffix(file, "index.html")] = newText(media+"; charset=utf-8", func() ([]byte, error) {
			return page.ReadFile("page/" + file)
		})
	}
	for file, media := range map[string]string{
		"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript", "swagger-ui-standalone-preset.js": "text/javascript",
	} {
		p.texts["/docs/"+file] = newText(media+"; charset=utf-8", func() ([]byte, error) { return unzip(static.FS, file+".gz") })
	}
	const icon = "favicon-32x32.png"
	p.texts["/docs/"+icon] = newText("image/png", func() ([]byte, error) { return static.FS.ReadFile(icon) })
}

func unzip(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// ServeHTTP implements [http.Handler].
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	text := p.texts[path]
	inside := path == "/docs" || strings.HasPrefix(path, "/docs/")
	if text == nil && !inside {
		p.next.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	if inside {
		h.Set("Content-Security-Policy", policy)
	}
	switch {
	case text == nil && path != "/docs":
		codec.WriteProblem(w, problem.New(http.StatusNotFound, ""))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		codec.WriteProblem(w, problem.New(http.StatusMethodNotAllowed, ""))
	case text == nil: // what the page names is relative to /docs/
		h.Set("Location", "docs/")
		w.WriteHeader(http.StatusMovedPermanently)
	default:
		text.ServeHTTP(w, r)
	}
}
