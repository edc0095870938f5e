package main

import (
	"bytes"
	"io"
	"mime/multipart"
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

// What gets one in can come with the form: the ticket is listed once, whatever becomes of that.
func TestSellWithAFile(t *testing.T) {
	for name, c := range map[string]struct {
		fields             []string
		file               string
		answer             int // to what is attached
		attached, to, says string
	}{
		"a file":                 {nil, "%PDF-", 200, "%PDF-", "/tickets/T1", "with what gets one in"},
		"a barcode's text":       {[]string{"text", "M1 SIMONE"}, "", 200, `{"text":"M1 SIMONE"}`, "/tickets/T1", "with what gets one in"},
		"neither":                {nil, "", 200, "", "/tickets/T1", "We will show you here"},
		"one that is refused":    {nil, "<script>", 400, "<script>", "/tickets/T1/content", "nothing is attached to it yet"},
		"one that is too large":  {nil, strings.Repeat("x", 3<<20), 200, "", "/tickets/T1/content", "nothing is attached to it yet"},
		"something of ours fell": {nil, "%PDF-", 404, "%PDF-", "/tickets/T1/content", "nothing is attached to it yet"},
		"a mistake elsewhere":    {[]string{"venue", ""}, "%PDF-", 200, "", "", "Choose the file again"},
	} {
		t.Run(name, func(t *testing.T) {
			s, cookie := newSite(t, nil)
			listed, attached := 0, ""
			s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch raw, _ := io.ReadAll(r.Body); r.Method + " " + r.URL.Path {
				case "POST /api/tickets":
					listed++
					w.WriteHeader(http.StatusCreated)
					_, _ = w.Write([]byte(`{"id":"T1"}`))
				case "PUT /api/contents/T1":
					attached = string(raw)
					assert.Empty(t, r.Header.Get("Idempotency-Key"))
					w.WriteHeader(c.answer)
					_, _ = w.Write([]byte(`{"errors":[{"message":"The file must be something else","field":"file","code":"invalid"}]}`))
				}
			})
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			for field, values := range typedForm(c.fields...) {
				require.NoError(t, form.WriteField(field, values[0]))
			}
			part, err := form.CreateFormFile("file", "ticket.pdf")
			require.NoError(t, err)
			_, _ = part.Write([]byte(c.file))
			require.NoError(t, form.Close())
			r := httptest.NewRequest(http.MethodPost, "/sell", &body)
			r.Header.Set("Content-Type", form.FormDataContentType())
			r.AddCookie(cookie)
			w := httptest.NewRecorder()
			s.page(s.sell).ServeHTTP(w, r)
			assert.Equal(t, c.attached, attached)
			assert.Equal(t, c.to, w.Header().Get("Location"))
			if c.to == "" {
				assert.Zero(t, listed)
				assert.Contains(t, w.Body.String(), c.says)
				return
			}
			assert.Equal(t, http.StatusSeeOther, w.Code)
			assert.Equal(t, 1, listed)
			next := httptest.NewRequest(http.MethodGet, c.to, nil)
			for _, c := range w.Result().Cookies() {
				next.AddCookie(c)
			}
			said := s.flashed(httptest.NewRecorder(), next)
			assert.Contains(t, done[said.Done], c.says)
			assert.Equal(t, strings.HasSuffix(c.to, "/content"), len(said.Wrong) == 1)
		})
	}
}
