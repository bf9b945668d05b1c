package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"example.com/sweep/internal/codec"
	"example.com/sweep/internal/problem"
)

// tripSample is a JSON value of a schema. Answers are samples of what a service
// sends: with read-only members and without write-only ones.
type tripSample struct {
	Name   string
	Answer bool
	Open   bool // there may be members that no schema names: they are not kept
	Text   string
}

// Offsets of zero are one time zone, however they are written.
func init() { time.Local = time.UTC }

// TestTrips decodes, encodes and decodes the samples again.
func TestTrips(t *testing.T) {
	file, err := os.Open("samples.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n, wrong := 0, map[string]bool{}
	for in := json.NewDecoder(file); in.More(); {
		var s tripSample
		if err := in.Decode(&s); err != nil {
			t.Fatal(err)
		}
		n++
		trip := tripOfRequest
		if s.Answer {
			trip = tripOfAnswer
		}
		if err := trip(s); err != nil && !wrong[s.Name] {
			wrong[s.Name] = true
			t.Errorf("%s (answer: %t): %v\nsample %.2000s", s.Name, s.Answer, err, s.Text)
		}
	}
	fmt.Printf("trips %d\n", n)
}

// FuzzDecode decodes arbitrary text as a client might send it.
func FuzzDecode(f *testing.F) {
	file, err := os.Open("samples.json")
	if err != nil {
		f.Fatal(err)
	}
	defer file.Close()
	for in := json.NewDecoder(file); in.More(); {
		var s tripSample
		if err := in.Decode(&s); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(s.Text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v SweepAll
		err := tripStrict(data, &v)
		isJSON := jsontext.Value(data).IsValid()
		invalid, ok := errors.AsType[*problem.Problem](err)
		switch broken := err != nil && !(ok && len(invalid.Errors) > 0); {
		case err == nil && !isJSON:
			t.Fatalf("%q is taken, but it is no JSON", data)
		case broken && isJSON:
			t.Fatalf("%q is JSON, but: %v", data, err)
		case err != nil:
			return
		}
		if err := tripAgain(&v); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
	})
}

// tripOfRequest is the way of a value that a client sends: into the store and back.
func tripOfRequest(s tripSample) error {
	var v SweepAll
	if err := tripStrict([]byte(s.Text), &v); err != nil {
		return fmt.Errorf("is refused: %w", err)
	}
	stored, err := codec.Marshal(&v, encodeSweepAll)
	if err != nil {
		return fmt.Errorf("is not encoded: %w", err)
	}
	if err := tripSame(s.Text, string(stored), s.Open, true); err != nil {
		return fmt.Errorf("%w\nin %.2000s", err, stored)
	}
	return tripAgain(&v)
}

// tripOfAnswer is the way of a value that a service sends: through its own store.
func tripOfAnswer(s tripSample) error {
	var v, back SweepAll
	if err := codec.Unmarshal([]byte(s.Text), &v, decodeSweepAll); err != nil {
		return fmt.Errorf("is refused: %w", err)
	}
	w := httptest.NewRecorder()
	if err := codec.WriteJSON(w, http.StatusOK, "application/json", func(e *codec.Encoder) { encodeSweepAll(e, &v) }); err != nil {
		return fmt.Errorf("is not encoded: %w", err)
	}
	sent := w.Body.String()
	if err := tripSame(s.Text, sent, s.Open, false); err != nil {
		return fmt.Errorf("%w\nin %.2000s", err, sent)
	}
	if err := codec.Unmarshal([]byte(sent), &back, decodeSweepAll); err != nil {
		return fmt.Errorf("is refused when it is encoded: %w\n%.2000s", err, sent)
	}
	if !reflect.DeepEqual(v, back) {
		return fmt.Errorf("differs after the second time: %s", tripDifference("", reflect.ValueOf(v), reflect.ValueOf(back)))
	}
	return nil
}

// tripStrict decodes what a client sends.
func tripStrict(data []byte, v *SweepAll) error {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(data))
	in := codec.NewRequest(r, http.StatusBadRequest)
	in.DecodeBody(func(d *codec.Decoder) { decodeSweepAll(d, v) })
	return in.Err()
}

