package main

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/web/queue"
	"marketplace/shared/admission"
	"marketplace/shared/fault"
)

// crowd has as many ask for something at once as are let in, and stay for a moment. What it returns has them leave, one after
// the other.
func crowd(t *testing.T, s *site) func() {
	t.Helper()
	s.door = admission.New(time.Now)
	var inside []func(admission.Outcome)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		leave, err := s.door.Enter(ctx, admission.Visit{Class: admission.Begin, Arrived: time.Now()})
		cancel()
		if err != nil {
			break
		}
		inside = append(inside, leave)
	}
	require.NotEmpty(t, inside)
	return func() {
		for _, leave := range inside {
			leave(admission.Answered)
			synctest.Wait()
		}
	}
}

// packed is crowd with so many waiting before the door that nobody else is let wait.
func packed(t *testing.T, s *site) func() {
	t.Helper()
	leave := crowd(t, s)
	for range 100 {
		go func() {
			if leave, err := s.door.Enter(t.Context(), admission.Visit{Class: admission.Begin, Arrived: time.Now().Add(-time.Hour)}); err == nil {
				leave(admission.Answered)
			}
		}()
	}
	synctest.Wait()
	return leave
}

// visited is s as its visitors meet it: the API, and a few pages.
func visited(s *site) http.Handler {
	pages := http.NewServeMux()
	pages.Handle("/api/", s.api)
	pages.Handle("GET /{$}", s.page(s.browse))
	pages.Handle("GET /support", s.page(s.words("support", "Help")))
	pages.Handle("GET /orders/{id}", s.page(s.order))
	pages.Handle("POST /tickets/{id}/buy", s.page(s.buy))
	pages.Handle("POST /sell", s.page(s.sell))
	pages.Handle("POST /signin", s.page(s.signIn))
	pages.HandleFunc("/live", s.live)
	return s.visits(pages)
}

func TestWhatComesFirst(t *testing.T) {
	s, ann := newSite(t, nil)
	for _, row := range []struct {
		request string
		want    admission.Class
	}{
		{"POST /api/payments", admission.Finish},
		{"GET /api/payments/o1", admission.Finish},
		{"DELETE /api/orders/o1", admission.Finish},
		{"GET /api/orders/o1", admission.Finish},
		{"POST /api/handovers/o1/open", admission.Finish},
		{"PUT /api/contents/t1", admission.Finish},
		{"POST /orders/o1/pay", admission.Finish},
		{"GET /orders/o1", admission.Finish},
		{"POST /tickets/t1/content", admission.Finish},
		{"POST /api/orders", admission.Begin},
		{"POST /api/tickets", admission.Begin},
		{"PUT /api/tickets/t1", admission.Begin},
		{"POST /api/users/signin", admission.Begin},
		{"POST /tickets/t1/buy", admission.Begin},
		{"POST /sell", admission.Begin},
		{"GET /api/orders", admission.Look},
		{"GET /api/tickets", admission.Look},
		{"GET /", admission.Look},
		{"GET /tickets/t1", admission.Look},
	} {
		method, path, _ := strings.Cut(row.request, " ")
		r := httptest.NewRequest(method, path, nil)
		stranger := row.want
		if stranger == admission.Finish { // who is nobody has begun nothing
			stranger = admission.Begin
			if method == "GET" {
				stranger = admission.Look
			}
		}
		assert.Equal(t, stranger, s.classOf(r), row.request)
		r.AddCookie(ann)
		assert.Equal(t, row.want, s.classOf(r), row.request)
	}
	assert.Equal(t, admission.Finish, s.classOf(httptest.NewRequest("POST", "/api/payments/webhook", nil)), "Stripe has no account")
}

