package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

// What the form has is told in the API's words: an instant with the offset that the venue has on that day.
func TestAnOfferSaysWhenAndWhere(t *testing.T) {
	s, _ := newSite(t, nil)
	for _, c := range []struct {
		form  url.Values
		start string
		wrong []string // fields of the form
	}{
		{typedForm(), "2027-07-18T19:30:00+02:00", nil},
		{typedForm("date", "2027-01-18"), "2027-01-18T19:30:00+01:00", nil},
		{typedForm("time", "19:30:00", "zone", "America/Argentina/Buenos_Aires"), "2027-07-18T19:30:00-03:00", nil},
		{typedForm("date", "2027-03-28", "time", "02:30"), "2027-03-28T03:30:00+02:00", nil}, // an hour that the clock leaves out
		{typedForm("date", ""), "", []string{"date"}},
		{typedForm("date", "18.7.2027", "time", "half past seven"), "", []string{"date", "time"}},
		{typedForm("zone", "", "venue", " "), "", []string{"venue", "zone"}},
		{typedForm("zone", "Atlantis"), "", []string{"zone"}},
		{typedForm("zone", "../../etc/passwd"), "", []string{"zone"}},
		{url.Values{}, "", []string{"title", "price", "venue", "date", "time", "zone"}},
	} {
		offer, err := s.typedOffer(c.form)
		if c.wrong != nil {
			assert.Equal(t, fault.Invalid, fault.KindOf(err))
			var fields []string
			words, _ := fault.Public(err)
			for _, word := range words {
				fields = append(fields, word.Field)
			}
			assert.Equal(t, c.wrong, fields, "%v", c.form)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, c.start, offer["startsAt"])
		assert.NotContains(t, offer, "withdrawn")
	}
	offer, err := s.typedOffer(typedForm("faceValue", "$1,250", "decimal", ".", "withdrawn", "yes", "seat", "12"))
	require.NoError(t, err)
	raw, err := json.Marshal(offer)
	require.NoError(t, err)
	assert.JSONEq(t, `{"title":"Aida","price":"10","faceValue":"1250","startsAt":"2027-07-18T19:30:00+02:00","zone":"Europe/Zurich","venue":"Opernhaus",
		"city":"","section":"","row":"","seat":"12","withdrawn":true}`, string(raw))
}

const dated = `{"id":"T1","version":3,"title":"Aida","price":19.99,"userId":"ann","startsAt":"2027-07-18T17:30:00.000Z","zone":"Europe/Zurich","venue":"Opernhaus","city":"Zürich",
	"section":"Parkett","row":"4","seat":"12","faceValue":25}`

// A form holds the ticket as it is, on the clock of its venue, whatever zone that is.
func TestAFormHoldsTheTicketAsItIs(t *testing.T) {
	for zone, want := range map[string][]string{
		"Europe/Zurich": {`value="2027-07-18"`, `value="19:30"`, `<option value="Europe/Zurich" selected>Zurich</option>`, `value="Opernhaus"`, `value="Zürich"`, `value="25.00"`},
		"Asia/Calcutta": {`value="23:00"`, `<option selected>Asia/Calcutta</option>`}, // another name of Asia/Kolkata
	} {
		s, ann := newSite(t, map[string]string{"GET /api/tickets/T1": strings.Replace(dated, "Europe/Zurich", zone, 1)})
		got := get(t, s.page(s.editForm), "/tickets/T1/edit", "T1", ann)
		require.Equal(t, http.StatusOK, got.Code)
		for _, part := range want {
			assert.Contains(t, got.Body.String(), part)
		}
	}
}

// What the API has against a start is said at the date.
func TestAStartThatHasPassedIsSaidAtTheDate(t *testing.T) {
	s, ann := newSite(t, map[string]string{"POST /api/tickets": `{"errors":[{"message":"The start has passed","field":"startsAt","code":"invalid"}]}`})
	got := offered(t, s, ann, "k")
	assert.Equal(t, http.StatusBadRequest, got.Code)
	assert.Contains(t, got.Body.String(), `id="date-wrong">The start has passed</p>`)
	assert.Contains(t, got.Body.String(), `value="2027-07-18"`, "what was typed stays")
}

// A ticket is withdrawn and offered again by buttons, on its page and among the seller's own, and each leads back to where
// it was pressed.
func TestWithdrawnAndOfferedAgain(t *testing.T) {
	s, ann := newSite(t, nil)
	var asked []string
	refuse := ""
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if refuse != "" && r.Method != http.MethodGet {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(refuse))
			return
		}
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = w.Write([]byte(strings.Replace(dated, "{", `{"withdrawn":true,`, 1)))
	})
	press := func(p page, from string) *httptest.ResponseRecorder {
		asked = nil
		r := httptest.NewRequest(http.MethodPost, "/tickets/T1/x", nil)
		r.Header.Set("Referer", "http://example.com"+from)
		r.SetPathValue("id", "T1")
		r.AddCookie(ann)
		w := httptest.NewRecorder()
		s.page(p).ServeHTTP(w, r)
		return w
	}
	got := press(s.withdraw, "/tickets/T1")
	assert.Equal(t, []string{"DELETE /api/tickets/T1"}, asked)
	assert.Equal(t, "/tickets/T1", got.Header().Get("Location"))
	got = press(s.offerAgain, "/selling?cursor=24")
	assert.Equal(t, []string{"GET /api/tickets/T1", "PUT /api/tickets/T1"}, asked)
	assert.Equal(t, "/selling?cursor=24", got.Header().Get("Location"))
	assert.Equal(t, "/tickets/T1", press(s.withdraw, "/sellingx").Header().Get("Location"))
	refuse = `{"errors":[{"message":"Cannot withdraw a reserved ticket","code":"ticket_reserved"}]}`
	got = press(s.withdraw, "/tickets/T1")
	assert.Equal(t, http.StatusSeeOther, got.Code)
	require.Len(t, got.Result().Cookies(), 1, "with the reason")
}

// Whatever is known of when and where, a ticket says it, and only that.
func TestATicketSaysWhenAndWhereOnTheClockOfItsVenue(t *testing.T) {
	for name, c := range map[string]struct {
		ticket     string
		says, nots []string
	}{
		"dated":                          {dated, []string{"Sun 18 Jul 2027", "19:30 CEST", "Opernhaus, Zürich", "Section Parkett · Row 4 · Seat 12", "tone-sunday", "$25.00"}, []string{"No date given", "data-off"}},
		"in a zone without a short name": {strings.Replace(dated, "Europe/Zurich", "America/Sao_Paulo", 1), []string{"14:30 UTC-03"}, nil},
		"in a zone that we do not know":  {strings.Replace(dated, "Europe/Zurich", "Mars/Olympus", 1), []string{"17:30 UTC"}, nil},
		"from before there were dates":   {`{"id":"T1","title":"Aida","price":19.99,"userId":"bob"}`, []string{"No date given", "tone-undated"}, []string{"0001", "Where", "Seat"}},
		"begun":                          {strings.Replace(dated, "2027-07-18", "2026-01-18", 1), []string{`data-off="past"`}, nil},
		"withdrawn":                      {strings.Replace(dated, "{", `{"withdrawn":true,`, 1), []string{`data-off="withdrawn"`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, ann := newSite(t, map[string]string{"GET /api/tickets/T1": c.ticket})
			got := get(t, s.page(s.ticket), "/tickets/T1", "T1", ann).Body.String()
			for _, text := range c.says {
				assert.Contains(t, got, text)
			}
			for _, text := range c.nots {
				assert.NotContains(t, got, text)
			}
		})
	}
}
