package spec

import (
	"regexp"
	"strconv"
	"unicode/utf8"
)

// condition is what a filter of a JSONPath asks of a node.
type condition interface {
	holds(root, current *node) bool
}

// operand is a value in a filter; it is nil where there is none.
type operand interface {
	value(root, current *node) *node
}

type (
	orCondition  []condition
	andCondition []condition
	notCondition struct{ condition }

	existence  struct{ query *query }
	comparison struct {
		left, right operand
		operator    string
	}
	patternMatch struct {
		text, pattern operand
		whole         bool
	}

	literal    struct{ node *node }
	only       struct{ query *query } // the one node that a query selects
	lengthCall struct{ of operand }
	countCall  struct{ query *query }
)

func (c orCondition) holds(root, current *node) bool {
	for _, part := range c {
		if part.holds(root, current) {
			return true
		}
	}
	return false
}

func (c andCondition) holds(root, current *node) bool {
	for _, part := range c {
		if !part.holds(root, current) {
			return false
		}
	}
	return true
}

func (c notCondition) holds(root, current *node) bool { return !c.condition.holds(root, current) }

func (c existence) holds(root, current *node) bool { return len(c.query.run(root, current)) > 0 }

func (c comparison) holds(root, current *node) bool {
	l, r := c.left.value(root, current), c.right.value(root, current)
	switch c.operator {
	case "==":
		return alike(l, r)
	case "!=":
		return !alike(l, r)
	case "<":
		return less(l, r)
	case ">":
		return less(r, l)
	case "<=":
		return less(l, r) || alike(l, r)
	}
	return less(r, l) || alike(l, r)
}

func (c patternMatch) holds(root, current *node) bool {
	text, pattern := c.text.value(root, current), c.pattern.value(root, current)
	if text == nil || pattern == nil || text.kind != textNode || pattern.kind != textNode {
		return false
	}
	expr := pattern.text
	if c.whole {
		expr = `\A(?:` + expr + `)\z`
	}
	re, err := regexp.Compile(expr)
	return err == nil && re.MatchString(text.text)
}

func (o literal) value(_, _ *node) *node { return o.node }

func (o only) value(root, current *node) *node {
	if found := o.query.run(root, current); len(found) == 1 {
		return found[0]
	}
	return nil
}

func (o lengthCall) value(root, current *node) *node {
	n := o.of.value(root, current)
	switch {
	case n == nil:
		return nil
	case n.kind == textNode:
		return count(utf8.RuneCountInString(n.text))
	case n.kind >= listNode:
		return count(len(n.items) + len(n.members))
	}
	return nil
}

func (o countCall) value(root, current *node) *node { return count(len(o.query.run(root, current))) }

func count(n int) *node { return &node{kind: numberNode, text: strconv.Itoa(n)} }

// alike reports whether two values are equal; nothing equals nothing only.
func alike(a, b *node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.kind != b.kind || len(a.items) != len(b.items) || len(a.members) != len(b.members) {
		return false
	}
	if a.kind == numberNode {
		return a.text == b.text || a.float() == b.float()
	}
	for i, item := range a.items {
		if !alike(item, b.items[i]) {
			return false
		}
	}
	for _, m := range a.members {
		if o := b.find(m.key); o == nil || !alike(m.value, o.value) {
			return false
		}
	}
	return a.text == b.text
}

// less compares numbers with numbers and strings with strings.
func less(a, b *node) bool {
	switch {
	case a == nil || b == nil || a.kind != b.kind:
		return false
	case a.kind == numberNode:
		return a.float() < b.float()
	}
	return a.kind == textNode && a.text < b.text
}
