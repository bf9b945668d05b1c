package model

import "strings"

// shapeAnswers reads the success answer and the body of every candidate; those
// that do not look like rows of a table are dropped with a reason.
func shapeAnswers(sites []*site) {
	for _, s := range sites {
		for _, c := range clone(s.members) {
			if reason := c.shape(); reason != "" {
				s.drop(c, reason)
			}
		}
	}
	for _, s := range sites {
		for _, c := range s.members {
			s.lists = s.lists || c.kind == List
		}
		s.items = false
		for _, c := range s.members {
			s.items = s.items || c.key != nil
		}
	}
	for _, s := range sites {
		for _, c := range clone(s.members) {
			if reason := c.placeReason(); reason != "" {
				s.drop(c, reason)
			}
		}
	}
}

func clone[T any](list []T) []T { return append([]T(nil), list...) }

// placeReason tells why an operation that looks like CRUD is none where it stands.
func (c *candidate) placeReason() string {
	s := c.site
	if o := s.over; o != nil && !s.items && (o.items || o.lists) {
		return "/" + s.noun() + " is a view or an action on " + o.base
	}
	if c.kind == Create && !s.items && !s.lists {
		return "nothing lists or reads what it creates"
	}
	return ""
}

func (c *candidate) shape() string {
	if c.success = c.pickSuccess(); c.success == nil {
		return "declares no success answer that a table can give"
	}
	for _, h := range c.success.Headers {
		if h.Required {
			return "the answer requires the header " + h.Wire + ", which nothing supplies"
		}
	}
	if reason := c.shapeBody(); reason != "" {
		return reason
	}
	b := c.success.Body
	if b == nil {
		if c.kind == List || c.kind == Get {
			return "the answer has no content"
		}
		return ""
	}
	if b.Kind != JSONBody || b.Type == nil {
		return "the answer is " + b.Media + ", not JSON"
	}
	if c.kind == List {
		return c.shapeList(b)
	}
	if b.Nullable || b.Type.Kind != Struct {
		return "the answer is not one JSON object"
	}
	c.item, c.wrap = unwrap(b.Type)
	return ""
}

// pickSuccess chooses the answer that fits the kind best.
func (c *candidate) pickSuccess() *Success {
	order := []int{200, 203}
	switch c.kind {
	case Create:
		order = []int{201, 200, 204}
	case Replace, Update:
		order = []int{200, 204, 201}
	case Delete:
		order = []int{204, 200}
	}
	for _, status := range order {
		for _, s := range c.op.Successes {
			if s.Status == status {
				return s
			}
		}
	}
	return nil
}

func (c *candidate) shapeBody() string {
	b := c.op.Body
	switch c.kind {
	case List, Get, Delete:
		if b != nil && b.Required {
			return "a " + c.op.Method + " with a body is no plain " + string(c.kind)
		}
		return ""
	}
	switch {
	case b == nil:
		return "the request has no body"
	case b.Kind != JSONBody && b.Kind != FormBody || b.Type == nil:
		return "the request body is " + b.Media + ", not JSON"
	case b.Nullable || b.Type.Kind != Struct:
		return "the request body is not one JSON object"
	}
	if c.body, c.wrapper = unwrap(b.Type); c.wrapper != nil && !c.wrapper.Required {
		c.body, c.wrapper = b.Type, nil
	}
	return ""
}

// unwrap looks through {"article": {…}}: an object whose only member is an object.
func unwrap(t *Type) (*Type, *Field) {
	if len(t.Fields) != 1 || t.Extra != nil {
		return t, nil
	}
	f := t.Fields[0]
	if f.Type.Kind != Struct || f.Nullable || f.Boxed || f.Type == t || len(f.Type.Fields) == 0 {
		return t, nil
	}
	return f.Type, f
}

var itemsNames = map[string]bool{
	"data": true, "items": true, "results": true, "records": true, "values": true, "value": true, "list": true,
	"content": true, "rows": true, "entries": true, "elements": true, "objects": true, "resources": true,
}

func (c *candidate) shapeList(b *Body) string {
	c.rows = &Rows{}
	if b.Nullable {
		return "the answer may be null"
	}
	if b.Type.Kind == Slice {
		return c.shapeItems(b.Type)
	}
	if b.Type.Kind != Struct {
		return "the answer is not a list"
	}
	items := c.itemsField(b.Type)
	if items == nil {
		return "the answer is a single object, not a list of objects"
	}
	if items.Nullable || items.Boxed {
		return "the list in the answer may be null"
	}
	c.rows.Envelope, c.rows.Items = b.Type, items
	return c.shapeItems(items.Type)
}

func (c *candidate) shapeItems(t *Type) string {
	if t.Elem == nil || t.Elem.Kind != Struct {
		return "the answer is not a list of objects"
	}
	if t.ElemNullable {
		return "the items of the list may be null"
	}
	c.item = t.Elem
	return ""
}

// itemsField finds the member of an envelope that holds the rows: the only list
// of objects, or the one with a usual name.
func (c *candidate) itemsField(t *Type) *Field {
	var lists []*Field
	var named *Field
	noun := norm(c.site.noun())
	for _, f := range t.Fields {
		if f.Type.Kind != Slice {
			continue
		}
		if f.Type.Elem != nil && f.Type.Elem.Kind == Struct {
			lists = append(lists, f)
		}
		if n := norm(f.JSON); named == nil && (itemsNames[n] || n == noun || strings.HasSuffix(noun, n)) {
			named = f
		}
	}
	if named != nil {
		return named
	}
	if len(lists) != 1 {
		return nil
	}
	for _, f := range t.Fields {
		if f != lists[0] && roleOf(f.JSON, lists[0].JSON) == "" && metaNames[norm(f.JSON)] == "" {
			return nil
		}
	}
	return lists[0]
}

// norm makes names comparable: "book_id", "bookId" and "BookID" are one.
func norm(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r >= 0x80:
			return r
		}
		return -1
	}, name)
}
