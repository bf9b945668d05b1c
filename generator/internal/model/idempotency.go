package model

import (
	"fmt"
	"slices"
	"strings"
)

// keyHeader is the header field of draft-ietf-httpapi-idempotency-key-header.
const keyHeader = "Idempotency-Key"

// keysTable is the table that keeps the answers to requests with a key.
const keysTable = "idempotency_keys"

// Once says that an operation answers a request with an Idempotency-Key once.
type Once struct {
	Required bool // requests without one are refused
}

// keys decides which operations take keys: those that declare the header field, or
// every POST and PATCH where none does. detect turns the feature on where the
// document declares it.
func (b *builder) keys(detect bool) {
	declared := slices.ContainsFunc(b.p.Operations, func(o *Operation) bool { return keyParam(o) != nil })
	f := &b.p.Features
	f.Idempotency = f.Idempotency || detect && declared
	if !f.Store || !f.Idempotency {
		f.Idempotency = false
		b.unkept()
		return
	}
	f.Idempotency = false
	for _, o := range b.p.Operations {
		param := keyParam(o)
		switch {
		case o.Shadow != nil, param == nil && (declared || o.Method != "POST" && o.Method != "PATCH"):
		case o.Streams():
			if param != nil {
				b.diags.Warnf(param.Pos, "", "%s %s answers with a stream, which is not kept: the handler gets the %s and nothing else comes of it",
					o.Method, o.Path, keyHeader)
			}
		default:
			o.Once = &Once{Required: param != nil && param.Required}
			f.Idempotency = true
		}
	}
	if i := slices.IndexFunc(b.p.Tables, func(t *Table) bool { return t.Name == keysTable }); i >= 0 && f.Idempotency {
		b.diags.Errorf(b.p.Tables[i].Pos, `name another one with "x-apigen: {table: NAME}" in the schema of the rows`,
			"the table %s is that of the feature idempotency", keysTable)
	}
}

// unkept says so when a document has keys and the project does nothing with them.
func (b *builder) unkept() {
	for _, o := range b.p.Operations {
		if p := keyParam(o); p != nil && b.p.Features.Store {
			b.diags.Warnf(p.Pos, "add idempotency to the features in apigen.yaml", "nothing keeps answers by %s: a request that comes twice is done twice", keyHeader)
			return
		}
	}
}

func keyParam(o *Operation) *Param {
	for _, p := range o.Params {
		if p.In == InHeader && strings.EqualFold(p.Wire, keyHeader) {
			return p
		}
	}
	return nil
}

// KeysMigration returns the file name and the text of the migration that makes the
// table of the keys, and "" when there is one already or none is needed.
func (p *Project) KeysMigration() (name, text string) {
	if !p.Features.Idempotency || findTable(p.Previous, keysTable) != nil {
		return "", ""
	}
	number := p.Migrations + 1
	if before, _ := p.Migration(); before != "" {
		number++
	}
	t := newKeysTable()
	return fmt.Sprintf("%05d_%s.sql", number, keysTable),
		"-- +goose Up\n" + createTable(t, nil) + "\n" + createIndexes(t) + "\n-- +goose Down\nDROP TABLE " + t.SQL() + ";\n"
}

// newKeysTable is the table of the keys. To the document it is one that is gone.
func newKeysTable() *Table {
	t := &Table{Name: keysTable, Gone: true, Columns: []*Column{
		{Name: "id", Kind: ColText},
		{Name: "fingerprint", Kind: ColText},
		{Name: "status", Kind: ColBigint},
		{Name: "header", Kind: ColText},
		{Name: "body", Kind: ColBytes},
		{Name: "expires_at", Kind: ColTime, Index: true},
	}}
	t.Key = t.Columns[0]
	return t
}
