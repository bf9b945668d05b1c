package generator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apigen-go/apigen/generator/internal/plan"
	"github.com/apigen-go/apigen/generator/internal/spec"
)

// rankRecord is the kind of lock records that number the documents of a project
// with several: "1 admin". A document has its turn by its number wherever it is
// in the list of apigen.yaml, so that no order there, and no document that comes
// later, changes a name. Number 0 is the one that the project began with; the names
// of all others are kept under the name of their document.
const rankRecord = "document"

// rank gives every document its number and its origin. Those without a number
// come after the others; of them, those that were in the project come first.
func (r *run) rank() error {
	known := map[string]int{}
	next := 0
	for _, text := range r.lock.Of(rankRecord) {
		number, name, _ := strings.Cut(text, " ")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || CheckSpecName(name) != nil {
			return r.damaged(fmt.Errorf("damaged record of a document: %q", text))
		}
		known[name], next = n, max(next, n+1)
	}
	alone := len(r.documents) == 1 && len(known) == 0
	newcomers := slices.Clone(r.documents)
	slices.SortStableFunc(newcomers, func(a, b *document) int {
		switch {
		case r.lock.Has(a.path) && !r.lock.Has(b.path):
			return -1
		case r.lock.Has(b.path) && !r.lock.Has(a.path):
			return 1
		}
		return 0
	})
	for _, d := range newcomers {
		n, ok := known[d.label()]
		if !ok {
			n = next
			next++
		}
		d.rank = n
		d.origin = &spec.Origin{Name: d.label(), Base: d.base}
		switch {
		case alone && d.base == "":
			d.origin = nil
		case alone:
			d.origin.Name = "" // there is nothing to tell its names from
		case n > 0:
			d.origin.Key = d.label() + "#"
		}
	}
	return nil
}

// order returns the indexes of the documents by their numbers.
func (r *run) order() []int {
	out := make([]int, len(r.documents))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(r.documents[a].rank, r.documents[b].rank) })
	return out
}

// rankRecords returns the lock records of the documents: none while there has
// been one only. Number 0 stays taken when its document is gone.
func (r *run) rankRecords() []plan.Record {
	before := r.lock.Of(rankRecord)
	if len(r.documents) == 1 && len(before) == 0 {
		return nil
	}
	var out []plan.Record
	for _, d := range r.documents {
		out = append(out, plan.Record{Kind: rankRecord, Text: fmt.Sprintf("%d %s", d.rank, d.label())})
	}
	if len(before) > 0 && !slices.ContainsFunc(r.documents, func(d *document) bool { return d.rank == 0 }) {
		out = append(out, plan.Record{Kind: rankRecord, Text: before[0]})
	}
	return out
}