// tripAgain encodes and decodes a value that was taken.
func tripAgain(v *SweepAll) error {
	text, err := codec.Marshal(v, encodeSweepAll)
	if err != nil {
		return fmt.Errorf("is taken, but not encoded: %w", err)
	}
	if !jsontext.Value(text).IsValid() {
		return fmt.Errorf("is encoded as %s, which is no JSON", text)
	}
	var back SweepAll
	if err := tripStrict(text, &back); err != nil {
		return fmt.Errorf("is refused when it is encoded: %w\n%.2000s", err, text)
	}
	if !reflect.DeepEqual(v, &back) {
		return fmt.Errorf("differs after the second time: %s\n%.2000s", tripDifference("", reflect.ValueOf(*v), reflect.ValueOf(back)), text)
	}
	return nil
}

// tripSame compares two JSON documents. The order of members, the notation of
// numbers, times and bytes do not count. less allows members that are lost, more
// those that were added: defaults, and those that the service sets.
func tripSame(want, got string, less, more bool) error {
	values := make([]any, 2)
	for i, text := range []string{want, got} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&values[i]); err != nil {
			return err
		}
	}
	return tripCompare("", values[0], values[1], less, more)
}

func tripCompare(at string, want, got any, less, more bool) error {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		for name, value := range w {
			other, ok := g[name]
			if !ok && (less || value == nil && at == "") {
				continue // no member with null is as good as none in a struct as large as the one around all schemas
			}
			if !ok {
				return fmt.Errorf("%s/%s is lost", at, name)
			}
			if err := tripCompare(at+"/"+name, value, other, less, more); err != nil {
				return err
			}
		}
		for name := range g {
			if _, ok := w[name]; !ok && !more {
				return fmt.Errorf("%s/%s was added", at, name)
			}
		}
		return nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) != len(g) {
			break
		}
		for i := range w {
			if err := tripCompare(at+"/"+strconv.Itoa(i), w[i], g[i], less, more); err != nil {
				return err
			}
		}
		return nil
	case json.Number:
		if g, ok := got.(json.Number); ok && tripNumber(string(w), string(g)) {
			return nil
		}
	case string:
		if g, ok := got.(string); ok && tripText(w, g) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return fmt.Errorf("%s was %v and is %v", at, want, got)
}

// tripNumber compares numbers as exactly as the type that held them can: there
// are single precision floats among them.
func tripNumber(a, b string) bool {
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	if ok1 && ok2 && x.Cmp(y) == 0 {
		return true
	}
	f, _ := strconv.ParseFloat(a, 64)
	g, _ := strconv.ParseFloat(b, 64)
	return f == g || float32(f) == float32(g) && strings.ContainsAny(a, ".eE")
}

func tripText(a, b string) bool {
	if a == b {
		return true
	}
	t, err1 := time.Parse(time.RFC3339, strings.ToUpper(a))
	u, err2 := time.Parse(time.RFC3339, b)
	if err1 == nil && err2 == nil {
		return t.Equal(u)
	}
	padding := strings.NewReplacer("=", "", "-", "+", "_", "/")
	_, err := base64.StdEncoding.DecodeString(b)
	return err == nil && padding.Replace(a) == padding.Replace(b)
}

// tripDifference says where two values differ.
func tripDifference(at string, a, b reflect.Value) string {
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return ""
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if f := a.Type().Field(i); f.IsExported() {
				if d := tripDifference(at+"."+f.Name, a.Field(i), b.Field(i)); d != "" {
					return d
				}
			}
		}
	case reflect.Pointer:
		if !a.IsNil() && !b.IsNil() {
			return tripDifference(at, a.Elem(), b.Elem())
		}
	case reflect.Slice:
		for i := range min(a.Len(), b.Len()) {
			if d := tripDifference(at+"."+strconv.Itoa(i), a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
	}
	return fmt.Sprintf("%s was %#v and is %#v", at, a.Interface(), b.Interface())
}