// A program is told that it is too much, and when to come back; what was begun goes on, and so does what web knows itself.
func TestTooMuchIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ann := newSite(t, map[string]string{"POST /api/payments": `{"id":"p1"}`, "GET /api/tickets": `[]`})
		site := visited(s)
		call := func(method, path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, path, strings.NewReader("{}"))
			r.AddCookie(ann)
			w := httptest.NewRecorder()
			site.ServeHTTP(w, r)
			return w
		}
		leave := packed(t, s)
		began := time.Now()
		got := call("POST", "/api/orders")
		assert.Equal(t, http.StatusServiceUnavailable, got.Code)
		assert.Equal(t, fault.Overloaded, fault.CodeOf(fault.Read(got.Code, got.Body.Bytes())))
		assert.NotEmpty(t, got.Header().Get("Retry-After"))
		assert.Equal(t, noStore, got.Header().Get("Cache-Control"))
		assert.LessOrEqual(t, time.Since(began), time.Second)
		leave()
		leave = packed(t, s)
		assert.Equal(t, http.StatusServiceUnavailable, call("GET", "/api/tickets").Code)
		leave()

		leave = packed(t, s)
		began = time.Now()
		assert.Equal(t, http.StatusOK, call("POST", "/api/payments").Code)
		assert.Equal(t, http.StatusOK, call("GET", "/support").Code, "nobody is asked for it")
		assert.Zero(t, time.Since(began), "they did not wait")
		leave()
		assert.Equal(t, http.StatusOK, call("GET", "/api/tickets").Code)
	})
}

// A person sees that there is a queue; he keeps his place and what he typed, and no password gets into the page.
func TestThereIsAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ann := newSite(t, map[string]string{"POST /api/orders": `{"id":"o1"}`, "GET /api/events": `[]`})
		b := &browser{t: t, handler: visited(s), cookies: map[string]*http.Cookie{ann.Name: ann}}
		post := func(path string, form url.Values) *httptest.ResponseRecorder {
			r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return b.send(r)
		}
		leave := packed(t, s)
		page := post("/tickets/t1/buy", url.Values{"price": {"19.99"}})
		assert.Equal(t, http.StatusServiceUnavailable, page.Code)
		assert.NotEmpty(t, page.Header().Get("Retry-After"))
		assert.Contains(t, page.Body.String(), "There is a queue")
		assert.Contains(t, page.Body.String(), `action="/tickets/t1/buy"`)
		assert.Contains(t, page.Body.String(), `<input type="hidden" name="price" value="19.99">`)
		assert.Regexp(t, `data-again="\d+"`, page.Body.String())
		assert.NotContains(t, page.Body.String(), "http-equiv", "a form is sent again by its button")
		place := b.cookies["queue-begin"]
		require.NotNil(t, place)
		leave()

		assert.Equal(t, http.StatusSeeOther, post("/tickets/t1/buy", url.Values{"price": {"19.99"}}).Code)
		assert.Nil(t, b.cookies["queue-begin"], "a place is good for once")

		leave = packed(t, s)
		page = post("/signin", url.Values{"email": {"ann@example.com"}, "password": {"correct horse"}, "next": {"/sell"}})
		assert.Equal(t, http.StatusServiceUnavailable, page.Code)
		assert.NotContains(t, page.Body.String(), "correct horse")
		assert.Contains(t, page.Body.String(), `name="email" value="ann@example.com"`)
		assert.Contains(t, page.Body.String(), `name="password" type="password"`)
		assert.NotContains(t, page.Body.String(), "data-again")
		leave()

		leave = packed(t, s)
		got := b.send(httptest.NewRequest("GET", "/", nil))
		assert.Equal(t, http.StatusServiceUnavailable, got.Code)
		assert.Regexp(t, `<noscript><meta http-equiv="refresh" content="\d+"></noscript>`, got.Body.String())
		assert.NotNil(t, b.cookies["queue-look"])
		leave()
		assert.Equal(t, http.StatusOK, b.send(httptest.NewRequest("GET", "/", nil)).Code)
	})
}

