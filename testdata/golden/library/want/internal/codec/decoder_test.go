package codec

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/library/internal/problem"
)

// sample has a member of every kind, decoded the way generated code does it.
type sample struct {
	ID     int64
	Name   string
	Age    *int32
	Tags   []string
	Inner  *sample
	When   time.Time
	Day    Date
	Data   []byte
	Ratio  float64
	Ok     bool
	Note   Nullable[string]
	Choice choice
}

type choice struct {
	Cat *cat
	Dog *dog
	Num *int64
}

type cat struct{ Lives int64 }
type dog struct{ Barks bool }

func decodeSample(d *Decoder, v *sample) {
	if !d.Object() {
		return
	}
	var seen Seen
	for d.More() {
		switch d.Name() {
		case "id":
			if d.ReadOnly() {
				d.Int64(&v.ID)
			}
		case "name":
			seen.Add(0)
			if d.String(&v.Name) {
				d.Length(v.Name, 1, 5)
			}
		case "age":
			v.Age = new(int32)
			if d.Int32(v.Age) {
				Min(d, *v.Age, 0)
				Below(d, *v.Age, 150)
			}
		case "tags":
			if d.Array() {
				v.Tags = []string{}
				for d.More() {
					var item string
					d.String(&item)
					v.Tags = append(v.Tags, item)
				}
				d.Count(len(v.Tags), 0, 2, "item")
				Unique(d, v.Tags)
			}
		case "inner":
			v.Inner = new(sample)
			decodeSample(d, v.Inner)
		case "when":
			d.Time(&v.When)
		case "day":
			d.Date(&v.Day)
		case "data":
			d.Bytes(&v.Data)
		case "ratio":
			if d.Float64(&v.Ratio) {
				MultipleOf(d, v.Ratio, "0.01")
			}
		case "ok":
			d.Bool(&v.Ok)
		case "note":
			if d.Nullable(&v.Note.Set, &v.Note.Null) {
				d.String(&v.Note.Value)
			}
		case "choice":
			decodeChoice(d, &v.Choice)
		case "closed":
			if d.Object() {
				for d.More() {
					d.Name()
					d.Unknown()
				}
			}
		default:
			d.Skip()
		}
	}
	d.Require(&seen, "name")
}

func decodeChoice(d *Decoder, v *choice) {
	var asCat cat
	var asDog dog
	var asNum int64
	d.OneOf(func(n int) {
		switch n {
		case 0:
			v.Cat = &asCat
		case 1:
			v.Dog = &asDog
		case 2:
			v.Num = &asNum
		}
	},
		func(d *Decoder) {
			var seen Seen
			if !d.Object() {
				return
			}
			for d.More() {
				switch d.Name() {
				case "lives":
					seen.Add(0)
					d.Int64(&asCat.Lives)
				default:
					d.Skip()
				}
			}
			d.Require(&seen, "lives")
		},
		func(d *Decoder) {
			var seen Seen
			if !d.Object() {
				return
			}
			for d.More() {
				switch d.Name() {
				case "barks":
					seen.Add(0)
					d.Bool(&asDog.Barks)
				default:
					d.Skip()
				}
			}
			d.Require(&seen, "barks")
		},
		func(d *Decoder) { d.Int64(&asNum) },
	)
}

// body decodes a request body and returns the sample and the problem.
func body(t *testing.T, text string) (*sample, *problem.Problem) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	in := NewRequest(r, http.StatusUnprocessableEntity)
	v := new(sample)
	if in.Body(true, "application/json") {
		in.DecodeBody(func(d *Decoder) { decodeSample(d, v) })
	}
	err := in.Err()
	if err == nil {
		return v, nil
	}
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		t.Fatalf("error is no problem: %v", err)
	}
	return v, p
}

func TestDecodeViolations(t *testing.T) {
	tests := []struct{ body, want string }{
		{`{"name":"Ann"}`, ""},
		{`{}`, "body /name: is required"},
		{`[]`, "body : must be an object"},
		{`{"name":null}`, "body /name: must be a string, not null"},
		{`{"name":""}`, "body /name: must have at least 1 character"},
		{`{"name":"äöüßéè"}`, "body /name: must have at most 5 characters"},
		{`{"name":"äöüßé"}`, ""},
		{`{"name":"a","age":1.5}`, "body /age: must be an integer"},
		{`{"name":"a","age":1e1}`, ""},
		{`{"name":"a","age":3000000000}`, "body /age: does not fit into 32 bits"},
		{`{"name":"a","age":-1}`, "body /age: must be at least 0"},
		{`{"name":"a","age":150}`, "body /age: must be less than 150"},
		{`{"name":"a","tags":["x",2,"y"]}`, "body /tags/1: must be a string; body /tags: must have at most 2 items"},
		{`{"name":"a","tags":["x","x"]}`, "body /tags: items 0 and 1 are equal"},
		{`{"name":"a","inner":{"name":7,"tags":{}}}`, "body /inner/name: must be a string; body /inner/tags: must be an array"},
		{`{"name":"a","when":"yesterday"}`, "body /when: must be a date-time such as 2026-01-31T09:30:00Z"},
		{`{"name":"a","day":"2026-02-30"}`, "body /day: must be a date such as 2026-01-31"},
		{`{"name":"a","data":"!"}`, "body /data: must be base64 text"},
		{`{"name":"a","ratio":0.29}`, ""},
		{`{"name":"a","ratio":0.295}`, "body /ratio: must be a multiple of 0.01"},
		{`{"name":"a","ok":"true"}`, "body /ok: must be true or false"},
		{`{"name":"a","closed":{"a~/b":1}}`, "body /closed/a~0~1b: is not a known member"},
		{`{"name":"a","choice":{"lives":"nine"}}`, "body /choice: matches none of the alternatives; body /choice/lives: must be an integer"},
		{`{"name":"a","choice":{"lives":9,"barks":true}}`, "body /choice: matches more than one of the alternatives"},
		{`{"Name":"a"}`, "body /name: is required"},
	}
	for _, tt := range tests {
		_, p := body(t, tt.body)
		got := ""
		if p != nil {
			got = strings.Join(p.Messages(), "; ")
			if p.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: status %d, want 422", tt.body, p.Status)
			}
		}
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.body, got, tt.want)
		}
	}
}

