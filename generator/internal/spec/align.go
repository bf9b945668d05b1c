package spec

import (
	"cmp"
	"slices"
)

// alignRoot gives the nodes of a converted document the places and the order
// of the 2.0 document they came from.
func alignRoot(root, old *node) {
	align(root, old)
	for _, m := range root.members {
		switch m.key {
		case "components":
			alignComponents(m.value, old)
		case "paths":
			for _, p := range m.value.members {
				if was := old.get("paths").get(p.key); was != nil && was.kind == objectNode {
					alignPath(p.value, was)
				}
			}
		}
	}
}

// align puts n where old is, and its parts where the parts of the same name
// are. What old has not got is where n is.
func align(n, old *node) {
	n.at = old.at
	if n.kind == listNode {
		for i, item := range n.items {
			if old.kind == listNode && i < len(old.items) {
				align(item, old.items[i])
			} else {
				spread(item, old.at)
			}
		}
		return
	}
	order := make(map[string]int, len(old.members))
	for i, m := range old.members {
		order[m.key] = i
	}
	for i := range n.members {
		m := &n.members[i]
		if at, ok := order[m.key]; ok {
			m.at = old.members[at].at
			align(m.value, old.members[at].value)
		} else {
			m.at = old.at
			spread(m.value, old.at)
		}
	}
	rank := func(m member) int {
		if i, ok := order[m.key]; ok {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(n.members, func(a, b member) int { return cmp.Compare(rank(a), rank(b)) })
	n.reindex()
}

// spread puts n and all of its parts at one place.
func spread(n *node, at point) {
	n.at = at
	for _, item := range n.items {
		spread(item, at)
	}
	for i := range n.members {
		n.members[i].at = at
		spread(n.members[i].value, at)
	}
}

func alignComponents(c, old *node) {
	for i := range c.members {
		m := &c.members[i]
		from := map[string]string{
			"schemas": "definitions", "parameters": "parameters", "requestBodies": "parameters",
			"responses": "responses", "securitySchemes": "securityDefinitions",
		}[m.key]
		was := old.get(from)
		if was == nil || was.kind != objectNode {
			continue
		}
		m.at = was.at
		align(m.value, was)
		for _, entry := range m.value.members {
			o := was.get(entry.key)
			if o == nil {
				continue
			}
			switch m.key {
			case "parameters":
				alignParameter(entry.value, o)
			case "requestBodies":
				alignContent(entry.value, o)
			case "responses":
				alignResponse(entry.value, o)
			}
		}
	}
}

func alignPath(item, old *node) {
	alignParameters(item, old)
	for _, m := range item.members {
		was := old.get(m.key)
		if was == nil || was.kind != objectNode || m.value.kind != objectNode {
			continue
		}
		alignParameters(m.value, was)
		if b := m.value.get("requestBody"); b != nil {
			alignBody(b, was)
		}
		responses, wasResponses := m.value.get("responses"), was.get("responses")
		if responses == nil || wasResponses == nil {
			continue
		}
		for _, r := range responses.members {
			if o := wasResponses.get(r.key); o != nil {
				alignResponse(r.value, o)
			}
		}
	}
}

// alignParameters pairs the parameters of n and old by reference, or place and
// name: the body is no longer among them.
func alignParameters(n, old *node) {
	params, was := n.get("parameters"), old.get("parameters")
	if params == nil || was == nil {
		return
	}
	for _, p := range params.items {
		for _, o := range was.items {
			if textOf(p, "name") == textOf(o, "name") && textOf(p, "in") == textOf(o, "in") &&
				lastToken(textOf(p, "$ref")) == lastToken(textOf(o, "$ref")) {
				alignParameter(p, o)
				break
			}
		}
	}
}

func textOf(n *node, key string) string {
	if v := n.get(key); v != nil {
		return v.text
	}
	return ""
}

// alignParameter handles parameters and headers: in 2.0 the keywords of the
// schema are on the parameter itself.
func alignParameter(p, old *node) {
	align(p, old)
	if s := p.get("schema"); s != nil && old.get("schema") == nil {
		align(s, old)
	}
}

// alignBody pairs a request body with the body or form parameters it is from.
func alignBody(body, old *node) {
	params := old.get("parameters")
	if params == nil {
		return
	}
	for _, o := range params.items {
		switch textOf(o, "in") {
		case "body":
			spread(body, o.at)
			alignContent(body, o)
			return
		case "formData":
			alignField(body, o)
		}
	}
}

// alignField puts one property of a form where its parameter is.
func alignField(body, old *node) {
	content := body.get("content")
	if content == nil {
		return
	}
	for _, m := range content.members {
		s := m.value.get("schema")
		if s == nil || s.get("properties") == nil {
			continue
		}
		if p := s.get("properties").find(textOf(old, "name")); p != nil {
			p.at = old.at
			align(p.value, old)
		}
	}
}

// alignContent puts the schemas of all media types where the one of old is.
func alignContent(n, old *node) {
	content, schema := n.get("content"), old.get("schema")
	if content == nil || schema == nil {
		return
	}
	for _, m := range content.members {
		if s := m.value.get("schema"); s != nil {
			align(s, schema)
		}
	}
}

func alignResponse(r, old *node) {
	align(r, old)
	alignContent(r, old)
	headers, was := r.get("headers"), old.get("headers")
	if headers == nil || was == nil {
		return
	}
	for _, h := range headers.members {
		if o := was.get(h.key); o != nil {
			alignParameter(h.value, o)
		}
	}
}
