package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/http/internal/api"
	"example.com/http/internal/codec"
	"example.com/http/internal/problem"
)

// echo answers with what it was asked.
type echo struct {
	api.Unimplemented
	got string
}

func (h *echo) ReadPath(_ context.Context, req api.ReadPathRequest) error {
	h.got = fmt.Sprint(req.Simple, req.Label, req.Matrix)
	return nil
}

func (h *echo) ReadQuery(_ context.Context, req api.ReadQueryRequest) (api.ReadQueryResponse, error) {
	var out strings.Builder
	if f := req.Deep; f != nil {
		fmt.Fprint(&out, "deep ", *f.Min, *f.Active, f.Tags, *f.At, " ")
	}
	for _, p := range []*api.Point{req.Form, req.Packed, req.Document, req.XPoint} {
		if p != nil {
			fmt.Fprint(&out, p.X, " ", p.Y, " ")
		}
	}
	if v := req.NumberOrWord; v != nil && v.Integer != nil {
		fmt.Fprint(&out, "number ", *v.Integer)
	} else if v != nil {
		fmt.Fprint(&out, "word ", *v.String)
	}
	fmt.Fprint(&out, req.Pipes, req.Spaces, req.Expand, req.Crumbs)
	h.got = out.String()
	return &api.ReadQuery200{XTags: []string{"a", "b"}, Body: api.Filter{}}, nil
}

func (h *echo) ReadFree(_ context.Context, req api.ReadFreeRequest) error {
	h.got = fmt.Sprint(*req.Page, req.Labels)
	return nil
}

func (h *echo) GetFile(_ context.Context, req api.GetFileRequest) (io.Reader, error) {
	return strings.NewReader(req.Path), nil
}

func (h *echo) CopyFile(_ context.Context, req api.CopyFileRequest) error {
	h.got = "copy " + req.Path
	return nil
}

func (h *echo) SendMessage(context.Context, api.SendMessageRequest) error {
	h.got = "send"
	return nil
}

func (h *echo) ReceiveMessage(context.Context, api.ReceiveMessageRequest) error {
	h.got = "receive"
	return nil
}

func (h *echo) CreateCharge(_ context.Context, req api.CreateChargeRequest) (*api.Charge, error) {
	return &req.Body, nil
}

func (h *echo) AddPoint(_ context.Context, req api.AddPointRequest) error {
	switch {
	case req.Body != nil:
		h.got = fmt.Sprint("point ", req.Body.X, req.Body.Y)
	case req.BodyStream != nil:
		data, err := io.ReadAll(req.BodyStream)
		h.got = req.ContentType + " " + string(data)
		return err
	default:
		h.got = "text " + req.BodyText
	}
	return nil
}

func (h *echo) Upload(_ context.Context, req api.UploadRequest) error {
	h.got = req.Body.Title + fmt.Sprint(req.Body.Tags)
	if p := req.Body.Point; p != nil {
		h.got += fmt.Sprint(p.X)
	}
	for file, err := range req.Files.All() {
		if err != nil {
			return err
		}
		data, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		h.got += " " + file.Filename + "=" + string(data)
	}
	return nil
}

func points(fail int) func(func(api.Point, error) bool) {
	return func(yield func(api.Point, error) bool) {
		for i := range 2 {
			if i == fail {
				yield(api.Point{}, problem.New(http.StatusConflict, "no more points"))
				return
			}
			if !yield(api.Point{X: int64(i), Y: 0.5}, nil) {
				return
			}
		}
	}
}

func (h *echo) GetReport(_ context.Context, req api.GetReportRequest) (api.GetReportResponse, error) {
	switch req.Accept {
	case "text/csv":
		return &api.GetReport200CSV{Body: "0,0.5"}, nil
	case "application/x-ndjson":
		return &api.GetReport200Ndjson{Body: points(-1)}, nil
	}
	return &api.GetReport200{Body: []api.Point{{X: 7, Y: 1}}}, nil
}

func (h *echo) Watch(context.Context, api.WatchRequest) (iter.Seq2[api.Point, error], error) {
	if h.got == "refuse" {
		return points(0), nil
	}
	return points(-1), nil
}

