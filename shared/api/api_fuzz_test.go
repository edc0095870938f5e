package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// sample has a field of every sort that requests have.
type sample struct {
	Text   string          `json:"text"`
	Number int64           `json:"number"`
	Yes    bool            `json:"yes"`
	Price  money.Amount    `json:"price,omitempty"`
	Raw    json.RawMessage `json:"raw,omitempty"`
	Inner  *sample         `json:"inner,omitempty"`
	List   []string        `json:"list,omitempty"`
}

// A body is understood or refused as malformed, in words fit for a stranger.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"text":"x","number":1,"yes":true,"price":19.99,"raw":{"a":1},"inner":{"text":"y"},"list":["a"]}`, `{}`, `null`, `[]`, `""`, `1`,
		`{"text":1}`, `{"number":"1"}`, `{"number":1e400}`, `{"number":1.5}`, `{"price":"free"}`, `{"inner":[]}`, `{"list":[1]}`, `{"colour":"red"}`, `{"text":"a","text":"b"}`,
		`{"te\u0078t":"x"}`, `{"TEXT":"x"}`, `{"text":"\ud800"}`, "{\"text\":\"\xff\"}", "{\"text\":\"\x00\"}", `{"text":"x"}{}`, `{"text":"x"} `, `{"text":"x"`, `{"raw":`, ``,
		strings.Repeat(`[`, 20000), strings.Repeat(`{"inner":`, 11000), `{"a\"b\n":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got sample
		if err := Decode(raw, &got); err != nil {
			checkRefusal(t, err)
			return
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatalf("%q was read, but cannot be written: %v", raw, err)
		}
		var twice sample
		if err := Decode(again, &twice); err != nil {
			t.Fatalf("%q was read, but %s is not: %v", raw, again, err)
		}
		if third, _ := json.Marshal(twice); !reflect.DeepEqual(again, third) {
			t.Fatalf("%s became %s", again, third)
		}
	})
}

// A query gives a page within limits or is refused; a link to the next page leads there.
func FuzzPageOf(f *testing.F) {
	for _, seed := range []string{"", "limit=50", "limit=0", "limit=201", "limit=+7", "limit=1e2", "limit=99999999999999999999", "limit=1&limit=2", "limit=", "cursor=", "cursor=12", "cursor=-1",
		"cursor=1000000001", "q=nina+simone&limit=10&cursor=abc", "colour=red", "q=%zz", "q=%00", "q=a;b", "&&&", "=", "%6cimit=5", "cursor=%0d%0aSet-Cookie:+a=b", "q=%ff", "limit=٣", strings.Repeat("q=x&", 500), "limit=" + strings.Repeat("0", 2990) + "5", "q=" + strings.Repeat("é", 1000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: "GET", URL: &url.URL{Path: "/api/tickets", RawQuery: query}}
		page, err := PageOf(r, "q")
		if err != nil {
			checkRefusal(t, err)
			return
		}
		if page.Limit < 1 || page.Limit > mostLimit {
			t.Fatalf("%q gives a page of %d", query, page.Limit)
		}
		if at, err := page.Position(); err != nil {
			checkRefusal(t, err)
		} else if at < 0 || at > 1e9 {
			t.Fatalf("%q begins at %d", query, at)
		}
		w := httptest.NewRecorder()
		SetNext(w, r, "next one")
		link := w.Header().Get("Link")
		target, rest, ok := strings.Cut(strings.TrimPrefix(link, "<"), ">")
		next, err := url.Parse(target)
		if len(link) > 3500 || !ok || rest != `; rel="next"` || err != nil || strings.ContainsAny(link, "\r\n") {
			t.Fatalf("%q gives the link %q, %v", query, link, err)
		}
		follow, err := PageOf(&http.Request{Method: "GET", URL: next}, "q")
		if err != nil || follow.Cursor != "next one" || follow.Limit != page.Limit || next.Query().Get("q") != r.URL.Query().Get("q") {
			t.Fatalf("%q gives the link %q, which leads to %+v, %v", query, link, follow, err)
		}
	})
}

// checkRefusal fails the test unless err is the caller's fault and says so in at least one sentence.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	fields, _ := fault.Public(err)
	if fault.KindOf(err) != fault.Invalid || len(fields) == 0 || fields[0].Message == "" {
		t.Fatalf("%v is no refusal", err)
	}
	w := httptest.NewRecorder()
	Fail(w, httptest.NewRequest("GET", "/", nil), err)
	var body struct{ Errors []fault.Field }
	if w.Code != http.StatusBadRequest || json.Unmarshal(w.Body.Bytes(), &body) != nil || len(body.Errors) != len(fields) {
		t.Fatalf("%v is answered with %d %s", err, w.Code, w.Body)
	}
}
