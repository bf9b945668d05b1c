package spec

import (
	"slices"
	"strings"
)

// XML is the xml object of a schema: how its values are written as XML.
type XML struct {
	Name      string // of the element or attribute, "" when the document has none
	Namespace string // "" when the document has none
	Prefix    string // likewise
	Node      string // element, attribute, text, cdata or none; "" when the document does not say
}

// nodeTypes are the values of nodeType.
var nodeTypes = []string{"element", "attribute", "text", "cdata", "none"}

// xml decodes the xml object of a schema, nil when there is none. attribute and
// wrapped are what OpenAPI before 3.2 calls two of the node types. It only
// describes another notation, so nothing in it is an error.
func (d *decoder) xml(n *node) *XML {
	v := n.get("xml")
	if v == nil {
		return nil
	}
	if v.kind != objectNode {
		d.warnf(v.at, "", "xml must be an object, not %s; it is ignored", v.kind)
		return nil
	}
	d.checkKeys(v, "xml", "name", "namespace", "prefix", "attribute", "wrapped", "nodeType")
	x := &XML{Name: d.note(v, "name"), Namespace: d.note(v, "namespace"), Prefix: d.note(v, "prefix"), Node: d.note(v, "nodeType")}
	if prefix, name, ok := strings.Cut(x.Name, ":"); ok {
		x.Prefix, x.Name = prefix, name
	}
	set := func(key string) bool { f := v.get(key); return f != nil && strings.EqualFold(f.text, "true") }
	switch {
	case x.Node != "" && !slices.Contains(nodeTypes, x.Node):
		d.warnf(v.get("nodeType").at, d.oneOf(x.Node, nodeTypes...), "unknown node type %s; it is ignored", x.Node)
		x.Node = ""
	case x.Node != "":
	case set("attribute"):
		x.Node = "attribute"
	case set("wrapped"):
		x.Node = "element"
	}
	return x
}
