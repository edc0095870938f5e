package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

// browser keeps what one browser would: the cookies of its answers.
type browser struct {
	t       *testing.T
	handler http.Handler
	cookies map[string]*http.Cookie
}

func (b *browser) send(r *http.Request) *httptest.ResponseRecorder {
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return w
}

func (b *browser) open(path string, head ...string) string {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if len(head) > 0 {
		r.Header.Set(head[0], head[1])
	}
	return b.send(r).Body.String()
}

// What was done is said once, on the page that it is for, and not to whoever opens the same address later. A refusal stays
// for one reload.
func TestWhatWasDoneIsSaidOnceAndARefusalTwice(t *testing.T) {
	s, ann := newSite(t, map[string]string{"GET /api/events": "[]", "GET /api/orders/O1": orderOf("created", "")})
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.page(s.browse))
	mux.Handle("GET /terms", s.page(s.words("terms", "Terms")))
	mux.Handle("GET /orders/{id}", s.page(s.order))
	mux.Handle("POST /done", s.page(func(w http.ResponseWriter, r *http.Request) error { return s.lead(w, r, "/", "signedout") }))
	mux.Handle("POST /refused", s.page(func(w http.ResponseWriter, r *http.Request) error {
		return s.leadBack(w, r, "/orders/O1", fault.New(fault.Refused, "Not <now>"))
	}))
	mux.Handle("POST /broken", s.page(func(w http.ResponseWriter, r *http.Request) error {
		return s.leadBack(w, r, "/orders/O1", fault.NoSuchThing())
	}))
	b := &browser{t, mux, map[string]*http.Cookie{ann.Name: ann}}

	w := b.send(httptest.NewRequest(http.MethodPost, "/done", nil))
	require.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/", w.Header().Get("Location"), "an address to share")
	assert.NotContains(t, b.open("/terms"), "You are signed out", "another window")
	assert.NotContains(t, b.open("/", "X-Region", "orders"), "You are signed out", "a part of a page that is fetched anew")
	assert.Contains(t, b.open("/"), "You are signed out")
	assert.NotContains(t, b.open("/"), "You are signed out")
	assert.NotContains(t, b.open("/?done=signedout"), "You are signed out", "a link says nothing")

	require.Equal(t, http.StatusSeeOther, b.send(httptest.NewRequest(http.MethodPost, "/refused", nil)).Code)
	for range 2 {
		assert.Contains(t, b.open("/orders/O1"), "autofocus><p>Not &lt;now&gt;</p>")
	}
	assert.NotContains(t, b.open("/orders/O1"), "Not &lt;now&gt;")
	assert.Empty(t, b.cookies["flash"])
	assert.Equal(t, http.StatusNotFound, b.send(httptest.NewRequest(http.MethodPost, "/broken", nil)).Code, "nothing to try again")
}

// Whatever is in the cookie, it is text on the page, or nothing.
func TestAMadeUpFlashDoesNothing(t *testing.T) {
	s, _ := newSite(t, map[string]string{"GET /api/events": "[]"})
	for _, value := range []string{"", "x", "%%%", "e30", "bnVsbA", strings.Repeat("A", 4000)} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "flash", Value: value})
		w := httptest.NewRecorder()
		s.page(s.browse).ServeHTTP(w, r)
		assert.Equal(t, http.StatusOK, w.Code, value)
	}
	s.https = true
	assert.Equal(t, "__Host-flash", s.flashCookie(), "which no other host can set")
}
