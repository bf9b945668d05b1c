package resource

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object is a YAML mapping whose members keep their order: key, value, key, …
// A value is a string, an int, a bool, a number, an object or a list.
type object []any

// list is a YAML sequence.
type list []any

// numeral is a JSON number, written as it stands.
type numeral string

// node turns a tree of objects into YAML nodes.
func node(v any) *yaml.Node {
	scalar := func(tag, text string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
	}
	switch v := v.(type) {
	case string:
		return scalar("!!str", v)
	case int:
		return scalar("!!int", strconv.Itoa(v))
	case bool:
		return scalar("!!bool", strconv.FormatBool(v))
	case numeral:
		if strings.Contains(string(v), ".") {
			return scalar("!!float", string(v))
		}
		return scalar("!!int", string(v))
	case object:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, m := range v {
			n.Content = append(n.Content, node(m))
		}
		return n
	case list:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		plain := true
		for _, e := range v {
			c := node(e)
			plain = plain && c.Kind == yaml.ScalarNode
			n.Content = append(n.Content, c)
		}
		if plain && len(v) < 40 {
			n.Style = yaml.FlowStyle
		}
		return n
	}
	panic(fmt.Sprintf("resource: no YAML for %T", v))
}

// write prints the document, with a blank line above each section and path.
func write(doc object) ([]byte, error) {
	var raw bytes.Buffer
	enc := yaml.NewEncoder(&raw)
	enc.SetIndent(2)
	if err := enc.Encode(node(doc)); err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	var out bytes.Buffer
	prev := ""
	for line := range strings.Lines(raw.String()) {
		section := !strings.HasPrefix(line, " ") && strings.HasSuffix(line, ":\n")
		entry := strings.HasPrefix(line, "  ") && len(line) > 2 && line[2] != ' ' && strings.HasSuffix(line, ":\n")
		if out.Len() > 0 && (section || entry && strings.HasPrefix(prev, "   ")) {
			out.WriteByte('\n')
		}
		out.WriteString(line)
		prev = line
	}
	return out.Bytes(), nil
}
