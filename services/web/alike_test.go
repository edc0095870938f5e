package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/web/kept"
	"marketplace/shared/events"
)

// shopWindow is the catalogue's pages of a site, and what the services were asked for them.
type shopWindow struct {
	*site
	http.Handler
	session *http.Cookie
	now     time.Time

	mu     sync.Mutex
	asked  []*http.Request
	status int
}

func newShopWindow(t *testing.T) *shopWindow {
	t.Helper()
	s := &shopWindow{now: noon, status: http.StatusOK}
	s.site, s.session = newSite(t, map[string]string{
		"GET /api/tickets/T": `{"id":"T","title":"Aida","price":10,"userId":"sue"}`,
		"GET /api/tickets/U": `{"id":"U","title":"Tosca","price":10,"userId":"ann"}`,
		"GET /api/events":    `[{"id":"E","tickets":1,"cheapest":{"id":"T","title":"Aida","price":10,"userId":"sue"}}]`,
	})
	s.site.now = func() time.Time { return s.now }
	s.kept = kept.New(s.site.now)
	services := s.api
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		if s.status != http.StatusOK {
			w.WriteHeader(s.status)
			_, _ = io.WriteString(w, `{"errors":[{"message":"no"}]}`)
			return
		}
		services.ServeHTTP(w, r)
	})
	sidecar, _ := behind(t, "")
	s.Handler = doorman(settings{HTTPS: true}, s.site.now, s.log, doors(t, s.site, sidecar))
	return s
}

