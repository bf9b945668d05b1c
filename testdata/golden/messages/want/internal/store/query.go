package store

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"example.com/messages/internal/codec"
	"example.com/messages/internal/database"
	"example.com/messages/internal/problem"
)

// Page is one page of a list and what there is to say about it.
type Page[T any] struct {
	Items  []T
	Total  int64   // rows that match, over all pages; 0 unless the list counts them
	Limit  int64   // rows that were asked for
	Offset int64   // rows before the first item
	More   bool    // rows follow; false unless the list looks for them
	Next   *string // cursor of the next page, nil on the last one
}

// Number returns the number of the page, the first one being 1.
func (p *Page[T]) Number() int64 { return p.Offset/max(p.Limit, 1) + 1 }

// Pages returns how many pages of this size the rows fill.
func (p *Page[T]) Pages() int64 {
	return (p.Total + max(p.Limit, 1) - 1) / max(p.Limit, 1)
}

// Cursor returns the cursor of the next page, "" on the last one.
func (p *Page[T]) Cursor() string { return value(p.Next) }

// conditions collects what a WHERE clause demands, with the arguments.
type conditions struct {
	text strings.Builder
	args []any
}

// and adds a condition. Every ? in it stands for the next of the arguments.
func (c *conditions) and(condition string, args ...any) {
	if c.text.Len() == 0 {
		c.text.WriteString(" WHERE ")
	} else {
		c.text.WriteString(" AND ")
	}
	for i, part := range strings.Split(condition, "?") {
		if i > 0 {
			c.text.WriteString(c.arg(args[i-1]))
		}
		c.text.WriteString(part)
	}
}

// arg adds an argument and returns its placeholder.
func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

// window limits the rows to a page. It comes last in a statement.
func (c *conditions) window(limit, offset int64) string {
	text := " LIMIT " + c.arg(limit)
	if offset > 0 {
		text += " OFFSET " + c.arg(offset)
	}
	return text
}

// search demands that one of the columns contains the text, whatever its case.
func (c *conditions) search(text string, columns ...string) {
	pattern := c.arg("%" + likeEscaper.Replace(text) + "%")
	parts := make([]string, len(columns))
	for i, column := range columns {
		parts[i] = "LOWER(" + column + ") LIKE LOWER(" + pattern + `) ESCAPE '\'`
	}
	c.and("(" + strings.Join(parts, " OR ") + ")")
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// in demands that a column has one of the values.
func in[T any](c *conditions, column string, values []T) {
	places := make([]string, len(values))
	for i, v := range values {
		places[i] = c.arg(v)
	}
	c.and(column + " IN (" + strings.Join(places, ", ") + ")")
}

// number is what paging parameters are made of.
type number interface{ ~int32 | ~int64 }

// pageSize returns how many rows to read: what was asked for within 1 and most,
// or usual.
func pageSize[N number](asked *N, usual, most int64) int64 {
	if asked == nil || *asked < 1 {
		return usual
	}
	return min(int64(*asked), most)
}

// rowsBefore returns how many rows to skip for an offset.
func rowsBefore[N number](offset *N) int64 {
	if offset == nil {
		return 0
	}
	return max(int64(*offset), 0)
}

// pagesBefore returns how many rows to skip for the page with the given number,
// when the first page has the number first.
func pagesBefore[N number](page *N, first, size int64) int64 {
	if page == nil || int64(*page) <= first {
		return 0
	}
	return min(int64(*page)-first, math.MaxInt64/size) * size
}

// orderBy turns a sort parameter such as "-price,title" or "price:desc" into the
// list of an ORDER BY clause. columns holds the names a client may use. The key
// ends the list, so that the order of equal rows does not change between pages.
func orderBy(status int, parameter, sort, direction, key string, columns map[string]string) (string, error) {
	var list []string
	for name := range strings.SplitSeq(sort, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		down := descending(direction)
		column, ok := columns[name]
		if !ok {
			name, down = cutDirection(name, down)
			column, ok = columns[name]
		}
		if !ok {
			return "", problem.Invalid(status, []problem.Violation{{
				In: "query", Pointer: "/" + parameter, Detail: fmt.Sprintf("cannot sort by %q", name),
			}})
		}
		if down {
			column += " DESC"
		}
		list = append(list, column)
	}
	return strings.Join(append(list, key), ", "), nil
}

func descending(direction string) bool {
	return strings.HasPrefix(strings.ToLower(direction), "desc")
}

// cutDirection takes the direction off a sort key: "-price", "price:desc",
// "price_desc".
func cutDirection(name string, down bool) (string, bool) {
	if rest, ok := strings.CutPrefix(name, "-"); ok {
		return rest, true
	}
	name = strings.TrimPrefix(name, "+")
	for _, mark := range []string{":", " ", ".", "_", "-"} {
		i := strings.LastIndex(name, mark)
		if i < 0 {
			continue
		}
		switch strings.ToLower(name[i+1:]) {
		case "asc", "ascending":
			return name[:i], false
		case "desc", "descending":
			return name[:i], true
		}
	}
	return name, down
}

// scanner is a row that can be read.
type scanner interface{ Scan(dest ...any) error }

// one reads the only row of a statement.
func one[T any](row *database.Row, scan func(scanner, *T) error) (*T, error) {
	v := new(T)
	if err := scan(row, v); err != nil {
		return nil, err
	}
	return v, nil
}

// all reads every row of a query. The list is empty rather than nil.
func all[T any](rows *database.Rows, err error, scan func(scanner, *T) error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for {
		list := []T{}
		for rows.Next() {
			var v T
			if err := scan(rows, &v); err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		if err := rows.Err(); err == nil {
			return list, nil
		} else if !rows.Retry() {
			return nil, err
		}
	}
}

// affected turns "no row was written" into [database.ErrNotFound].
func affected(rows int64, err error) error {
	if err == nil && rows == 0 {
		return database.ErrNotFound
	}
	return err
}

// declared gives a duplicate or a dangling reference the status that the API
// declares for it; 0 leaves it as it is.
func declared(err error, conflict, reference int) error {
	switch {
	case conflict != 0 && errors.Is(err, database.ErrConflict):
		return problem.New(conflict, database.ErrConflict.Error())
	case reference == http.StatusNotFound && errors.Is(err, database.ErrReference):
		return database.ErrNotFound
	case reference != 0 && errors.Is(err, database.ErrReference):
		return problem.New(reference, database.ErrReference.Error())
	}
	return err
}

// missingBody is the answer to a request that carries nothing to store.
func missingBody(status int) error {
	return problem.Invalid(status, []problem.Violation{{In: "body", Detail: "is required"}})
}

// idOr returns the key that the request brought along, or a new one.
func idOr[S ~string](db *database.DB, id *S) string {
	if id == nil || *id == "" {
		return db.NewID()
	}
	return string(*id)
}

// value returns what v points to, or the zero value.
func value[T any](v *T) T {
	if v == nil {
		return *new(T)
	}
	return *v
}

// nullable turns a column that may be NULL into a member that may be null.
func nullable[T any](v *T) codec.Nullable[T] {
	if v == nil {
		return codec.NewNull[T]()
	}
	return codec.NewNullable(*v)
}