func TestDecodeRefusesWhatIsNotJSON(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{"name":"a"`, `{"name":"a"} {}`, `{"name":"a"}x`, `{"name":"a","name":"b"}`,
		"{\"name\":\"\xff\"}", `{'name':'a'}`, `{"name":"a",}`, `{"inner":` + strings.Repeat("[", 20000),
	} {
		_, p := body(t, text)
		if p == nil || p.Status != http.StatusBadRequest || len(p.Errors) > 0 {
			t.Errorf("%.40q: got %v, want a 400 without violations", text, p)
		}
	}
}

func TestDecodeValues(t *testing.T) {
	v, p := body(t, `{"id":7,"name":"Ann","note":null,"tags":[],"data":"aGk","choice":{"barks":true}}`)
	if p != nil {
		t.Fatal(p)
	}
	if v.ID != 0 {
		t.Errorf("read-only member taken from a request: %d", v.ID)
	}
	if !v.Note.Set || !v.Note.Null || v.Note.Ptr() != nil {
		t.Errorf("note: got %+v, want a present null", v.Note)
	}
	if v.Tags == nil || string(v.Data) != "hi" || v.Choice.Dog == nil || !v.Choice.Dog.Barks {
		t.Errorf("got %+v", v)
	}
}

func TestEncodeNullable(t *testing.T) {
	encode := func(e *Encoder, v *Nullable[string]) {
		e.Object()
		if e.Nullable("note", v.Set, v.Null) {
			e.String(v.Value)
		}
		e.EndObject()
	}
	for want, v := range map[string]Nullable[string]{
		`{}`:            {},
		`{"note":null}`: NewNull[string](),
		`{"note":"hi"}`: NewNullable("hi"),
	} {
		if got, err := Marshal(&v, encode); string(got) != want || err != nil {
			t.Errorf("%+v: got %s, %v, want %s", v, got, err, want)
		}
	}
}

func TestUnmarshalTrustsStoredValues(t *testing.T) {
	var v sample
	if err := Unmarshal([]byte(`{"id":7}`), &v, decodeSample); err != nil {
		t.Fatal(err)
	}
	if v.ID != 7 {
		t.Errorf("id: got %d, want 7", v.ID)
	}
}

func TestBodyMediaType(t *testing.T) {
	for _, tt := range []struct {
		media string
		want  int
	}{
		{"application/json", 0}, {"", 0}, {"application/JSON", 0}, {"text/json", 0},
		{"application/xml", 415}, {"nonsense", 415},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`1`))
		if tt.media != "" {
			r.Header.Set("Content-Type", tt.media)
		}
		in := NewRequest(r, 400)
		in.Body(true, "application/json")
		p, _ := errors.AsType[*problem.Problem](in.Err())
		if tt.want == 0 && p != nil || tt.want != 0 && (p == nil || p.Status != tt.want) {
			t.Errorf("%q: got %v, want %d", tt.media, p, tt.want)
		}
	}
}

// FuzzDecode checks that decoding neither panics nor accepts what the encoder
// cannot write back.
func FuzzDecode(f *testing.F) {
	f.Add(`{"name":"a","age":3,"tags":["x"],"choice":{"lives":9},"ratio":1e-7}`)
	f.Add(`{"name":"\ud83d\ude00","inner":{"name":"b"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
		in := NewRequest(r, 400)
		v := new(sample)
		if in.Body(true, "application/json") {
			in.DecodeBody(func(d *Decoder) { decodeSample(d, v) })
		}
		if in.Err() != nil {
			return
		}
		var e Encoder
		e.Object()
		e.Key("name")
		e.String(v.Name)
		e.Key("ratio")
		e.Float64(v.Ratio)
		e.EndObject()
		var back sample
		if err := Unmarshal(e.buf, &back, decodeSample); err != nil {
			t.Fatalf("%q: wrote %s: %v", text, e.buf, err)
		}
		if back.Name != v.Name || back.Ratio != v.Ratio {
			t.Fatalf("%q: wrote %s: got %+v back", text, e.buf, back)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const text = `{"name":"Ann","age":42,"tags":["a","b"],"when":"2026-01-31T09:30:00Z","ok":true}`
	b.ReportAllocs()
	for b.Loop() {
		var v sample
		d := newDecoder(strings.NewReader(text), "body", "")
		decodeSample(d, &v)
		d.free()
	}
}
