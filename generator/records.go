package generator

import (
	"strings"

	"github.com/apigen-go/apigen/generator/internal/model"
	"github.com/apigen-go/apigen/generator/internal/plan"
)

// tableRecords returns the lock records of the tables that the database will
// have. The first word of each line is its kind.
func tableRecords(p *model.Project) []plan.Record {
	var out []plan.Record
	for _, line := range model.EncodeTables(p.Kept()) {
		kind, text, _ := strings.Cut(line, " ")
		out = append(out, plan.Record{Kind: kind, Text: text})
	}
	return out
}

// nameRecord is the kind of lock records that hold Go names.
const nameRecord = "name"

// nameRecords returns the lock records of the Go names.
func nameRecords(p *model.Project) []plan.Record {
	var out []plan.Record
	for _, line := range model.EncodeNames(p.Names) {
		out = append(out, plan.Record{Kind: nameRecord, Text: line})
	}
	return out
}

// previousTables returns the tables that the migrations so far make: tables
// first, then their columns, as they were written.
func previousTables(lock *plan.Lock) ([]*model.Table, error) {
	var lines []string
	for _, kind := range []string{"table", "column"} {
		for _, text := range lock.Of(kind) {
			lines = append(lines, kind+" "+text)
		}
	}
	return model.DecodeTables(lines)
}
