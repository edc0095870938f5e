package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/session"
)

var olga = session.User{ID: "olga", Email: "olga@example.com", Verified: true, Operator: true}

const (
	aReport = `{"orderId":"T1-O1","status":"reported","role":"operator","sellerId":"ann","buyerId":"bob","ticket":{"id":"T1","title":"<b>Aida","price":19.99},
		"soldAt":"2026-03-01T09:00:00.000Z","dueAt":"2026-03-03T12:00:00.000Z","deliveredAt":"2026-03-01T10:00:00.000Z","reportedAt":"2026-03-01T11:00:00.000Z","report":"<i>used"}`
	aCase = `{"id":"refund-T2-O1","orderId":"T2-O1","kind":"refund","reason":"<u>closed","since":"2026-03-01T11:30:00.000Z","over":false,"stripeId":"pi_1","status":"refunding","amount":1999,"currency":"usd",
		"notes":[{"at":"2026-03-01T11:30:00.000Z","what":"told","words":"<u>closed"},{"at":"2026-03-01T11:40:00.000Z","by":"olga","what":"looked"},{"at":"2026-03-01T11:40:01.000Z","what":"found","words":"It has not gone back"},{"at":"2026-03-01T11:50:00.000Z","by":"OLEGOLEGOLEG","what":"done","words":"By hand"}]}`
)

// Operators see what is reported and which payments need somebody, with what they can do about each; nobody else sees that there is
// such a page.
func TestDesk(t *testing.T) {
	answers := map[string]string{"GET /api/handovers/reports": "[" + aReport + "]", "GET /api/payments/cases": "[" + aCase + "]"}
	s, cookie := siteFor(t, olga, answers)
	got := get(t, s.page(s.desk), "/desk", "", cookie)
	require.Equal(t, http.StatusOK, got.Code)
	for _, text := range []string{
		"&lt;b&gt;Aida", "&lt;i&gt;used", `action="/desk/reports/T1-O1"`, `value="refund"`, `value="dismiss"`, "Refund ", "$19.99", "no way back",
		"The money does not go back", "&lt;u&gt;closed", "pi_1", `action="/desk/cases/refund-T2-O1/look"`, `action="/desk/cases/refund-T2-O1/done"`, "Send the money back again",
		"You had the card network asked again", "It has not gone back", "OLEG OLEG", "settled it by hand", `<a href="/desk" aria-current="page">Desk</a>`,
	} {
		assert.Contains(t, got.Body.String(), text)
	}
	for _, text := range []string{"<b>Aida", "<i>used", "<u>", "<script>"} {
		assert.NotContains(t, got.Body.String(), text)
	}

	s, cookie = siteFor(t, olga, map[string]string{"GET /api/handovers/reports": "[]", "GET /api/payments/cases": "[]"})
	got = get(t, s.page(s.desk), "/desk", "", cookie)
	for _, text := range []string{"Nothing is reported", "No payment needs anybody", "Nothing yet"} {
		assert.Contains(t, got.Body.String(), text)
	}
	s, cookie = siteFor(t, olga, map[string]string{"GET /api/handovers/reports": "[" + aReport + "]"})
	got = get(t, s.page(s.desk), "/desk", "", cookie)
	require.Equal(t, http.StatusOK, got.Code, "without payments the rest is shown")
	assert.Contains(t, got.Body.String(), "The payments cannot be had now")
	assert.Contains(t, got.Body.String(), "&lt;b&gt;Aida")

	s, ann := newSite(t, answers)
	got = get(t, s.page(s.desk), "/desk", "", ann)
	assert.Equal(t, http.StatusNotFound, got.Code)
	assert.NotContains(t, got.Body.String(), "Aida")
	assert.NotContains(t, got.Body.String(), `href="/desk"`)
	assert.Equal(t, http.StatusSeeOther, get(t, s.page(s.desk), "/desk", "").Code, "to sign in")
}

