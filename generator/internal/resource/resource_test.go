package resource

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "rewrite the golden documents")

var shop = []string{
	"author name:string!:unique:max=100 born:date",
	"book title:string! price:decimal isbn:string:unique author:ref(author)! status:enum(draft|published):default=draft tags:list(string):max=10",
	"review book:ref(book)! rating:int!:min=1:max=5 comment:text verified:bool:default=false extra:json",
}

func TestDocumentGolden(t *testing.T) {
	all, errs := Parse(shop, false)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	got, err := Document("Bookshop", all)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/shop.yaml", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("document differs from testdata/shop.yaml; run with -update and look at the diff:\n%s", got)
	}
	valid(t, got)
}

func valid(t *testing.T, doc []byte) {
	t.Helper()
	d, err := openapi3.NewLoader().LoadFromData(doc)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	if err := d.Validate(context.Background()); err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
}

// Every mistake is reported at its column, and all of them at once.
func TestParseReports(t *testing.T) {
	tests := map[string]struct {
		in   []string
		want []string // "line:col: message" prefixes, in order; a "|" starts a part of the hint
	}{
		"empty":             {[]string{" "}, []string{"1:1: the resource is empty"}},
		"no fields":         {[]string{"book"}, []string{"1:1: book has no fields"}},
		"bad name":          {[]string{"Book title:string"}, []string{`1:1: "Book" is no resource name`}},
		"field first":       {[]string{"title:string price:int"}, []string{`1:1: "title:string" is no resource name|comes before its fields`}},
		"no type":           {[]string{"book title"}, []string{"1:6: title has no type|write title:string"}},
		"typo":              {[]string{"book title:strng! price:int"}, []string{`1:12: unknown type "strng"|did you mean string?`}},
		"two typos":         {[]string{"book a:strng b:itn"}, []string{`1:8: unknown type "strng"`, `1:16: unknown type "itn"`}},
		"comma":             {[]string{"book a:string, b:int"}, []string{"1:14: unexpected comma"}},
		"open paren":        {[]string{"book a:enum(x|y b:int"}, []string{"1:8: unbalanced parenthesis"}},
		"enum twice":        {[]string{"book a:enum(x|x)"}, []string{`1:15: the value "x" is there twice`}},
		"enum empty":        {[]string{"book a:enum(x|)"}, []string{`1:15: "" is no enum value`}},
		"bare enum":         {[]string{"book a:enum"}, []string{`1:8: unknown type "enum"|write enum(a|b)`}},
		"list of list":      {[]string{"book a:list(list(int))"}, []string{"1:13: a list of list(int) is not supported"}},
		"flag":              {[]string{"book a:string:uniq"}, []string{`1:15: unknown flag "uniq"|the flags are`}},
		"flag misplaced":    {[]string{"book a:bool:unique"}, []string{"1:13: unique cannot be used on bool"}},
		"min without value": {[]string{"book a:int:min"}, []string{"1:12: min has no value"}},
		"bounds crossed":    {[]string{"book a:int:min=5:max=4"}, []string{"1:6: the least value of a, 5, is above"}},
		"int32 range":       {[]string{"book a:int32:max=3000000000"}, []string{`1:14: "3000000000" is no int32`}},
		"default":           {[]string{"book a:enum(x|y):default=z"}, []string{`1:18: the default "z" is no value of a|the values are: x y`}},
		"default outside":   {[]string{"book a:int:min=5:default=4"}, []string{"1:6: the default of a lies outside"}},
		"required default":  {[]string{"book a:int!:default=4"}, []string{"1:6: a is required and has a default"}},
		"both":              {[]string{"book a:int!:optional"}, []string{"1:13: a is both required (!) and optional"}},
		"given":             {[]string{"book id:int"}, []string{"1:6: book cannot have a field id"}},
		"twice":             {[]string{"book a:int a:string"}, []string{"1:12: book has two fields named a"}},
		"ref beside id":     {[]string{"a x:int", "book a:ref(a) a_id:int"}, []string{"2:15: book has two fields named a_id"}},
		"resource twice":    {[]string{"book a:int", "book b:int"}, []string{"2:1: book is described twice, first in resource 1"}},
		"same plural":       {[]string{"book a:int", "tome/books b:int"}, []string{"2:1: book and tome share the plural books"}},
		"schema clash":      {[]string{"book a:int", "book_page b:int"}, []string{"2:1: book and book_page both need a schema named BookPage"}},
		"fixed schema":      {[]string{"problem a:int"}, []string{"1:1: the name problem is used by the error answers"}},
		"ref unknown":       {[]string{"author a:int", "book by:ref(autho)"}, []string{"2:6: by refers to autho, which is no resource|did you mean author?"}},
		"required cycle":    {[]string{"a b:ref(b)!", "b a:ref(a)!"}, []string{"2:3: b needs a, which needs b first"}},
		"required self":     {[]string{"node parent:ref(node)!"}, []string{"1:6: node needs node"}},
		"all at once":       {[]string{"book a:strng", "author b:int:uniq c:ref(nobody)"}, []string{`1:8: unknown type`, `2:14: unknown flag`, `2:19: c refers to nobody`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, errs := Parse(tt.in, false)
			if len(errs) != len(tt.want) {
				t.Fatalf("got %d diagnostics, want %d:\n%v", len(errs), len(tt.want), errs)
			}
			for i, want := range tt.want {
				head, hint, _ := strings.Cut(want, "|")
				if got := errs[i].String(); !strings.HasPrefix(got, Source+":"+head) || !strings.Contains(got, hint) {
					t.Errorf("got %s\nwant %s … %s", got, head, hint)
				}
			}
		})
	}
}

func TestParseMarksTheToken(t *testing.T) {
	_, errs := Parse([]string{"book title:strng! price:decimal"}, false)
	want := "book title:strng! price:decimal\n           ^^^^^\ndid you mean string?\n"
	if len(errs) != 1 || !strings.HasPrefix(errs[0].Hint, want) {
		t.Errorf("got\n%v\nwant the hint to start with\n%s", errs, want)
	}
}

func TestParsePartialLeavesReferencesOpen(t *testing.T) {
	if _, errs := Parse([]string{"book author:ref(author)!"}, true); len(errs) > 0 {
		t.Error(errs)
	}
}

func TestPlural(t *testing.T) {
	for in, want := range map[string]string{
		"book": "books", "category": "categories", "day": "days", "box": "boxes", "address": "addresses",
		"match": "matches", "sales_person": "sales_people", "news": "news", "book_order": "book_orders",
	} {
		if got := plural(in); got != want {
			t.Errorf("plural(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzParse: no input panics, mistakes have a place inside the input, and what
// parses makes a document that loads.
func FuzzParse(f *testing.F) {
	f.Add(strings.Join(shop, "\n"))
	f.Add("book a:enum(x|y):default=x:index\nnode/nodes parent:ref(node) é:string")
	f.Add("b a:list(enum(a|b)):min=1:max=2 f:float:min=-1.5:default=0")
	f.Add("goose/geese :( ):! a::: b:ref() c:list( d:int:max=99999999999999999999")
	f.Fuzz(func(t *testing.T, in string) {
		lines := strings.Split(in, "\n")
		all, errs := Parse(lines, false)
		for _, d := range errs {
			if d.Line < 1 || d.Line > max(len(lines), 1) && d.Line != maxResources+1 {
				t.Errorf("%s lies outside the input", d.Pos)
			}
		}
		if errs.Err() != nil {
			return
		}
		doc, err := Document("Fuzz", all)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, doc)
	})
}