func (h *echo) ImportPoints(_ context.Context, req api.ImportPointsRequest) error {
	for p, err := range req.Body {
		if err != nil {
			return err
		}
		h.got += fmt.Sprint(p.X, ";")
	}
	return nil
}

func (h *echo) SendLetter(_ context.Context, req api.SendLetterRequest) (api.SendLetterResponse, error) {
	if len(req.Body.To) > 1 {
		return &api.SendLetter202{}, nil
	}
	return &api.SendLetter200{Body: req.Body}, nil
}

func (h *echo) SendTelegram(_ context.Context, req api.SendTelegramRequest) (*api.Telegram, error) {
	if req.Body.Text == "stop" {
		return nil, &api.DefaultError{Status: http.StatusConflict, Body: api.Failure{Message: "a < b"}}
	}
	return &req.Body, nil
}

func TestHTTP(t *testing.T) {
	exchange(t, false, func(_ *testing.T, h http.Handler) http.Handler { return h })
}

// TestProxy sends the same requests to a proxy that is a client of the service:
// everything is decoded, encoded and decoded again.
func TestProxy(t *testing.T) { exchange(t, true, proxied) }

func exchange(t *testing.T, proxy bool, through func(*testing.T, http.Handler) http.Handler) {
	const (
		multipart = "multipart/form-data; boundary=b"
		header    = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		letters   = "POST /letters\nContent-Type: application/xml"
		telegrams = "PUT /telegrams\nContent-Type: text/xml"
	)
	part := func(disposition, text string) string {
		return "--b\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + text + "\r\n"
	}
	for _, tt := range []struct {
		request string // method, target and headers, one each line
		body    string
		want    string // status, then what the handler saw or the body
	}{
		{"GET /styles/1,2/.x=3.y=4/;matrix=a%2Cb;matrix=c", "", "204 [1 2] {3 4 <nil>} [a,b c]"},
		{"GET /styles/1,x/.x=3.y=4/;matrix=a", "", "400 path /simple/1: must be an integer"},
		{"GET /styles/1/.y=4/;matrix=a", "", "400 path /label/x: is required"},
		{"GET /styles?deep[min]=1&deep[active]=true&deep[tags][]=p&deep[tags][]=q&deep[at][x]=1&deep[at][y]=2", "", "200 deep 1 true [p q] {1 2 <nil>} [] [] [] []"},
		{"GET /styles?deep[min]=-1", "", "400 query /deep/min: must be at least 0"},
		{"GET /styles?x=5&y=6&packed=x,7,y,8&document=%7B%22x%22:9,%22y%22:1%7D\nX-Point: x,3,y,4", "", "200 5 6 7 8 9 1 3 4 [] [] [] []"},
		{"GET /styles?pipes=a|b&spaces=1%202&expand[]=p&expand[]=q\nCookie: crumbs=c,d", "", "200 [a b] [1 2] [p q] [c d]"},
		{"GET /styles?number_or_word=12", "", "200 number 12[] [] [] []"},
		{"GET /styles?number_or_word=twelve", "", "200 word twelve[] [] [] []"},
		{"GET /free?page=1&a=b&c=d", "", "204 1 map[a:b c:d]"},
		{"GET /files/a/b%20c.txt", "", "200 a/b c.txt"},
		{"POST /files/a/b:copy", "", "204 copy a/b"},
		{"POST /queue/?Action=Send", "", "204 send"},
		{"POST /queue/?Action=Receive", "", "204 receive"},
		{"POST /queue/", "", "404"},
		{"POST /charges\nContent-Type: application/x-www-form-urlencoded",
			"amount=5&metadata[a]=b&lines[0][price]=p&lines[1][price]=q&lines[1][quantity]=2&codes=1,2",
			`200 {"amount":5,"metadata":{"a":"b"},"codes":[1,2],"lines":[{"price":"p"},{"price":"q","quantity":2}]}`},
		{"POST /charges\nContent-Type: application/x-www-form-urlencoded", "amount=x&lines[0][quantity]=2",
			"400 body /amount: must be an integer; body /lines/0/price: is required"},
		{"POST /charges\nContent-Type: application/json", "{}", "415"},
		{"POST /points\nContent-Type: application/json", `{"x":1,"y":2}`, "201 point 1 2"},
		{"POST /points\nContent-Type: application/x-www-form-urlencoded", "x=1&y=2.5", "201 point 1 2.5"},
		{"POST /points\nContent-Type: text/csv", "1,2", "201 text 1,2"},
		{"POST /points\nContent-Type: image/jpeg", "JPEG", "201 image/jpeg JPEG"},
		{"POST /points\nContent-Type: image/gif", "GIF", "415"},
		{"POST /uploads\nContent-Type: " + multipart, part(`name="title"`, "T") + part(`name="tags"`, "a") + part(`name="tags"`, "b") +
			part(`name="point"`, `{"x":1,"y":2}`) + part(`name="file"; filename="f.txt"`, "data") + "--b--\r\n", "204 T[a b]1 f.txt=data"},
		{"POST /uploads\nContent-Type: " + multipart, part(`name="file"; filename="f.txt"`, "data") + part(`name="title"`, "T") + "--b--\r\n", "204 T[] f.txt=data"},
		{"POST /uploads\nContent-Type: " + multipart, part(`name="title"`, strings.Repeat("T", 21)) + "--b--\r\n",
			"400 body /title: must have at most 20 characters; body /file: is required"},
		{"GET /report", "", `200 [{"x":7,"y":1}]`},
		{"GET /report\nAccept: text/csv", "", "200 0,0.5"},
		{"GET /report\nAccept: application/x-ndjson, */*;q=0.1", "", "200 {\"x\":0,\"y\":0.5}\n{\"x\":1,\"y\":0.5}\n"},
		{"GET /report\nAccept: application/xml", "", "200 " + header + "<Points><Point><x>7</x><y>1</y></Point></Points>"},
		{"GET /report\nAccept: image/png", "", "406"},
		{letters, `<letter id="7"><to>A</to><lines><line>1</line><line/></lines></letter>`, `200 {"copies":1,"to":["A"],"lines":["1",""]}`},
		{letters + "\nAccept: application/xml", `<letter copies="2"><d:title xmlns:d="http://purl.org/dc/elements/1.1/">T</d:title><to>A</to>` +
			`<stamps><big currency="EUR"> 1.5 </big></stamps><letter><to>B</to></letter></letter>`, "400 body /stamps/big/price: must be a number"},
		{letters + "\nAccept: application/xml", `<letter copies="2"><d:title xmlns:d="http://purl.org/dc/elements/1.1/">T</d:title><to>A</to>` +
			`<stamps><big currency="EUR">1.5</big></stamps><letter><to>B</to></letter><paper>plain</paper></letter>`,
			"200 " + header + `<letter copies="2"><to>A</to><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">T</dc:title>` +
				`<letter copies="1"><to>B</to></letter><stamps><big currency="EUR">1.5</big></stamps><paper>plain</paper></letter>`},
		{letters, `<letter><to>A</to><paper currency="USD">3</paper></letter>`, `200 {"copies":1,"to":["A"],"paper":{"price":3,"currency":"USD"}}`},
		{letters, `<letter><to>A</to><title xmlns="http://purl.org/dc/elements/1.1/" i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"/></letter>`,
			`200 {"copies":1,"to":["A"],"subject":null}`},
		{letters + "\nAccept: application/xml", `<letter><to>A</to><to>B</to></letter>`, "202 "},
		{letters, `<letter copies="x"><size/><lines/><lines/><letter><to>0123456789ABC</to></letter></letter>`,
			"400 body /size: is not a known member; body /lines: must be given once; body /copies: must be an integer; " +
				"body /enclosed/to/0: must have at most 10 characters; body /to: must have at least 1 item"},
		{letters, `<letter><to>A</to>`, "400 "},
		{letters + "\nAccept: text/csv", `<letter><to>A</to></letter>`, "406"},
		{"POST /letters\nContent-Type: application/json\nAccept: application/xml", `{"to":["A"]}`, "200 " + header + `<letter copies="1"><to>A</to></letter>`},
		{"POST /letters\nContent-Type: application/x-www-form-urlencoded", "to=A", `200 {"copies":1,"to":["A"]}`},
		{"POST /letters\nContent-Type: application/yaml", "to: [A]", "415"},
		{letters + "; charset=latin1", `<letter><to>A</to></letter>`, "415"},
		{telegrams, `<Telegram xmlns="urn:example:telegram" urgent="true">a &lt; b</Telegram>`,
			"200 " + header + `<Telegram xmlns="urn:example:telegram" urgent="true"><![CDATA[a < b]]></Telegram>`},
		{telegrams, `<t:Telegram xmlns:t="urn:example:telegram"><![CDATA[stop]]></t:Telegram>`, "409 " + header + "<Failure><message>a &lt; b</message></Failure>"},
		{telegrams, `<Telegram>no namespace</Telegram>`, "400 "},
		{telegrams, `<!DOCTYPE Telegram><Telegram xmlns="urn:example:telegram"/>`, "400 "},
		{"PUT /telegrams\nContent-Type: application/json", `{"text":"a"}`, "415 " + header +
			"<Failure><message>the body must be text/xml, not \"application/json\"</message></Failure>"},
		{"GET /events", "", "200 data: {\"x\":0,\"y\":0.5}\n\ndata: {\"x\":1,\"y\":0.5}\n\n"},
		{"GET /events?refuse", "", `409 {"message":"no more points"}`},
		{"POST /import\nContent-Type: application/x-ndjson", "{\"x\":1,\"y\":2}\n{\"x\":3,\"y\":4}\n", "204 1;3;"},
		{"POST /import\nContent-Type: application/x-ndjson", "{\"x\":1,\"y\":2}\n{\"x\":3}\n", "400 body /1/y: is required"},
	} {
		h := &echo{}
		lines := strings.Split(tt.request, "\n")
		method, target, _ := strings.Cut(lines[0], " ")
		if strings.HasSuffix(target, "?refuse") {
			h.got = "refuse"
		}
		r := httptest.NewRequest(method, strings.ReplaceAll(target, "|", "%7C"), strings.NewReader(tt.body))
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		through(t, api.New(h, api.Options{CheckAnswers: true})).ServeHTTP(w, r)
		if got := outcome(t, h, w); got != tt.want {
			t.Errorf("%s, proxy %t\n got %s\nwant %s", tt.request, proxy, got, tt.want)
		}
	}
}

