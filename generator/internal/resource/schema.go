package resource

// schemas are the component schemas of the resource, by name.
func (r *Resource) schemas() object {
	id := object{"type", "string", "format", "uuid", "readOnly", true}
	stamp := func(description string) object {
		return object{"type", "string", "format", "date-time", "readOnly", true, "description", description}
	}
	full, sent, patch := object{"id", id}, object{}, object{}
	always, must := list{"id"}, list{}
	for _, f := range r.Fields {
		name := f.property()
		full = append(full, name, r.annotated(f))
		sent = append(sent, name, r.sent(f))
		patch = append(patch, name, r.patched(f))
		if f.Required || f.Default != "" {
			always = append(always, name)
		}
		if f.Required {
			must = append(must, name)
		}
	}
	full = append(full, "created_at", stamp("When it was created."), "updated_at", stamp("When it was last changed."))
	always = append(always, "created_at", "updated_at")

	fresh := object{"type", "object", "description", "What to send to create or replace " + r.named() + "."}
	if len(must) > 0 {
		fresh = append(fresh, "required", must)
	}
	out := object{
		r.one(), object{"type", "object", "required", always, "properties", full},
		"New" + r.one(), append(fresh, "properties", sent),
		r.one() + "Patch", object{
			"type", "object", "description", "The fields to change (RFC 7396); null empties an optional one.",
			"properties", patch,
		},
		r.one() + "Page", object{
			"type", "object", "required", list{"items", "total", "limit", "offset"},
			"properties", object{
				"items", object{"type", "array", "items", ref("schemas", r.one())},
				"total", object{"type", "integer", "format", "int64", "description", "How many there are in all."},
				"limit", object{"type", "integer", "format", "int32"},
				"offset", object{"type", "integer", "format", "int64"},
			},
		},
	}
	for _, f := range r.Fields {
		if e := f.enum(); e != nil {
			values := list{}
			for _, v := range e.Values {
				values = append(values, v)
			}
			out = append(out, r.enumName(f), object{"type", "string", "enum", values})
		}
	}
	return out
}

// enum is the enum type of the field or of its list items, or nil.
func (f Field) enum() *Type {
	switch {
	case f.Type.Kind == "enum":
		return &f.Type
	case f.Type.Kind == "list" && f.Type.Elem.Kind == "enum":
		return f.Type.Elem
	}
	return nil
}

func (r *Resource) enumName(f Field) string { return r.one() + pascal(f.Name) }

// schema is the bare type of the field, with the bounds it sets.
func (r *Resource) schema(f Field) object {
	switch f.Type.Kind {
	case "enum":
		return ref("schemas", r.enumName(f))
	case "ref":
		return object{"type", "string", "format", "uuid"}
	case "list":
		elem := Field{Name: f.Name, Type: *f.Type.Elem}
		s := object{"type", "array", "items", r.schema(elem)}
		return bounded(s, "minItems", "maxItems", f)
	}
	k, _ := kindOf(f.Type.Kind)
	s := object{}
	if k.typ != "" {
		s = append(s, "type", k.typ)
	}
	if k.format != "" {
		s = append(s, "format", k.format)
	}
	switch {
	case k.name == "decimal":
		s = append(s, "pattern", decimalPattern)
	case k.number:
		s = bounded(s, "minimum", "maximum", f)
	case k.length:
		if k.name == "string" && f.Max == "" {
			f.Max = stringLimit
		}
		s = bounded(s, "minLength", "maxLength", f)
	}
	return s
}

func bounded(s object, low, high string, f Field) object {
	if f.Min != "" {
		s = append(s, low, numeral(f.Min))
	}
	if f.Max != "" {
		s = append(s, high, numeral(f.Max))
	}
	return s
}

// annotated is the schema in answers, which tells the store about references,
// uniqueness and indexes.
func (r *Resource) annotated(f Field) object {
	hints := object{}
	if f.Type.Kind == "ref" {
		hints = append(hints, "ref", r.target[f.Type.Ref])
	}
	if f.Unique {
		hints = append(hints, "unique", true)
	}
	if f.Index {
		hints = append(hints, "index", true)
	}
	s := r.schema(f)
	if len(hints) > 0 {
		s = append(s, "x-apigen", hints)
	}
	return s
}

// sent is the schema in requests that carry the whole resource.
func (r *Resource) sent(f Field) object {
	s := r.schema(f)
	if f.Default == "" {
		return s
	}
	k, _ := kindOf(f.Type.Kind)
	switch {
	case k.number:
		return append(s, "default", numeral(f.Default))
	case k.typ == "boolean":
		return append(s, "default", f.Default == "true")
	}
	return append(s, "default", f.Default)
}

// patched is the schema in a merge patch, where null removes an optional value.
func (r *Resource) patched(f Field) object {
	s := r.schema(f)
	if f.Required || f.Default != "" || f.Type.Kind == "json" {
		return s
	}
	if f.Type.Kind == "enum" {
		return object{"oneOf", list{s, object{"type", "null"}}}
	}
	for i := 0; i < len(s); i += 2 {
		if s[i] == "type" {
			s[i+1] = list{s[i+1], "null"}
		}
	}
	return s
}

// filter is the schema of the query parameter that selects by the field.
func (r *Resource) filter(f Field) object {
	f.Min, f.Max = "", ""
	return r.schema(f)
}

// problemSchemas are RFC 9457 problem details, as the service sends them.
func problemSchemas() object {
	text := func(description string) object {
		return object{"type", "string", "description", description}
	}
	return object{
		"Problem", object{
			"type", "object", "description", "What went wrong (RFC 9457).", "required", list{"title", "status"},
			"properties", object{
				"type", text("A URI that names the kind of problem."),
				"title", text("The kind of problem in a few words."),
				"status", object{"type", "integer", "format", "int32", "description", "The HTTP status."},
				"detail", text("What went wrong this time."),
				"instance", text("A URI that names this occurrence."),
				"errors", object{"type", "array", "description", "Every rule the request breaks.", "items", ref("schemas", "Violation")},
			},
		},
		"Violation", object{
			"type", "object", "required", list{"detail"},
			"properties", object{
				"in", text("Where the value was: body, path, query, header or cookie."),
				"pointer", text("The JSON pointer of the value in the body, or the name of the parameter."),
				"detail", text("The rule it breaks."),
			},
		},
	}
}
