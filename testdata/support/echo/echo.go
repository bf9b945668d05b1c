// Package echo lets a test see what a handler was given: the answer to a request
// that reached one has the decoded request in the header Took.
package echo

import (
	"cmp"
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"example.com/support/internal/codec"
)

type key struct{}

// Watch serves requests by next and adds the header.
func Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w}
		next.ServeHTTP(a, r.WithContext(context.WithValue(r.Context(), key{}, &a.took)))
	})
}

type answer struct {
	http.ResponseWriter
	took string
}

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if a.took != "" {
		a.Header().Set("Took", a.took)
	}
	a.ResponseWriter.WriteHeader(status)
}

// Request notes what a handler was given and returns the error otherwise, or the
// one of reading what comes as a stream.
func Request(ctx context.Context, req any, otherwise error) error {
	var s shower
	s.show(reflect.ValueOf(req))
	if s.err != nil {
		return s.err
	}
	*ctx.Value(key{}).(*string) = s.String()
	return otherwise
}

// shower writes Go values in a notation near JSON: members by their Go names,
// those that are nil left out.
type shower struct {
	strings.Builder
	err error
}

func (s *shower) show(v reflect.Value) {
	switch value := v.Interface().(type) {
	case codec.Raw:
		s.Write(value)
		return
	case []byte:
		s.quote("bytes " + string(value))
		return
	case *codec.Multipart:
		s.parts(value)
		return
	case io.Reader:
		data, err := io.ReadAll(value)
		s.err = cmp.Or(s.err, err)
		s.quote(string(data))
		return
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		s.err = cmp.Or(s.err, err)
		s.quote(string(text))
		return
	case fmt.Stringer: // codec.Integer
		s.WriteString(value.String())
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		s.show(v.Elem())
	case reflect.Struct:
		s.members(v)
	case reflect.Map:
		names := v.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		s.list("{}", len(names), func(i int) {
			s.quote(names[i].String())
			s.WriteByte(':')
			s.show(v.MapIndex(names[i]))
		})
	case reflect.Slice:
		s.list("[]", v.Len(), func(i int) { s.show(v.Index(i)) })
	case reflect.Func:
		s.items(v)
	default:
		text, err := json.Marshal(v.Interface())
		s.err = cmp.Or(s.err, err)
		s.Write(text)
	}
}

func (s *shower) quote(text string) {
	out, _ := json.Marshal(text)
	s.Write(out)
}

func (s *shower) list(around string, n int, one func(int)) {
	s.WriteByte(around[0])
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		one(i)
	}
	s.WriteByte(around[1])
}

func (s *shower) members(v reflect.Value) {
	if set := v.FieldByName("Set"); strings.HasPrefix(v.Type().Name(), "Nullable[") {
		if !set.Bool() || v.FieldByName("Null").Bool() {
			s.WriteString("null")
			return
		}
		s.show(v.FieldByName("Value"))
		return
	}
	var there []int
	for i := range v.NumField() {
		if f := v.Field(i); v.Type().Field(i).IsExported() && !absent(f) {
			there = append(there, i)
		}
	}
	s.list("{}", len(there), func(i int) {
		s.quote(v.Type().Field(there[i]).Name)
		s.WriteByte(':')
		s.show(v.Field(there[i]))
	})
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Func:
		return v.IsNil()
	case reflect.Struct:
		return strings.HasPrefix(v.Type().Name(), "Nullable[") && !v.FieldByName("Set").Bool()
	}
	return false
}

// items reads an iterator of values and errors.
func (s *shower) items(v reflect.Value) {
	s.WriteByte('[')
	first := true
	for item, err := range v.Seq2() {
		if !err.IsNil() {
			s.err = err.Interface().(error)
			return
		}
		if !first {
			s.WriteByte(',')
		}
		first = false
		s.show(item)
	}
	s.WriteByte(']')
}

func (s *shower) parts(m *codec.Multipart) {
	var list []string
	for part, err := range m.All() {
		if err != nil {
			s.err = err
			return
		}
		data, err := io.ReadAll(part)
		s.err = cmp.Or(s.err, err)
		list = append(list, fmt.Sprintf("%s %s %s: %s", part.Name, part.Filename, part.Media, data))
	}
	s.list("[]", len(list), func(i int) { s.quote(list[i]) })
}

// Of makes an iterator for the answers of handlers.
func Of[T any](items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}
