package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/apigen-go/apigen/generator/internal/diag"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// Cache is how long the answers of an operation are kept: x-apigen.cache. A span of 0
// is that of the service, a negative one is none.
type Cache struct {
	Off                        bool          // they are not kept
	TTL, Client, CDN, SWR, SIE time.Duration // in whole seconds
	Public                     bool          // though the operation asks for credentials
	Vary                       []string      // fields of the request that answers depend on
}

// cacheHint says how caching is written.
const cacheHint = `write for example "x-apigen: {cache: 60s}", "{cache: {ttl: 60s, swr: 30s, sie: 1h, client: 10s, cdn: 5m, vary: [Accept-Language], public: true}}" or "{cache: none}", with times of 1s to 8760h in whole seconds`

const mostCache = 8760 * time.Hour

var errNoTime = errors.New("is no time such as 60s")

// caching reads x-apigen.cache of operations, of path items for all of their
// operations, and of the document; and works out what answers depend on.
func (b *builder) caching() {
	if !b.p.Features.Cache {
		return
	}
	told := map[diag.Pos]bool{}
	names := b.collections()
	tagged := map[string]*Operation{}
	for _, o := range b.p.Operations {
		o.Surrogates = surrogates(o, names)
		b.cache(o, told)
		if o.Tagged = hasTag(o); o.Tagged && o.Shadow == nil {
			tagged[o.Path] = o
		}
	}
	for _, o := range b.p.Operations {
		b.condition(o, tagged[o.Path], told)
	}
}

// hasTag reports whether the answers of an operation carry an entity tag: it reads one
// row, which nothing but the path chooses, in one notation.
func hasTag(o *Operation) bool {
	if o.CRUD == nil || o.CRUD.Kind != Get || o.Sealed() || slices.ContainsFunc(o.Params, func(p *Param) bool { return p.In != InPath }) {
		return false
	}
	body := o.Successes[0].Body
	return body != nil && body.Kind == JSONBody && body.XML == nil && o.Successes[0].Status == http.StatusOK
}

// condition ties an operation that changes a row to the one that reads it, and reads
// x-apigen.if-match.
func (b *builder) condition(o, current *Operation, told map[diag.Pos]bool) {
	writes := o.CRUD != nil && slices.Contains([]CRUDKind{Replace, Update, Delete}, o.CRUD.Kind) || o.CRUD != nil && o.CRUD.Upsert
	if writes && current != nil && current.CRUD.Table == o.CRUD.Table {
		o.Current = current
	}
	places := append([]map[string]spec.Value{o.Spec.Extensions}, o.Spec.Outer...)
	for i, extensions := range places {
		v, ok := extensions["x-apigen"]
		var members map[string]json.RawMessage
		if !ok || json.Unmarshal([]byte(v.JSON), &members) != nil || members["if-match"] == nil {
			continue
		}
		const hint = `write "x-apigen: {if-match: required}", or "optional"`
		var text string
		switch err := json.Unmarshal(members["if-match"], &text); {
		case (err != nil || text != "required" && text != "optional") && !told[v.Pos]:
			b.diags.Errorf(v.Pos, hint, "if-match of %s %s is %s", o.Method, o.Path, members["if-match"])
			told[v.Pos] = true
		case i == 0 && o.Current == nil:
			b.diags.Errorf(v.Pos, "it is for PUT, PATCH and DELETE of a row that a GET of the same path reads from the store",
				"if-match of %s %s: there is no tag that it could match", o.Method, o.Path)
		case text == "required":
			o.MustMatch = o.Current != nil
		}
		return
	}
}

// cache finds what the document says of one operation. Where it says so of several
// in one place, mistakes are reported once.
func (b *builder) cache(o *Operation, told map[diag.Pos]bool) {
	places := append([]map[string]spec.Value{o.Spec.Extensions}, o.Spec.Outer...)
	reads := o.Method == http.MethodGet
	for i, extensions := range places {
		v, ok := extensions["x-apigen"]
		if !ok {
			continue
		}
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(v.JSON), &members) != nil || members["cache"] == nil {
			continue
		}
		where := fmt.Sprintf("%s %s", o.Method, o.Path)
		if i == 1 {
			where = o.Path
		} else if i == 2 {
			where = "the document"
		}
		c, err := readCache(members["cache"])
		switch {
		case err != nil && !told[v.Pos]:
			b.diags.Errorf(v.Pos, cacheHint, "the cache of %s: %v", where, err)
			told[v.Pos] = true
		case err != nil:
		case i == 0 && !reads:
			b.diags.Errorf(v.Pos, "take it away: what it writes ends the answers that depend on it without that", "the cache of %s: only answers to GET are kept", where)
		case i == 0 && o.Security != nil && !c.Public && !c.Off:
			b.diags.Errorf(v.Pos, `add "public: true" if everybody who is let in gets the same answers, or take the cache away`,
				"the cache of %s: the operation asks for credentials, so its answers are for one client", where)
		case reads && (o.Security == nil || c.Public):
			o.Cache = c
		}
		return // what is closer to the operation counts
	}
}

