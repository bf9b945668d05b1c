package spec

// query is a JSONPath (RFC 9535), ready to be run. It starts at the root, or at
// the current node inside a filter.
type query struct {
	relative bool
	segments []segment
}

// segment selects children, or descendants, of the nodes so far.
type segment struct {
	deep      bool
	selectors []selector
}

// selector is one alternative of a segment.
type selector interface {
	// choose passes on the children of n that are selected.
	choose(root, n *node, yield func(*node))
}

type (
	nameSelector  string
	indexSelector int
	anySelector   struct{}
	sliceSelector struct {
		from, to *int
		step     int
	}
	filterSelector struct{ condition }
)

func (s nameSelector) choose(_, n *node, yield func(*node)) {
	if n.kind != objectNode {
		return
	}
	if m := n.find(string(s)); m != nil {
		yield(m.value)
	}
}

func (s indexSelector) choose(_, n *node, yield func(*node)) {
	i := int(s)
	if i < 0 {
		i += len(n.items)
	}
	if n.kind == listNode && i >= 0 && i < len(n.items) {
		yield(n.items[i])
	}
}

func (anySelector) choose(_, n *node, yield func(*node)) { children(n, yield) }

func (s sliceSelector) choose(_, n *node, yield func(*node)) {
	size := len(n.items)
	if n.kind != listNode || s.step == 0 {
		return
	}
	bound := func(p *int, otherwise, lo, hi int) int {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i += size
		}
		return min(max(i, lo), hi)
	}
	if s.step > 0 {
		for i := bound(s.from, 0, 0, size); i < bound(s.to, size, 0, size); i += s.step {
			yield(n.items[i])
		}
		return
	}
	for i := bound(s.from, size-1, -1, size-1); i > bound(s.to, -1, -1, size-1); i += s.step {
		yield(n.items[i])
	}
}

func (s filterSelector) choose(root, n *node, yield func(*node)) {
	children(n, func(child *node) {
		if s.holds(root, child) {
			yield(child)
		}
	})
}

// children passes on the members or entries of n.
func children(n *node, yield func(*node)) {
	for _, item := range n.items {
		yield(item)
	}
	for _, m := range n.members {
		yield(m.value)
	}
}

// run returns the nodes that the query selects, each once, in order.
func (q *query) run(root, current *node) []*node {
	nodes := []*node{root}
	if q.relative {
		nodes = []*node{current}
	}
	for _, s := range q.segments {
		var next []*node
		seen := map[*node]bool{}
		add := func(n *node) {
			if !seen[n] {
				seen[n] = true
				next = append(next, n)
			}
		}
		var visit func(n *node)
		visit = func(n *node) {
			for _, sel := range s.selectors {
				sel.choose(root, n, add)
			}
			if s.deep {
				children(n, visit)
			}
		}
		for _, n := range nodes {
			visit(n)
		}
		nodes = next
	}
	return nodes
}

// singular reports whether the query selects one node at most.
func (q *query) singular() bool {
	for _, s := range q.segments {
		if s.deep || len(s.selectors) != 1 {
			return false
		}
		switch s.selectors[0].(type) {
		case nameSelector, indexSelector:
		default:
			return false
		}
	}
	return true
}
