package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// newCall samples a valid request. Round 0 carries every optional part.
func (r *runner) newCall(op *spec.Operation, round int) (*call, error) {
	r.seq++
	seed := r.seq*4 + uint64(round%4)
	c := &call{op: op}
	known := r.pool.resolve(op.Path, round)
	names := variables(op.Path)
	for _, p := range op.Parameters {
		if reserved(p) || !p.Required && (round%4 == 1 || vocabulary(p) || round%4 > 1 && (len(p.Name)+round)%2 == 0) {
			continue
		}
		value, ok := "", false
		if i := slices.Index(names, p.Name); p.In == "path" && i >= 0 && i < len(known) {
			value, ok = jsonScalar(p.Schema, known[i])
		}
		if !ok && r.tellsShard(p) {
			value, ok = sampleParam(p, 0) // one client, whose rows are in one place
		}
		if !ok {
			value, ok = sampleParam(p, seed)
		}
		if !ok {
			if p.Required {
				return nil, fmt.Errorf("no sample for parameter %s of %s", p.Name, name(op))
			}
			continue
		}
		c.params = append(c.params, param{Parameter: p, value: value})
	}
	body, err := bodyOf(op, seed)
	if err != nil {
		return nil, err
	}
	if body != nil && body.value != "" && isJSON(body.media) {
		media := pickMedia(op.Body.Content)
		body = newPayload(media.Type, r.refer(media.Schema, body.value))
	}
	c.body = body
	return c, nil
}

// reserved tells the header parameters that OpenAPI says to ignore.
func reserved(p *spec.Parameter) bool {
	return p.In == "header" && slices.Contains([]string{"accept", "content-type", "authorization"}, strings.ToLower(p.Name))
}

// tellsShard tells the parameters outside the path that say where the rows of a
// request are: a header X-Tenant-Id for x-apigen.shard tenantId.
func (r *runner) tellsShard(p *spec.Parameter) bool {
	var ext struct {
		Shard string `json:"shard"`
	}
	v, ok := r.doc.Extensions["x-apigen"]
	if !ok || json.Unmarshal([]byte(v.JSON), &ext) != nil || ext.Shard == "" {
		return false
	}
	name := fold(p.Name)
	return p.In != "path" && p.Required && (name == fold(ext.Shard) || name == "x"+fold(ext.Shard))
}

// vocabulary tells the optional parameters whose values only the service knows:
// a free-form sort order or a page token cannot be made up.
func vocabulary(p *spec.Parameter) bool {
	s := p.Schema
	for s != nil && s.Target != nil {
		s = s.Target
	}
	if s == nil || len(s.Enum) > 0 || !slices.Contains(s.Types, "string") {
		return false
	}
	return slices.Contains([]string{
		"sort", "sortby", "order", "orderby", "cursor", "after", "before", "startingafter", "endingbefore",
		"pagetoken", "fields", "include", "expand",
	}, fold(p.Name))
}

// sampleParam makes up a value that can travel: path segments are not empty.
func sampleParam(p *spec.Parameter, seed uint64) (string, bool) {
	schema := p.Schema
	if schema == nil {
		schema = &spec.Schema{Types: []string{"string"}}
	}
	for offset := range uint64(8) {
		value, ok := model.Sample(schema, model.Request, seed+4*offset)
		if !ok {
			return "", false
		}
		if value != `""` && value != "null" && value != "[]" && value != "{}" {
			return value, true
		}
	}
	return "", false
}

// jsonScalar returns text as a JSON value that is valid under s.
func jsonScalar(s *spec.Schema, text string) (string, bool) {
	quoted, err := json.Marshal(text)
	if err != nil {
		return "", false
	}
	for _, value := range []string{string(quoted), text} {
		if json.Valid([]byte(value)) && (s == nil || model.Valid(s, value, model.Request)) {
			return value, true
		}
	}
	return "", false
}

// pathValues returns the texts of the path parameters in template order.
func (c *call) pathValues() []string {
	var values []string
	for _, n := range variables(c.op.Path) {
		for _, p := range c.params {
			if p.In == "path" && p.Name == n {
				values = append(values, scalarText(p.value))
			}
		}
	}
	return values
}

// at makes a call to op for the resource that values name.
func (r *runner) at(op *spec.Operation, values []string, round int) (*call, error) {
	c, err := r.newCall(op, round)
	if err != nil {
		return nil, err
	}
	for i, n := range variables(op.Path) {
		for j := range c.params {
			if p := &c.params[j]; p.In == "path" && p.Name == n && i < len(values) {
				if value, ok := jsonScalar(p.Schema, values[i]); ok {
					p.value = value
				}
			}
		}
	}
	return c, nil
}