func (s *shopWindow) get(path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html")
	for _, change := range change {
		change(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// made is how many questions to the services what has cost.
func (s *shopWindow) made(what func()) int {
	before := len(s.asked)
	what()
	return len(s.asked) - before
}

func TestAPageIsMadeOnceForAllWhoSeeItAlike(t *testing.T) {
	s := newShopWindow(t)
	first := s.get("/")
	assert.Contains(t, first.Body.String(), "Aida")
	assert.Zero(t, s.made(func() {
		for range 10 {
			again := s.get("/")
			assert.Equal(t, first.Body.String(), again.Body.String())
			for _, name := range []string{"Cache-Control", "Content-Security-Policy", "Content-Type", "Content-Length", "Vary", "X-Frame-Options", "Strict-Transport-Security"} {
				assert.Equal(t, first.Header()[name], again.Header()[name], name)
				assert.Len(t, again.Header()[name], 1, name)
			}
			assert.NotEqual(t, first.Header().Get("X-Request-Id"), again.Header().Get("X-Request-Id"))
		}
	}))
	assert.Equal(t, "no-store", first.Header().Get("Cache-Control"), "browsers keep it no more than before")
	assert.Equal(t, 1, s.made(func() { s.get("/?q=aida") }), "another address")
	assert.Equal(t, 1, s.made(func() { s.get("/tickets/T") }))
	s.now = s.now.Add(kept.For)
	assert.Equal(t, 1, s.made(func() { s.get("/"); s.get("/") }), "a second later")
}

func TestAKeptPageIsSqueezedForWhoTakesIt(t *testing.T) {
	s := newShopWindow(t)
	plain := s.get("/tickets/T").Body.Bytes()
	for range 2 {
		small := s.get("/tickets/T", func(r *http.Request) { r.Header.Set("Accept-Encoding", "br, gzip") })
		assert.Equal(t, "gzip", small.Header().Get("Content-Encoding"))
		assert.Equal(t, []string{"Accept-Encoding"}, small.Header()["Vary"])
		unzipped, err := gzip.NewReader(bytes.NewReader(small.Body.Bytes()))
		require.NoError(t, err)
		body, err := io.ReadAll(unzipped)
		require.NoError(t, err)
		assert.Equal(t, plain, body)
		again := s.get("/tickets/T")
		assert.Empty(t, again.Header().Get("Content-Encoding"))
		assert.Equal(t, plain, again.Body.Bytes())
	}
	assert.Len(t, s.asked, 1)
}

// What is anybody's own is never kept, nor does he get what is kept for others.
func TestNobodySeesAnothersPage(t *testing.T) {
	s := newShopWindow(t)
	said := httptest.NewRecorder()
	s.https = true
	s.setFlash(said, &flash{For: "/tickets/U", Done: "listed"})
	mark := said.Result().Cookies()[0]
	own := map[string]func(*http.Request){
		"signed in":                   func(r *http.Request) { r.AddCookie(s.session) },
		"signed in, as a program":     func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s.session.Value) },
		"a session that is none":      func(r *http.Request) { r.Header.Set("Cookie", "session=x") },
		"another scheme":              func(r *http.Request) { r.Header.Set("Authorization", "Basic x") },
		"who is to be told something": func(r *http.Request) { r.AddCookie(mark) },
	}
	for name, who := range own {
		s.kept.Clear()
		var his string
		assert.NotZero(t, s.made(func() { his = s.get("/tickets/U", who).Body.String() }), name)
		assert.NotZero(t, s.made(func() { s.get("/tickets/U", who) }), "%s: is not kept", name)
		others := s.get("/tickets/U").Body.String()
		for _, words := range []string{"ann@example.com", "You sell this ticket", "Sign out", "Your ticket is listed"} {
			assert.NotContains(t, others, words, "after who is %s", name)
		}
		assert.Equal(t, his, s.get("/tickets/U", who).Body.String(), "%s: and gets nobody else's", name)
	}
	assert.Contains(t, s.get("/tickets/U", own["signed in"]).Body.String(), "ann@example.com")
	assert.Contains(t, s.get("/tickets/U", own["who is to be told something"]).Body.String(), "Your ticket is listed")
}

// What the services hear of a page for all says nothing of who asked first, but the names of his request.
func TestThePageForAllIsAskedForByNobody(t *testing.T) {
	s := newShopWindow(t)
	s.get("/tickets/T", func(r *http.Request) {
		r.Header.Set("Cookie", "device=d; trace=t; other=o")
		r.Header.Set("User-Agent", "his")
		r.Header.Set("If-None-Match", `"x"`)
		r.Header.Set("Referer", "https://his.example")
		r.Header.Set("X-Region", "main")
	})
	require.Len(t, s.asked, 1)
	for name := range s.asked[0].Header {
		assert.Contains(t, []string{"Content-Type", "X-Request-Id", "Traceparent", "X-Forwarded-For"}, name)
	}
}

func TestAPageGetsOldWithNews(t *testing.T) {
	s := newShopWindow(t)
	look := func() { s.get("/"); s.get("/tickets/T"); s.get("/tickets/U") }
	look()
	s.now = s.now.Add(kept.AtLeast)
	require.NoError(t, s.onOrder(t.Context(), holdOf("bob", 1)))
	assert.Equal(t, 2, s.made(look), "the list and the ticket")
	s.now = s.now.Add(kept.AtLeast)
	require.NoError(t, s.onTicket(t.Context(), events.Ticket{ID: "U", Version: 1}))
	assert.Equal(t, 2, s.made(look))
	s.catchUp()
	assert.Equal(t, 3, s.made(look), "who knows what was missed")
}

// A failure is each one's own, and over as soon as it is over.
func TestAFailureIsNotKept(t *testing.T) {
	s := newShopWindow(t)
	for _, status := range []int{http.StatusNotFound, http.StatusServiceUnavailable} {
		s.status = status
		first, again := s.get("/tickets/T"), s.get("/tickets/T")
		assert.Equal(t, status, first.Code)
		assert.Equal(t, status, again.Code)
		assert.Contains(t, again.Body.String(), again.Header().Get("X-Request-Id")[:8])
		assert.NotContains(t, again.Body.String(), first.Header().Get("X-Request-Id"))
		assert.Equal(t, first.Header()["Retry-After"], again.Header()["Retry-After"])
	}
	s.status = http.StatusOK
	assert.Equal(t, http.StatusOK, s.get("/tickets/T").Code)
	assert.Equal(t, http.StatusNotFound, s.get("/tickets/mine").Code)
	assert.Equal(t, 2, s.made(func() { s.get("/?q=" + strings.Repeat("a", 600)); s.get("/?q=" + strings.Repeat("a", 600)) }), "addresses that long are not kept")
}

// Many at once are one question, and who asked first may leave.
func TestACrowdCostsOnePage(t *testing.T) {
	s := newShopWindow(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { assert.Equal(t, http.StatusOK, s.get("/").Code) })
	}
	all.Wait()
	assert.Len(t, s.asked, 1)
	head := s.get("/", func(r *http.Request) { r.Method = http.MethodHead })
	assert.Equal(t, http.StatusOK, head.Code)
	assert.Len(t, s.asked, 1)
}
