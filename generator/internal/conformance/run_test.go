package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/apigen-go/apigen/generator/internal/spec"
)

const notesDocument = `
openapi: 3.0.3
info: {title: Notes, version: "1"}
paths:
  /notes:
    get:
      operationId: listNotes
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
      responses:
        "200":
          description: notes
          content: {application/json: {schema: {type: object, required: [items], properties: {items: {type: array, items: {$ref: "#/components/schemas/Note"}}}}}}
        "400": {description: bad}
    post:
      operationId: createNote
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
      responses:
        "201":
          description: made
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
        "400": {description: bad}
  /notes/{noteId}:
    parameters:
      - {name: noteId, in: path, required: true, schema: {type: integer, format: int64}}
    get:
      operationId: getNote
      responses:
        "200":
          description: a note
          content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
        "400": {description: bad}
        "404": {description: none}
    delete:
      operationId: deleteNote
      responses:
        "204": {description: gone}
        "400": {description: bad}
        "404": {description: none}
  /notes/{noteId}/share:
    post:
      operationId: shareNote
      parameters:
        - {name: noteId, in: path, required: true, schema: {type: integer, format: int64}}
        - {name: X-With, in: header, required: true, schema: {type: string, enum: [friends, all]}}
      responses:
        "204": {description: shared}
        "400": {description: bad}
components:
  schemas:
    Note:
      type: object
      additionalProperties: false
      required: [id, title]
      properties:
        id: {type: integer, format: int64, readOnly: true}
        title: {type: string, minLength: 1, maxLength: 20}
        color: {type: string, enum: [red, blue]}
`

// notes serves the document above from memory; flaw names the one thing it gets
// wrong.
type notes struct {
	flaw string
	mu   sync.Mutex
	next int64
	rows map[int64]map[string]any
}

func (s *notes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(path) == 1 && r.Method == http.MethodGet:
		if limit := r.URL.Query().Get("limit"); limit != "" && s.flaw != "lenient" {
			if n, err := strconv.Atoi(limit); err != nil || n < 1 || n > 100 {
				s.refuse(w, "/limit")
				return
			}
		}
		items := []any{}
		for _, row := range s.rows {
			items = append(items, row)
		}
		s.answer(w, http.StatusOK, map[string]any{"items": items})
	case len(path) == 1:
		s.create(w, r)
	default:
		id, err := strconv.ParseInt(path[1], 10, 64)
		if err != nil {
			s.refuse(w, "/noteId")
			return
		}
		s.item(w, r, id, len(path) == 3)
	}
}

func (s *notes) create(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		s.refuse(w, "body")
		return
	}
	if where := s.fault(body); where != "" && s.flaw != "lenient" {
		s.refuse(w, where)
		return
	}
	if body == nil {
		body = map[string]any{"title": "untitled"}
	}
	s.next++
	body["id"] = s.next
	if s.flaw == "forget" {
		delete(body, "color")
	}
	s.rows[s.next] = body
	status := http.StatusCreated
	if s.flaw == "status" {
		status = http.StatusAccepted
	}
	s.answer(w, status, body)
}

func (s *notes) fault(body map[string]any) string {
	if body == nil {
		return "body"
	}
	title, ok := body["title"].(string)
	if n := len([]rune(title)); !ok || n < 1 || n > 20 {
		return "/title"
	}
	color, given := body["color"]
	if given && !slices.Contains([]any{"red", "blue"}, color) {
		return "/color"
	}
	for name := range body {
		if name != "title" && name != "color" {
			return "/" + name
		}
	}
	return ""
}

func (s *notes) item(w http.ResponseWriter, r *http.Request, id int64, share bool) {
	row := s.rows[id]
	switch {
	case share && !slices.Contains([]string{"friends", "all"}, r.Header.Get("X-With")):
		s.refuse(w, "/X-With")
	case share:
		w.WriteHeader(http.StatusNotImplemented)
	case row == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodDelete:
		if s.flaw != "undead" {
			delete(s.rows, id)
		}
		w.WriteHeader(http.StatusNoContent)
	case s.flaw == "crash":
		w.WriteHeader(http.StatusInternalServerError)
	case s.flaw == "hang up":
		panic(http.ErrAbortHandler)
	default:
		s.answer(w, http.StatusOK, row)
	}
}

func (s *notes) answer(w http.ResponseWriter, status int, body map[string]any) {
	if s.flaw == "schema" && body["title"] != nil {
		body = map[string]any{"id": body["id"], "title": 7}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *notes) refuse(w http.ResponseWriter, where string) {
	if s.flaw == "unnamed" {
		where = "something"
	}
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"errors":[{"pointer":%q}]}`, where)
}

func TestRunFindsEveryFlaw(t *testing.T) {
	doc, _, err := spec.Load("notes.yaml", []byte(notesDocument), spec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for flaw, want := range map[string]string{
		"":         "",
		"status":   "status",
		"crash":    "status",
		"hang up":  "transport",
		"stub":     "status",
		"schema":   "schema",
		"lenient":  "mutant",
		"unnamed":  "mutant",
		"forget":   "value",
		"undead":   "value",
		"volatile": "persistence",
	} {
		t.Run("flaw "+flaw, func(t *testing.T) {
			s := &notes{flaw: flaw, rows: map[int64]map[string]any{}}
			server := httptest.NewServer(s)
			defer server.Close()
			opt := Options{
				Stubs: map[string]bool{"POST /notes/{noteId}/share": flaw != "stub"},
				Restart: func(context.Context) (string, error) {
					s.mu.Lock()
					defer s.mu.Unlock()
					if flaw == "volatile" {
						clear(s.rows)
					}
					return server.URL, nil
				},
			}
			report, err := Run(t.Context(), server.URL, doc, opt)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(report.Summary())
			found := slices.ContainsFunc(report.Failures, func(f Failure) bool { return f.Kind == want })
			if want == "" && (len(report.Failures) > 0 || report.Persisted == 0 || report.Mutants == 0 || report.Refused > 0) {
				t.Errorf("a faultless service fails:\n%s", report.Text())
			}
			if want != "" && !found {
				t.Errorf("no %s failure:\n%s", want, report.Text())
			}
		})
	}
}

func TestIdentifyLooksIntoEnvelopes(t *testing.T) {
	for _, tt := range []struct{ text, name, segment, want string }{
		{`{"article":{"title":"x","slug":"a-b","author":{"username":"u"}}}`, "slug", "articles", "a-b"},
		{`{"data":{"id":7,"trip":{"id":9}}}`, "bookingId", "bookings", "7"},
		{`{"book_id":"b1","id":"other"}`, "bookId", "books", "b1"},
		{`{"name":"n"}`, "petId", "pets", "n"},
		{`[1,2]`, "id", "pets", ""},
	} {
		if got, _ := identify(tt.text, tt.name, tt.segment); got != tt.want {
			t.Errorf("identify(%s, %s) = %q, want %q", tt.text, tt.name, got, tt.want)
		}
	}
}
