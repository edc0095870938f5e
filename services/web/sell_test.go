package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var keyOfForm = regexp.MustCompile(`name="key" value="([^"]*)"`)

// typedForm is what a seller types, with these fields changed.
func typedForm(fields ...string) url.Values {
	f := url.Values{"title": {"Aida"}, "price": {"10"}, "date": {"2027-07-18"}, "time": {"19:30"}, "zone": {"Europe/Zurich"}, "venue": {"Opernhaus"}}
	for i := 0; i < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	return f
}

// offered sends the form for a ticket.
func offered(t *testing.T, s *site, cookie *http.Cookie, key string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/sell", strings.NewReader(typedForm("title", "Aida", "price", "10", "key", key).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(cookie)
	w := httptest.NewRecorder()
	s.page(s.sell).ServeHTTP(w, r)
	return w
}

// Two clicks are one ticket, and the second leads to it, too.
func TestTheSecondClickWaitsForTheFirst(t *testing.T) {
	s, cookie := newSite(t, nil)
	asked := 0
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "k1", r.Header.Get("Idempotency-Key"))
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"errors":[{"message":"under way","code":"idempotency_in_progress"}]}`))
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":"T1"}`))
	})
	w := offered(t, s, cookie, "k1")
	assert.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/tickets/T1", w.Header().Get("Location"))
}

// Who goes back to the form, changes it and sends it is told, and may list another with it.
func TestAFormThatWasSentBefore(t *testing.T) {
	s, cookie := newSite(t, nil)
	s.api = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"errors":[{"message":"reused","code":"idempotency_key_reused","field":"Idempotency-Key"}]}`))
	})
	w := offered(t, s, cookie, "k1")
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Contains(t, w.Body.String(), "You have listed a ticket with this form already.")
	assert.Contains(t, w.Body.String(), `value="Aida"`)
	key := keyOfForm.FindStringSubmatch(w.Body.String())
	require.Len(t, key, 2)
	assert.Len(t, key[1], 26)
}