// What an operator decides is asked of the service that decides it; a refusal stands on the desk, and nobody else's form is read.
func TestDeedsAtTheDesk(t *testing.T) {
	refusal := `{"errors":[{"message":"There is no open report of this ticket","code":"report_closed"}]}`
	send := func(s *site, p page, id, body string, cookies ...*http.Cookie) (*httptest.ResponseRecorder, string) {
		var asked string
		inner := s.api
		s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.Path
			inner.ServeHTTP(w, r)
		})
		r := httptest.NewRequest(http.MethodPost, "/desk/x", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetPathValue("id", id)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		s.page(p).ServeHTTP(w, r)
		return w, asked
	}
	for _, c := range []struct {
		name, id, body, asked, answer string
		page                          func(*site) page
	}{
		{"refund", "T1-O1", "decision=refund", "POST /api/handovers/T1-O1/decision", `{}`, func(s *site) page { return s.decide }},
		{"refused", "T1-O1", "decision=dismiss", "POST /api/handovers/T1-O1/decision", refusal, func(s *site) page { return s.decide }},
		{"look", "refund-T2-O1", "", "POST /api/payments/cases/refund-T2-O1/look", `{}`, func(s *site) page { return s.lookAgain }},
		{"done", "refund-T2-O1", url.Values{"words": {"By hand"}}.Encode(), "POST /api/payments/cases/refund-T2-O1/done", `{}`, func(s *site) page { return s.doneByHand }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, cookie := siteFor(t, olga, map[string]string{c.asked: c.answer, "GET /api/handovers/T1-O1": `{}`, "GET /api/handovers/reports": "[]", "GET /api/payments/cases": "[]"})
			got, asked := send(s, c.page(s), c.id, c.body, cookie)
			assert.Equal(t, http.StatusSeeOther, got.Code)
			assert.Equal(t, "/desk", got.Header().Get("Location"))
			assert.Equal(t, c.asked, asked)
			then := get(t, s.page(s.desk), "/desk", "", cookie, got.Result().Cookies()[0]).Body.String()
			if c.answer == refusal {
				assert.Contains(t, then, "There is no open report")
			} else {
				assert.NotContains(t, then, `id="said"></p>`, "it is said what was done")
			}

			s, ann := newSite(t, map[string]string{c.asked: `{}`})
			got, asked = send(s, c.page(s), c.id, c.body, ann)
			assert.Equal(t, http.StatusNotFound, got.Code)
			assert.Empty(t, asked)
			got, asked = send(s, c.page(s), c.id, c.body)
			assert.Equal(t, http.StatusSeeOther, got.Code)
			assert.Contains(t, got.Header().Get("Location"), "/signin")
			assert.Empty(t, asked)
		})
	}
}

// A buyer who opens his ticket while an operator looks at the report is decided about only when that was seen.
func TestADecisionAboutWhatTheDeskShowed(t *testing.T) {
	for name, c := range map[string]struct {
		seen, now string
		decided   bool
	}{
		"never opened":           {"", `{}`, true},
		"opened as it was shown": {"2026-03-01T11:00:00.000Z", `{"openedAt":"2026-03-01T11:00:00.000Z"}`, true},
		"opened meanwhile":       {"", `{"openedAt":"2026-03-01T11:00:00.000Z"}`, false},
	} {
		s, cookie := siteFor(t, olga, nil)
		var matched []string
		s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"read"`)
			if r.Method == http.MethodPost {
				matched = append(matched, r.Header.Get("If-Match"))
			}
			_, _ = w.Write([]byte(c.now))
		})
		r := httptest.NewRequest(http.MethodPost, "/desk/x", strings.NewReader(url.Values{"decision": {"refund"}, "opened": {c.seen}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetPathValue("id", "T1-O1")
		r.AddCookie(cookie)
		w := httptest.NewRecorder()
		s.page(s.decide).ServeHTTP(w, r)
		assert.Equal(t, http.StatusSeeOther, w.Code, name)
		if c.decided {
			assert.Equal(t, []string{`"read"`}, matched, name)
		} else {
			assert.Empty(t, matched, name)
		}
	}
}

// A list of which the first page is empty is read on; one that never ends is not.
func TestAListOfTheDeskIsReadOn(t *testing.T) {
	s, cookie := siteFor(t, olga, nil)
	asked := 0
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Link", `<`+r.URL.Path+`?cursor=1>; rel="next"`)
		if asked == 2 {
			w.Header().Del("Link")
			_, _ = w.Write([]byte("[" + aReport + "]"))
			return
		}
		_, _ = w.Write([]byte("[]"))
	})
	r := httptest.NewRequest(http.MethodGet, "/desk", nil)
	r.AddCookie(cookie)
	all, on := onDesk[handed](s, r, "/api/handovers/reports", "open", 5)
	assert.Len(t, all, 1)
	assert.Equal(t, pile{}, on)
	all, on = onDesk[handed](s, r, "/api/handovers/reports", "open", 5)
	assert.Empty(t, all)
	assert.Equal(t, pile{More: true}, on)
	assert.Equal(t, 2+deskLooks, asked)
}