// A file does not go into the page either: it is chosen once more.
func TestAFormWithAFileInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ann := newSite(t, nil)
		var body strings.Builder
		form := multipart.NewWriter(&body)
		for name, value := range map[string]string{"title": "Nina Simone", "price": "20", "date": "2027-07-18", "time": "19:30", "zone": "Europe/Zurich", "venue": "Casino", "city": "Montreux", "key": "k1"} {
			require.NoError(t, form.WriteField(name, value))
		}
		file, err := form.CreateFormFile("file", "ticket.pdf")
		require.NoError(t, err)
		_, _ = io.WriteString(file, "%PDF-1.4 secret")
		require.NoError(t, form.Close())
		r := httptest.NewRequest("POST", "/sell", strings.NewReader(body.String()))
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.AddCookie(ann)
		defer packed(t, s)()
		w := httptest.NewRecorder()
		visited(s).ServeHTTP(w, r)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Contains(t, w.Body.String(), `name="title" value="Nina Simone"`)
		assert.Contains(t, w.Body.String(), `type="file"`)
		assert.NotContains(t, w.Body.String(), "secret")
		assert.NotContains(t, w.Body.String(), "data-again")
	})
}

// Who came first is let in first, also among those who were sent away.
func TestAPlaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ann := newSite(t, map[string]string{"POST /api/orders": `{"id":"o1"}`})
		s.queue = queue.New("secret", time.Now)
		b := &browser{t: t, handler: visited(s), cookies: map[string]*http.Cookie{ann.Name: ann}}
		buy := func(b *browser) int {
			return b.send(httptest.NewRequest("POST", "/tickets/t1/buy", nil)).Code
		}
		leave := packed(t, s)
		require.Equal(t, http.StatusServiceUnavailable, buy(b))
		leave()
		time.Sleep(3 * time.Second)

		leave = crowd(t, s)
		var came []string
		for _, who := range []string{"newcomer", "who was here before"} {
			visitor := &browser{t: t, handler: b.handler, cookies: map[string]*http.Cookie{ann.Name: ann}}
			if who != "newcomer" {
				visitor.cookies["queue-begin"] = b.cookies["queue-begin"]
			}
			go func() {
				if buy(visitor) == http.StatusSeeOther {
					came = append(came, who)
				}
			}()
			synctest.Wait()
		}
		leave()
		time.Sleep(time.Second)
		assert.Equal(t, []string{"who was here before", "newcomer"}, came)
	})
}

// When a service says that it is too much, web asks it for nothing new for a moment.
func TestAServiceIsAskedForTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ann := newSite(t, nil)
		s.door = admission.New(time.Now)
		asked := 0
		s.api = s.admit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			resp := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Request: r,
				Body: io.NopCloser(strings.NewReader(`{"errors":[{"message":"Too much","code":"overloaded"}]}`))}
			require.NoError(t, inOurWords(resp))
			w.WriteHeader(resp.StatusCode)
			_, _ = io.Copy(w, resp.Body)
		}))
		b := &browser{t: t, handler: visited(s), cookies: map[string]*http.Cookie{ann.Name: ann}}
		page := b.send(httptest.NewRequest("POST", "/tickets/t1/buy", nil))
		assert.Equal(t, http.StatusServiceUnavailable, page.Code)
		assert.Contains(t, page.Body.String(), "There is a queue")
		began := time.Now()
		_ = b.send(httptest.NewRequest("POST", "/tickets/t1/buy", nil))
		assert.Equal(t, 2, asked)
		assert.Equal(t, 100*time.Millisecond, time.Since(began))
		began = time.Now()
		_ = b.send(httptest.NewRequest("GET", "/", nil))
		assert.Zero(t, time.Since(began), "looking is not for that service to refuse")
	})
}

// Every password that a form asks for is known as one, and asked for again by the page of the queue.
func TestSecretsOfForms(t *testing.T) {
	pages, err := filepath.Glob("templates/*.html")
	require.NoError(t, err)
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, form := range regexp.MustCompile(`(?s)<form method="post" action="([^"]*)".*?</form>`).FindAllStringSubmatch(string(text), -1) {
			var names []string
			for _, input := range regexp.MustCompile(`name="(\w+)" type="password"`).FindAllStringSubmatch(form[0], -1) {
				names = append(names, input[1])
				assert.NotEmpty(t, secrets[input[1]], "%s in %s", input[1], page)
				found++
			}
			if page != "templates/queue.html" {
				assert.Equal(t, secretsOf[form[1]], names, "%s in %s", form[1], page)
			}
		}
	}
	assert.Equal(t, 6, found)
}
