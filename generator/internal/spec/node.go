package spec

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// kind is the JSON kind of a node.
type kind uint8

const (
	nullNode kind = iota
	boolNode
	numberNode
	textNode
	listNode
	objectNode
)

// String names the kind the way messages do.
func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// point is a place in a document: line and column, counted from 1, and the
// number of its file in decoder.sources.
type point struct{ line, col, file int32 }

// node is a value of the document, whether it was written in YAML or in JSON.
// An object or list that is the value of a member has the place of its key,
// which is where people look for it. Nodes may be shared (YAML aliases) but
// never form a cycle.
type node struct {
	kind    kind
	at      point
	text    string // scalars: the string, or the JSON text
	items   []*node
	members []member
	index   map[string]int // position in members, for big objects only
}

// member is a named value of an object.
type member struct {
	key   string
	at    point
	value *node
	bare  bool // the key is a YAML number, not a string
}

// indexFrom is the number of members from which an object is searched through
// a map instead of one by one.
const indexFrom = 9

// find returns the member with the key, or nil.
func (n *node) find(key string) *member {
	if n.index != nil {
		if i, ok := n.index[key]; ok {
			return &n.members[i]
		}
		return nil
	}
	for i := range n.members {
		if n.members[i].key == key {
			return &n.members[i]
		}
	}
	return nil
}

// get returns the value with the key; nil when it is absent or null.
func (n *node) get(key string) *node {
	m := n.find(key)
	if m == nil || m.value.kind == nullNode {
		return nil
	}
	return m.value
}

// add appends a member. A key that is there already takes the new value and
// the place of the old one is returned.
func (n *node) add(m member) (old point, replaced bool) {
	if was := n.find(m.key); was != nil {
		old = was.at
		*was = m
		return old, true
	}
	n.members = append(n.members, m)
	if n.index != nil {
		n.index[m.key] = len(n.members) - 1
	} else if len(n.members) == indexFrom {
		n.reindex()
	}
	return point{}, false
}

// reindex builds the index anew after the members were moved.
func (n *node) reindex() {
	if len(n.members) < indexFrom {
		return
	}
	n.index = make(map[string]int, 2*len(n.members))
	for i := range n.members {
		n.index[n.members[i].key] = i
	}
}

// textOf returns the text of a scalar member, "" when there is none.
func textOf(n *node, key string) string {
	if n.kind != objectNode {
		return ""
	}
	if v := n.get(key); v != nil {
		return v.text
	}
	return ""
}

// keys returns the keys of the object in order.
func (n *node) keys() []string {
	out := make([]string, len(n.members))
	for i := range n.members {
		out[i] = n.members[i].key
	}
	return out
}

// appendJSON appends the node as compact JSON.
func (n *node) appendJSON(b []byte) []byte {
	switch n.kind {
	case nullNode:
		return append(b, "null"...)
	case boolNode, numberNode:
		return append(b, n.text...)
	case textNode:
		return appendQuoted(b, n.text)
	case listNode:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i := range n.members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, n.members[i].key), ':')
		b = n.members[i].value.appendJSON(b)
	}
	return append(b, '}')
}

// appendQuoted appends s as a JSON string. Invalid UTF-8, which only YAML
// escapes can bring in, becomes the replacement character.
func appendQuoted(b []byte, s string) []byte {
	out, err := jsontext.AppendQuote(b, s)
	if err != nil {
		out, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return out
}

// float returns the number as a float, which is exact enough to compare limits.
func (n *node) float() float64 {
	f, _ := strconv.ParseFloat(n.text, 64) // out of range is ±Inf, which compares right
	return f
}
