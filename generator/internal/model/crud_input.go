package model

import "slices"

// bindInputs says which columns a write fills and from what.
func (r *resource) bindInputs(c *candidate) string {
	fields := map[*Column]*Field{}
	for _, f := range c.body.Fields {
		if f.ReadOnly {
			continue
		}
		col := r.table.column(f.JSON)
		if col == nil {
			return "the property " + f.JSON + " has no column"
		}
		if reason := r.inputReason(c, f, col); reason != "" {
			return reason
		}
		switch {
		case c.fixedByPath(col):
			c.crud.Notes = append(c.crud.Notes, f.JSON+" in the body is not looked at: the path says it.")
		case col == r.table.Key && (c.kind != Create || col.Source == FromSequence):
			c.crud.Notes = append(c.crud.Notes, f.JSON+" in the body is not looked at: a row keeps its key.")
		case col.Source == FromPrincipal: // checkOwner reports it
		case col.Source == FromNow || col.Source == FromTouch:
			c.crud.Notes = append(c.crud.Notes, f.JSON+" in the body is not looked at: the store sets it.")
		default:
			fields[col] = f
		}
	}
	if c.body.Extra != nil {
		return "the request may carry members that have no column"
	}
	insert := c.kind == Create || c.crud.Upsert
	for _, col := range r.table.Columns {
		in := Input{Column: col, Field: fields[col], Keep: r.keeps(c, col), Filled: r.mustAnswer(col)}
		for _, m := range c.crud.Where {
			if insert && m.Column == col {
				in.Param = m.Param
			}
		}
		made := insert && col.Source != FromRequest && col.Source != FromPath && col.Source != FromSequence
		if in.Field != nil || in.Param != nil || made || col.Source == FromTouch {
			c.crud.Inputs = append(c.crud.Inputs, in)
		}
	}
	return ""
}

func (c *candidate) fixedByPath(col *Column) bool {
	return slices.ContainsFunc(c.crud.Where, func(m Match) bool { return m.Column == col })
}

// inputReason tells why a member of a request cannot simply be stored.
func (r *resource) inputReason(c *candidate, f *Field, col *Column) string {
	if f.Rules.Format == "password" || norm(f.JSON) == "password" {
		return "the request carries a password, which must not be stored as it stands"
	}
	kind := columnKind(f.Type)
	same := kind == col.Kind || kind == ColBigint && col.Kind == ColIdentity || col.Source == FromNow || col.Source == FromTouch
	shown := col.Type
	if shown == nil && c.item != nil {
		if g := c.item.field(f.JSON); g != nil {
			shown = g.Type
		}
	}
	if !same || shown != nil && col.Source != FromNow && col.Source != FromTouch && !fits(f.Type, shown) {
		return "the property " + f.JSON + " has one form in the request and another in the answer"
	}
	if f.Nullable && f.Required && c.kind != Create && r.mustAnswer(col) {
		return "the request may set " + f.JSON + " to null, which the answer does not allow"
	}
	return ""
}

// keeps reports whether the column keeps its value when the request leaves the
// member out: in a merge patch always, in a PUT when answers need the value.
func (r *resource) keeps(c *candidate, col *Column) bool {
	return c.kind == Update || c.kind == Replace && !c.crud.Upsert && r.mustAnswer(col)
}
