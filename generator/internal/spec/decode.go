package spec

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/diag"
)

// decoder builds the Document from nodes. It reports problems and goes on.
type decoder struct {
	opt     Options
	sources []*source         // the document first
	opened  map[string]int32  // by path
	unread  map[string]lookup // why a source has no root
	total   int               // size of all sources together
	self    *url.URL          // $self
	taken   map[string]bool   // names of schemas

	root  *node
	doc   *Document
	diags diag.List
	v30   bool // version 3.0, or 2.0 converted to it

	converted bool  // from version 2.0
	original  *node // the document before that

	schemas  map[*node]*Schema // every schema decoded or waiting in queue
	queue    []pending
	blame    blame
	callback bool             // what is read now is a callback
	standsIn bool             // a reference stands for an operation
	moved    map[*Schema]bool // what orNull made
	imported []*Schema        // components that came from other files
	order    []*Schema        // all of them, in the order they were met

	defaults []pending // default values, checked at the end

	params  map[*node]*Parameter
	bodies  map[*node]*RequestBody
	answers map[*node]*Response

	targets  map[reference]lookup
	identity *identities // nil until the first use
	strict   bool        // schemas met now are read by the letter of JSON Schema
	guesses  int         // names compared for suggestions so far

	patterns map[string]error  // patterns compiled so far
	ids      map[string]point  // operationIds so far
	often    map[string]*quirk // by message
}

// quirk is a remark that holds in many places of some documents.
type quirk struct {
	hint     string
	severity diag.Severity
	at       []point
}

func (d *decoder) pos(at point) diag.Pos {
	return diag.Pos{File: d.sources[at.file].name, Line: int(at.line), Col: int(at.col)}
}

// seenAt says where something was before, as seen from now.
func (d *decoder) seenAt(before, now point) string {
	if before.file == now.file {
		return fmt.Sprintf("on line %d", before.line)
	}
	return "in " + d.pos(before).String()
}

func (d *decoder) errorf(at point, hint, format string, args ...any) {
	d.fail(d.owner(), d.pos(at), hint, format, args...)
}

func (d *decoder) warnf(at point, hint, format string, args ...any) {
	d.diags.Warnf(d.pos(at), hint, format, args...)
}

// oftenf adds a warning that is given once, for the first of its places.
func (d *decoder) oftenf(at point, hint, format string, args ...any) {
	d.remember(at, diag.Warning, hint, fmt.Sprintf(format, args...))
}

// failOften is oftenf for a mistake.
func (d *decoder) failOften(at point, hint, msg string) {
	severity := diag.Error
	if part := d.owner(); d.opt.SkipUnsupported && part != nil {
		severity = diag.Warning
		d.spoil(part)
	}
	d.remember(at, severity, hint, msg)
}

func (d *decoder) remember(at point, severity diag.Severity, hint, msg string) {
	q := d.often[msg]
	if q == nil {
		q = &quirk{hint: hint, severity: severity}
		d.often[msg] = q
	}
	if severity == diag.Error {
		q.severity = severity
	}
	q.at = append(q.at, at)
}

// flush gives what oftenf and failOften have collected.
func (d *decoder) flush() {
	for msg, q := range d.often {
		slices.SortFunc(q.at, func(a, b point) int {
			return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.col, b.col))
		})
		q.at = slices.Compact(q.at)
		if more := len(q.at) - 1; more > 0 {
			msg = fmt.Sprintf("%s (and %d more like it)", msg, more)
		}
		d.diags = append(d.diags, diag.Diagnostic{Pos: d.pos(q.at[0]), Severity: q.severity, Msg: msg, Hint: q.hint})
	}
}

// isObject reports an error unless n is an object. what says what n should be,
// with its article: "a parameter".
func (d *decoder) isObject(n *node, what string) bool {
	if n.kind == objectNode {
		return true
	}
	d.errorf(n.at, "", "%s must be an object, not %s", what, n.kind)
	return false
}

// object returns the members of the object under key, nil when it is absent.
func (d *decoder) object(n *node, key string) []member {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind != objectNode {
		d.errorf(v.at, "", "%s must be an object, not %s", key, v.kind)
		return nil
	}
	return v.members
}

// list returns the entries of the list under key, nil when it is absent.
func (d *decoder) list(n *node, key string) []*node {
	v := n.get(key)
	if v == nil {
		return nil
	}
	if v.kind != listNode {
		d.errorf(v.at, "", "%s must be a list, not %s", key, v.kind)
		return nil
	}
	return v.items
}

// strings returns the list of strings under key. Numbers and booleans are
// taken as they are written.
func (d *decoder) strings(n *node, key string) []string {
	var out []string
	for _, item := range d.list(n, key) {
		if item.kind == listNode || item.kind == objectNode || item.kind == nullNode {
			d.errorf(item.at, "", "%s must hold strings, not %s", key, item.kind)
			continue
		}
		out = append(out, item.text)
	}
	return out
}

// text returns the string under key. A number or boolean is taken as it is
// written: "version: 1.0" is common.
func (d *decoder) text(n *node, key string) string {
	v := n.get(key)
	if v == nil {
		return ""
	}
	if v.kind == listNode || v.kind == objectNode {
		d.errorf(v.at, "", "%s must be a string, not %s", key, v.kind)
		return ""
	}
	return v.text
}

// note is text for people: of the wrong kind it is dropped with a warning.
func (d *decoder) note(n *node, key string) string {
	v := n.get(key)
	if v == nil {
		return ""
	}
	if v.kind != textNode && v.kind != numberNode {
		d.warnf(v.at, "", "%s must be a string, not %s; it is ignored", key, v.kind)
		return ""
	}
	return v.text
}

// flag returns the boolean under key, false when it is absent.
func (d *decoder) flag(n *node, key string) bool {
	v := n.get(key)
	if v == nil {
		return false
	}
	if v.kind == textNode && (strings.EqualFold(v.text, "true") || strings.EqualFold(v.text, "false")) {
		d.warnf(v.at, "remove the quotes", "%s must be a boolean, not a string", key)
		return strings.EqualFold(v.text, "true")
	}
	if v.kind != boolNode {
		d.errorf(v.at, "", "%s must be true or false, not %s", key, v.kind)
		return false
	}
	return v.text == "true"
}

// value returns the JSON of the node.
func (d *decoder) value(n *node) Value {
	return Value{Pos: d.pos(n.at), JSON: string(n.appendJSON(nil))}
}

// extensions returns the x-… members, nil when there are none.
func (d *decoder) extensions(n *node) map[string]Value {
	var out map[string]Value
	for _, m := range n.members {
		if isExtension(m.key) {
			if out == nil {
				out = map[string]Value{}
			}
			v := d.value(m.value)
			v.Pos = d.pos(m.at)
			out[m.key] = v
		}
	}
	return out
}

func isExtension(key string) bool { return strings.HasPrefix(key, "x-") }

// checkKeys warns about members that look like a misspelt field. Others are
// let through: documents carry fields of other versions and other tools.
func (d *decoder) checkKeys(n *node, what string, known ...string) {
	for _, m := range n.members {
		if isExtension(m.key) || slices.Contains(known, m.key) {
			continue
		}
		if guess := d.nearest(m.key, known); guess != "" && n.find(guess) == nil {
			d.warnf(m.at, "did you mean "+guess+"?", "%s has no field %s; it is ignored", what, m.key)
		}
	}
}
