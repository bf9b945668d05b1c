package model

import (
	"slices"
	"strings"
)

// site is a collection path with everything that hangs directly on it: "/books"
// and "/books/{id}" are one site.
type site struct {
	base     string // path with its parameters made anonymous: "/authors/{}/books"
	segments []string
	items    bool // some operation addresses one row
	lists    bool
	parent   *site // site whose item path this one hangs on
	over     *site // site whose collection path this one extends by a word
	members  []*candidate
	shadows  map[*Operation]bool // operations that take the requests of another one, too
}

// candidate is an operation that may turn out to be plainly CRUD.
type candidate struct {
	op      *Operation
	kind    CRUDKind
	site    *site
	success *Success
	item    *Type  // struct of one row in the answer, nil: no content
	wrap    *Field // member of the answer that holds the item
	rows    *Rows  // List: envelope and items
	body    *Type  // struct of one row in the request
	wrapper *Field // member of the request body that holds it
	key     *Param // path parameter that names the row, nil on a collection
	crud    *CRUD
}

// findSites sorts the operations by the collection they belong to. An operation
// whose path or method alone rules it out gets its Stub reason here.
func findSites(ops []*Operation) []*site {
	byBase := map[string]*site{}
	var sites []*site
	for _, op := range ops {
		segments, isItem, reason := splitPath(op.Path)
		switch {
		case skipped(op):
			reason = "x-apigen.skip is set"
		case op.Shadow != nil:
			reason = op.Shadow.Method + " " + op.Shadow.Path + " takes all of its requests"
		}
		if reason != "" {
			op.Stub = reason
			continue
		}
		if isItem {
			segments = segments[:len(segments)-1]
		}
		base := "/" + strings.Join(anonymous(segments), "/")
		s := byBase[base]
		if s == nil {
			s = &site{base: base, segments: segments, shadows: map[*Operation]bool{}}
			byBase[base] = s
			sites = append(sites, s)
		}
		kind, reason := kindOf(op.Method, isItem)
		switch {
		case op.Accept != "":
			reason = "the answer may have one of several media types"
		case op.Body != nil && len(op.Body.Others) > 0:
			reason = "the request body may have one of several media types"
		case slices.ContainsFunc(op.Params, func(p *Param) bool { return p.In == InPath && !p.Type.Scalar() }):
			reason = "a path parameter is more than a scalar"
		}
		if reason != "" {
			op.Stub = reason
			continue
		}
		c := &candidate{op: op, kind: kind, site: s}
		if isItem {
			c.key = lastPathParam(op)
			s.items = true
		}
		s.members = append(s.members, c)
	}
	for _, s := range sites {
		s.parent = parentOf(s.segments, byBase)
		if n := len(s.segments); n > 1 {
			s.over = byBase["/"+strings.Join(anonymous(s.segments[:n-1]), "/")]
		}
	}
	for _, op := range ops {
		for _, s := range sites {
			if op.Shadow != nil {
				s.shadows[op.Shadow] = true
			}
		}
	}
	for _, s := range sites {
		if len(s.members) == 1 && s.members[0].kind == Create && s.parent != nil {
			s.drop(s.members[0], "POST "+s.members[0].op.Path+" is an action on one of "+s.parent.base)
		}
	}
	return sites
}

// splitPath cuts a path template into segments and tells whether the last one is
// a parameter. Paths that no table can answer for give a reason.
func splitPath(path string) (segments []string, isItem bool, reason string) {
	if base, _ := cutPath(path); base != path || strings.Contains(path, "{+") {
		return nil, false, "the path does not name one table"
	}
	segments = strings.Split(strings.Trim(path, "/"), "/")
	if segments[0] == "" {
		return nil, false, "the path is the root, not a collection"
	}
	for _, s := range segments {
		if strings.Contains(s, "{") && !isParam(s) {
			return nil, false, "the path has a parameter that is only part of a segment"
		}
	}
	n := len(segments)
	if !isParam(segments[n-1]) {
		return segments, false, ""
	}
	if n == 1 || isParam(segments[n-2]) {
		return nil, false, "the last path parameter does not follow the name of a collection"
	}
	return segments, true, ""
}

func isParam(segment string) bool {
	return strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") &&
		strings.Count(segment, "{") == 1
}

func anonymous(segments []string) []string {
	out := make([]string, len(segments))
	for i, s := range segments {
		if out[i] = s; isParam(s) {
			out[i] = "{}"
		}
	}
	return out
}

// parentOf returns the site whose items the path goes through last.
func parentOf(segments []string, byBase map[string]*site) *site {
	for i := len(segments) - 1; i > 0; i-- {
		if !isParam(segments[i]) {
			continue
		}
		if isParam(segments[i-1]) {
			return nil // two parameters in a row name no single row
		}
		return byBase["/"+strings.Join(anonymous(segments[:i]), "/")]
	}
	return nil
}

func kindOf(method string, isItem bool) (CRUDKind, string) {
	switch {
	case method == "GET" && !isItem:
		return List, ""
	case method == "POST" && !isItem:
		return Create, ""
	case method == "GET":
		return Get, ""
	case method == "PUT" && isItem:
		return Replace, ""
	case method == "PATCH" && isItem:
		return Update, ""
	case method == "DELETE" && isItem:
		return Delete, ""
	case method == "POST":
		return "", "POST on a single item is an action"
	case isItem:
		return "", method + " is not an operation on a table"
	}
	return "", method + " on a path without an id addresses no single row"
}

func lastPathParam(op *Operation) *Param {
	names := pathNames(op.Path)
	return pathParam(op, names[len(names)-1])
}

func pathParam(op *Operation, wire string) *Param {
	for _, p := range op.Params {
		if p.In == InPath && p.Wire == wire {
			return p
		}
	}
	return nil
}

// noun returns the last word of the collection path: "books".
func (s *site) noun() string { return s.segments[len(s.segments)-1] }

// drop takes an operation out and records why.
func (s *site) drop(c *candidate, reason string) {
	c.op.Stub, c.crud = reason, nil
	kept := s.members[:0]
	for _, m := range s.members {
		if m != c {
			kept = append(kept, m)
		}
	}
	s.members = kept
}
