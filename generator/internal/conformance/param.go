package conformance

import (
	"encoding/json"
	"net/url"
	"strings"
)

// jsonMember is a member of a JSON object, in the order of the text.
type jsonMember struct {
	name  string
	value json.RawMessage
}

// members returns the members of a JSON object, nil for other values.
func members(text string) []jsonMember {
	dec := json.NewDecoder(strings.NewReader(text))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil
	}
	var list []jsonMember
	for dec.More() {
		tok, err := dec.Token()
		name, ok := tok.(string)
		var value json.RawMessage
		if err != nil || !ok || dec.Decode(&value) != nil {
			return nil
		}
		list = append(list, jsonMember{name, value})
	}
	return list
}

// items returns the items of a JSON array; ok is false for other values.
func items(text string) (list []json.RawMessage, ok bool) {
	if !strings.HasPrefix(strings.TrimSpace(text), "[") || json.Unmarshal([]byte(text), &list) != nil {
		return nil, false
	}
	return list, true
}

// scalarText returns a JSON scalar as parameters carry it: strings without
// quotes, null as nothing.
func scalarText(value string) string {
	var s string
	switch {
	case value == "null":
		return ""
	case json.Unmarshal([]byte(value), &s) == nil:
		return s
	}
	return value
}

// parts returns the texts a parameter is made of: the items of an array, names
// and values of an object in turn, or the scalar alone.
func (p *param) parts() (texts []string, object bool) {
	if p.text != "" {
		return []string{p.text}, false
	}
	if list, ok := items(p.value); ok {
		for _, item := range list {
			texts = append(texts, scalarText(string(item)))
		}
		return texts, false
	}
	if list := members(p.value); list != nil {
		for _, m := range list {
			texts = append(texts, m.name, scalarText(string(m.value)))
		}
		return texts, true
	}
	return []string{scalarText(p.value)}, false
}

// simple is the style of headers, and the default in paths.
func (p *param) simple() string {
	if p.Content != "" && p.text == "" {
		return p.value
	}
	texts, object := p.parts()
	return p.join(texts, object, ",")
}

func (p *param) join(texts []string, object bool, sep string) string {
	if !object || !p.Explode {
		return strings.Join(texts, sep)
	}
	var pairs []string
	for i := 0; i+1 < len(texts); i += 2 {
		pairs = append(pairs, texts[i]+"="+texts[i+1])
	}
	return strings.Join(pairs, sep)
}

// inPath returns the percent-encoded text of a path parameter.
func (p *param) inPath() string {
	texts, object := p.parts()
	for i := range texts {
		texts[i] = url.PathEscape(texts[i])
	}
	sep := ","
	switch {
	case p.Style == "label" && p.Explode:
		sep = "."
	case p.Style == "matrix" && p.Explode:
		sep = ";"
	}
	s := p.join(texts, object, sep)
	switch p.Style {
	case "label":
		return "." + s
	case "matrix":
		if !p.Explode || !object && len(texts) == 1 {
			return ";" + p.Name + "=" + s
		}
		if object {
			return ";" + s
		}
		return ";" + p.Name + "=" + strings.ReplaceAll(s, ";", ";"+p.Name+"=")
	}
	if p.Content != "" && p.text == "" {
		return url.PathEscape(p.value)
	}
	return s
}

// inQuery returns the encoded name=value pairs of a query parameter.
func (p *param) inQuery() []string {
	pair := func(name, value string) string { return url.QueryEscape(name) + "=" + url.QueryEscape(value) }
	if p.Content != "" && p.text == "" {
		return []string{pair(p.Name, p.value)}
	}
	texts, object := p.parts()
	var pairs []string
	switch {
	case p.Style == "deepObject" && object:
		for i := 0; i+1 < len(texts); i += 2 {
			pairs = append(pairs, pair(p.Name+"["+texts[i]+"]", texts[i+1]))
		}
	case p.Explode && object:
		for i := 0; i+1 < len(texts); i += 2 {
			pairs = append(pairs, pair(texts[i], texts[i+1]))
		}
	case p.Explode:
		for _, text := range texts {
			pairs = append(pairs, pair(p.Name, text))
		}
	default:
		sep := map[string]string{"spaceDelimited": "%20", "pipeDelimited": "%7C"}[p.Style]
		if sep == "" {
			sep = ","
		}
		for i := range texts {
			texts[i] = url.QueryEscape(texts[i])
		}
		pairs = []string{url.QueryEscape(p.Name) + "=" + strings.Join(texts, sep)}
	}
	return pairs
}
