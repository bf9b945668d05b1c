package codec

import "github.com/apigen-go/apigen/templates/project/internal/problem"

// Schema checks a JSON value against rules that Go types cannot express. The
// pointers of the violations start at the value.
type Schema interface {
	Violations(value []byte) []problem.Violation
	TextViolations(value []byte) []problem.Violation // of a value whose scalars are all texts
}

// Check reads the next value with read when it is valid under s. Otherwise it
// reports the violations and passes the value over.
func (d *Decoder) Check(s Schema, read func(*Decoder)) {
	if (d.trusted || d.checked) && !d.trial || d.lenient {
		read(d)
		return
	}
	raw, ok := d.Value()
	if !ok {
		return
	}
	validate := s.Violations
	if d.text {
		validate = s.TextViolations
	}
	if faults := validate(raw); len(faults) > 0 {
		d.violate(faults)
		return
	}
	sub := d.sub(raw)
	defer sub.free()
	sub.checked = true
	read(sub)
	d.adopt(sub)
}

// Check reports what is wrong with a value under s, for values that come as text.
func Check[T any](c *Request, s Schema, v T) {
	if text, err := marshal(v); err == nil {
		c.violate(s.Violations(text))
	}
}

// violate adds violations whose pointers start at the present place.
func (c *Checker) violate(faults []problem.Violation) {
	in, pointer := c.at.place()
	for _, f := range faults {
		if len(c.faults) >= maxViolations {
			return
		}
		f.In, f.Pointer = in, pointer+f.Pointer
		c.faults = append(c.faults, f)
	}
}
