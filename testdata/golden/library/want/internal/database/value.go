package database

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/library/internal/codec"
)

// sqliteTime is how SQLite stores a time: UTC text of a fixed width, so that the
// order of the text is the order in time. Microseconds are what PostgreSQL keeps.
const sqliteTime = "2006-01-02T15:04:05.000000Z"

// Now returns the present the way both engines store it: in UTC, to the
// microsecond. A row read back equals the one that was written.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// bind returns the arguments in the types both drivers take.
func bind(args []any, d Dialect) ([]any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	bound := make([]any, len(args))
	for i, arg := range args {
		v, err := argument(arg, d)
		if err != nil {
			return nil, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		bound[i] = v
	}
	return bound, nil
}

func argument(arg any, d Dialect) (any, error) {
	switch v := arg.(type) {
	case nil, int64, bool, float64:
		return v, nil
	case string:
		return v, checkText(v)
	case time.Time:
		v = v.UTC().Truncate(time.Microsecond)
		if d == SQLite {
			return v.Format(sqliteTime), nil
		}
		return v, nil
	case codec.Date:
		return v.String(), nil
	case *JSONValue:
		return v.encode()
	}
	v := reflect.ValueOf(arg)
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return argument(v.Elem().Interface(), d)
	case reflect.String:
		return v.String(), checkText(v.String())
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if v.IsNil() {
				return nil, nil
			}
			return v.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("%T cannot be stored in a column; wrap it in JSON", arg)
}

// checkText refuses the text that PostgreSQL refuses, so that both engines hold
// the same values.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%w: text with a NUL character", ErrInvalid)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: text that is not UTF-8", ErrInvalid)
	}
	return nil
}

// dateTarget wraps the targets that neither driver fills by itself.
func dateTarget(dest any) any {
	switch d := dest.(type) {
	case *codec.Date:
		return &target[codec.Date]{value: d, parse: parseDate}
	case **codec.Date:
		return &target[codec.Date]{ptr: d, parse: parseDate}
	}
	return dest
}

// target is a sql.Scanner that fills a value, or a pointer that NULL makes nil.
type target[T any] struct {
	value *T
	ptr   **T
	parse func(src any) (T, error)
}

// Scan implements [database/sql.Scanner].
func (t *target[T]) Scan(src any) error {
	if src == nil {
		if t.ptr == nil {
			return fmt.Errorf("NULL for a %T that has no nil", *t.value)
		}
		*t.ptr = nil
		return nil
	}
	v, err := t.parse(src)
	if err != nil {
		return err
	}
	if t.ptr != nil {
		*t.ptr = &v
	} else {
		*t.value = v
	}
	return nil
}

// bytesTarget keeps NULL and no bytes apart, which the SQLite driver returns alike
// to a plain []byte.
type bytesTarget struct{ dest *[]byte }

// Scan implements [database/sql.Scanner].
func (t bytesTarget) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t.dest = nil
	case []byte:
		*t.dest = append([]byte{}, v...) // the driver's bytes are good until the next row
	case string:
		*t.dest = []byte(v) // to SQLite the default '' of a column is text
	default:
		return fmt.Errorf("a %T is no bytes", src)
	}
	return nil
}

func parseTime(src any) (time.Time, error) {
	switch v := src.(type) {
	case time.Time:
		return v.UTC(), nil
	case string:
		t, err := time.Parse(time.RFC3339Nano, v)
		return t.UTC(), err
	}
	return time.Time{}, fmt.Errorf("a %T is no time", src)
}

func parseDate(src any) (codec.Date, error) {
	switch v := src.(type) {
	case time.Time: // both drivers know the column type DATE
		return codec.NewDate(v.Date()), nil
	case string:
		return codec.ParseDate(v)
	}
	return codec.Date{}, fmt.Errorf("a %T is no date", src)
}