// proxied returns a service that is a client of another one.
func proxied(t *testing.T, service http.Handler) http.Handler {
	t.Helper()
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	c, err := api.NewClient(server.URL, api.ClientOptions{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return api.New(c, api.Options{CheckAnswers: true})
}

// outcome is the status with what is worth knowing about the answer.
func outcome(t *testing.T, h *echo, w *httptest.ResponseRecorder) string {
	t.Helper()
	status := fmt.Sprint(w.Code)
	switch {
	case w.Code == http.StatusBadRequest:
		var faults []string
		for _, part := range strings.Split(w.Body.String(), `{"in":"`)[1:] {
			fields := strings.Split(part, `"`)
			faults = append(faults, fields[0]+" "+fields[4]+": "+fields[8])
		}
		return status + " " + strings.Join(faults, "; ")
	case w.Code >= 400 && w.Header().Get("Content-Type") == problem.Media:
		return status
	case h.got != "" && w.Code < 300:
		return status + " " + h.got
	}
	return strings.TrimSpace(status+" ") + " " + w.Body.String()
}

// wrong answers with what the document does not know.
type wrong struct {
	api.Unimplemented
	got error
}

func (h *wrong) ReadQuery(context.Context, api.ReadQueryRequest) (api.ReadQueryResponse, error) {
	min := int64(-1)
	return &api.ReadQuery200{Body: api.Filter{Min: &min, At: &api.Point{}}}, nil
}

func (h *wrong) ReadFree(context.Context, api.ReadFreeRequest) error { return h.got }

// TestCheckAnswers looks at what becomes of wrong answers, with the check and without.
func TestCheckAnswers(t *testing.T) {
	for _, tt := range []struct {
		target string
		got    error
		off    int
		on     int
		detail string
	}{
		{"/styles", nil, 200, 500, `"errors":[{"in":"body","pointer":"/min","detail":"must be at least 0"}]`},
		{"/free", nil, 204, 204, ""},
		{"/free", problem.New(http.StatusConflict, "twice"), 409, 500, "the document does not declare this status"},
		{"/free", &api.BadRequestError{Status: 404}, 404, 500, "the document does not declare this status"},
		{"/free", errors.ErrUnsupported, 500, 500, "something went wrong on our side"},
		{"/report", nil, 501, 501, "not implemented"},
	} {
		for _, check := range []bool{false, true} {
			var log strings.Builder
			w := httptest.NewRecorder()
			h := api.New(&wrong{got: tt.got}, api.Options{CheckAnswers: check, Log: slog.New(slog.NewTextHandler(&log, nil))})
			h.ServeHTTP(w, httptest.NewRequest("GET", tt.target, nil))
			want := tt.off
			if check {
				want = tt.on
			}
			if w.Code != want || check && !strings.Contains(w.Body.String(), tt.detail) {
				t.Errorf("%s %v, check %t: got %d %s", tt.target, tt.got, check, w.Code, w.Body)
			}
			if logged := strings.Contains(log.String(), "answer does not match the document"); logged != (tt.off != want) {
				t.Errorf("%s %v, check %t: logged %s", tt.target, tt.got, check, log.String())
			}
		}
	}
}

// TestClientErrors maps the answers of a service to errors.
func TestClientErrors(t *testing.T) {
	status, media, text := 0, "", ""
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	defer service.Close()
	c, err := api.NewClient(service.URL, api.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	call := func(s int, m, body string) error {
		status, media, text = s, m, body
		_, err := c.Watch(t.Context(), api.WatchRequest{})
		return err
	}
	err = call(418, "application/json", `{"message":"tea"}`)
	if e, ok := errors.AsType[*api.BadRequestError](err); !ok || e.Status != 418 || e.Body.Message != "tea" {
		t.Errorf("a declared range: %v", err)
	}
	err = call(404, problem.Media, `{"title":"Gone","detail":"long ago"}`)
	if p, ok := errors.AsType[*problem.Problem](err); !ok || p.Status != 404 || p.Detail != "long ago" {
		t.Errorf("a problem: %v", err)
	}
	for _, status := range []int{202, 503} {
		err = call(status, "text/html", "<h1>Bad gateway</h1>")
		if e, ok := errors.AsType[*codec.AnswerError](err); !ok || e.Method != "GET" || e.Path != "/events" || e.Status != status || e.Body != text {
			t.Errorf("%d, which is not declared: %v", status, err)
		}
	}
}

func TestSender(t *testing.T) {
	var got string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Signature") + " " + string(body)
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer receiver.Close()
	s := api.Sender{Prepare: func(r *http.Request) error {
		r.Header.Set("X-Signature", "signed")
		return nil
	}}
	if err := s.NewPoint(t.Context(), receiver.URL+"/hook", api.Point{X: 1, Y: 2}); err != nil || got != `POST /hook signed {"x":1,"y":2}` {
		t.Errorf("got %s, %v", got, err)
	}
	if err := s.Paid(t.Context(), receiver.URL+"/gone", api.Charge{Amount: 1}); err == nil || !strings.Contains(err.Error(), "410 Gone") {
		t.Errorf("got %v", err)
	}
	if err := s.Telegram(t.Context(), receiver.URL+"/hook", api.Telegram{Text: "a"}); err != nil || !strings.HasSuffix(got, `<Telegram xmlns="urn:example:telegram"><![CDATA[a]]></Telegram>`) {
		t.Errorf("got %s, %v", got, err)
	}
	s.Prepare = func(*http.Request) error { return errors.ErrUnsupported }
	if err := s.NewPoint(t.Context(), receiver.URL, api.Point{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
