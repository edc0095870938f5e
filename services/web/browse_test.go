package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

// One event's tickets stand together and lead to all of them; a single one leads to itself.
func TestOneEventsTicketsStandTogether(t *testing.T) {
	s, _ := newSite(t, nil)
	var asked url.Values
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		switch r.URL.Path {
		case "/api/events":
			_, _ = w.Write([]byte(`[{"id":"E1","tickets":3,"cheapest":` + dated + `},{"id":"T2","tickets":1,"cheapest":{"id":"T2","title":"Tosca","price":12,"eventId":"T2"}}]`))
		case "/api/tickets":
			_, _ = w.Write([]byte(`[` + dated + `]`))
		}
	})
	front := get(t, s.page(s.browse), "/?q=a&city=Z%C3%BCrich&from=2027-07-01&to=2027-08-01&sort=price&cursor=c&trail=b&nonsense=1", "").Body.String()
	assert.Equal(t, url.Values{"q": {"a"}, "city": {"Zürich"}, "from": {"2027-07-01"}, "to": {"2027-08-01"}, "sort": {"price"}, "cursor": {"c"}, "limit": {onePage}}, asked)
	for _, part := range []string{`href="/?event=E1">Aida`, "3 tickets", "from</span>", `href="/tickets/T2"`, `value="Zürich"`, `value="2027-07-01"`, "<details class=\"more-search\" open>",
		`<a href="/?city=Z%C3%BCrich&amp;from=2027-07-01&amp;q=a&amp;sort=-price&amp;to=2027-08-01">`} {
		assert.Contains(t, front, part)
	}
	assert.NotContains(t, front, `data-ticket="T1"`, "what becomes of the cheapest does not tell of the others")

	seats := get(t, s.page(s.browse), "/?event=E1", "").Body.String()
	assert.Equal(t, url.Values{"event": {"E1"}, "sort": {"price"}, "limit": {onePage}}, asked)
	for _, part := range []string{"<h1 dir=\"auto\">Aida</h1>", "Section Parkett · Row 4 · Seat 12", `href="/tickets/T1"`, "Opernhaus, Zürich"} {
		assert.Contains(t, seats, part)
	}
}

// Dates that make no sense are said to be wrong, and what was asked for stays.
func TestDatesThatMakeNoSense(t *testing.T) {
	s, _ := newSite(t, map[string]string{"GET /api/events": `{"errors":[{"message":"to must not be before from","field":"to"}]}`})
	r := httptest.NewRequest(http.MethodGet, "/?from=2027-02-02&to=2027-01-01", nil)
	w := httptest.NewRecorder()
	s.page(s.browse).ServeHTTP(w, r)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, w.Body.String(), "to must not be before from")
	assert.Contains(t, w.Body.String(), `value="2027-02-02"`)
}