// readCache reads the value of x-apigen.cache.
func readCache(text json.RawMessage) (*Cache, error) {
	var short string
	if json.Unmarshal(text, &short) == nil {
		if short == "none" {
			return &Cache{Off: true}, nil
		}
		ttl, err := cacheSpan(text)
		if err != nil {
			return nil, fmt.Errorf("%s %w", text, err)
		}
		return &Cache{TTL: ttl}, nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil, fmt.Errorf("%s %w", text, errNoTime)
	}
	c := &Cache{}
	spans := map[string]*time.Duration{"ttl": &c.TTL, "client": &c.Client, "cdn": &c.CDN, "swr": &c.SWR, "sie": &c.SIE}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := members[name]
		var err error
		switch {
		case spans[name] != nil:
			*spans[name], err = cacheSpan(value)
		case name == "public":
			err = json.Unmarshal(value, &c.Public)
		case name == "vary":
			err = json.Unmarshal(value, &c.Vary)
			if err == nil && slices.ContainsFunc(c.Vary, func(s string) bool { return !isToken(s) }) {
				err = errors.New("has a name that no field has")
			}
		default:
			return nil, fmt.Errorf("there is no member %q", name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s %w", name, value, plainError(err))
		}
	}
	return c, nil
}

// plainError keeps the words of the JSON package from users.
func plainError(err error) error {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errors.New("is of another type")
	}
	return err
}

func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	}) < 0
}

// cacheSpan reads a time, or none.
func cacheSpan(text json.RawMessage) (time.Duration, error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return 0, errNoTime
	}
	if s == "none" {
		return -1, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Second || d > mostCache || d%time.Second != 0 {
		return 0, errNoTime
	}
	return d, nil
}

// collections are the names of the resources by the paths of their collections: those
// of tables, where operations use one.
func (b *builder) collections() map[string]string {
	out := map[string]string{}
	for _, o := range b.p.Operations {
		if o.CRUD == nil {
			continue
		}
		path := o.Path
		if cut := strings.LastIndex(path, "/{"); cut > 0 && strings.HasSuffix(path, "}") {
			path = path[:cut]
		}
		if out[path] == "" {
			out[path] = o.CRUD.Table.Name
		}
	}
	return out
}

// surrogates are the keys of an operation. One on a table has that of the table or,
// when it reads one row, that of the row. Of others the path tells: what stands before
// a parameter is a collection, and with the parameter an item of it; they may depend
// on all of those, or change them.
func surrogates(o *Operation, names map[string]string) []string {
	var out []string
	add := func(keys ...string) {
		for _, k := range keys {
			if k != "" && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	reads := o.Method == http.MethodGet || o.Method == http.MethodHead
	if o.CRUD != nil {
		table := o.CRUD.Table.Name
		for i, p := range o.Params {
			if slices.ContainsFunc(o.CRUD.Where, func(m Match) bool { return m.Param == p && m.Column == o.CRUD.Table.Key }) {
				if !reads {
					add(table)
				}
				add(fmt.Sprintf("%s/{%d}", table, i))
				return out
			}
		}
		add(table)
		for i, p := range o.Params { // a list is gone with its parent
			if j := slices.IndexFunc(o.CRUD.Where, func(m Match) bool { return m.Param == p }); reads && j >= 0 && o.CRUD.Where[j].Column.Refs != "" {
				add(fmt.Sprintf("%s/{%d}", o.CRUD.Where[j].Column.Refs, i))
			}
		}
		return out
	}
	path, _, _ := strings.Cut(o.Path, "?")
	prefix, params := "", 0
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		holes := strings.Count(segment, "{")
		name := names[prefix]
		if holes > 0 {
			name = surrogateName(prefix, names)
		}
		if add(name); holes > 0 && name != "" {
			add(fmt.Sprintf("%s/{%d}", name, params))
		}
		params += holes
		prefix += "/" + segment
	}
	if !strings.HasSuffix(path, "}") {
		add(surrogateName(prefix, names))
	}
	return out
}

// surrogateName is the name of a collection: that of its table, else its path without
// parameters.
func surrogateName(path string, names map[string]string) string {
	if name := names[path]; name != "" {
		return name
	}
	var parts []string
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if isToken(segment) {
			parts = append(parts, segment)
		}
	}
	return strings.Join(parts, "-")
}
