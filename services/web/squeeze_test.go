package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhoTakesGzip(t *testing.T) {
	for accepts, want := range map[string]bool{"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.000": false, "deflate, GZIP ; q=1": true, "identity": false, "xgzip": false} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", accepts)
		assert.Equal(t, want, takesGzip(r), accepts)
	}
}

// Pages and files are squeezed; what has a visitor's secret beside words that a stranger can choose is not.
func TestWhatIsSqueezed(t *testing.T) {
	s, ann := newSite(t, map[string]string{"GET /api/events": "[]", "GET /api/orders/O1": orderOf("created", "")})
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.page(s.browse))
	mux.Handle("GET /orders/{id}", s.page(s.order))
	mux.Handle("GET /reset", s.page(s.words("terms", "Terms")))
	mux.HandleFunc("GET /static/{edition}/{file}", s.look.static)
	mux.HandleFunc("GET /favicon.ico", s.look.fixed("favicon.ico"))
	mux.HandleFunc("GET /robots.txt", s.look.fixed("robots.txt"))
	for _, c := range []struct {
		path     string
		signedIn bool
		squeezed bool
	}{
		{"/", false, true},
		{"/?q=x", false, true},
		{"/", true, true},
		{"/?q=x", true, false},
		{"/orders/O1", true, false},
		{"/reset", false, false}, // a mailed link
		{"/static/x/site.css", false, true},
		{"/static/x/anton.woff2", false, false},
		{"/favicon.ico", false, false},
		{"/robots.txt", false, true},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		if c.signedIn {
			r.AddCookie(ann)
		}
		plain := httptest.NewRecorder()
		mux.ServeHTTP(plain, r)
		require.Equal(t, http.StatusOK, plain.Code, c.path)
		assert.Empty(t, plain.Header().Get("Content-Encoding"))
		r.Header.Set("Accept-Encoding", "gzip, br")
		got := httptest.NewRecorder()
		mux.ServeHTTP(got, r)
		if !c.squeezed {
			assert.Empty(t, got.Header().Get("Content-Encoding"), "%+v", c)
			continue
		}
		assert.Equal(t, "gzip", got.Header().Get("Content-Encoding"), "%+v", c)
		assert.Equal(t, "Accept-Encoding", got.Header().Get("Vary"))
		assert.Less(t, got.Body.Len(), plain.Body.Len())
		zip, err := gzip.NewReader(got.Body)
		require.NoError(t, err)
		body, err := io.ReadAll(zip)
		require.NoError(t, err)
		assert.Equal(t, plain.Body.String(), string(body))
	}
}

// An error page names the request, which whoever runs the site finds in the log.
func TestAnErrorPageNamesTheRequest(t *testing.T) {
	s, _ := newSite(t, nil)
	r := httptest.NewRequest(http.MethodGet, "/tickets/nowhere", nil)
	r.Header.Set("X-Request-Id", "req-12345")
	r.SetPathValue("id", "nowhere")
	w := httptest.NewRecorder()
	s.page(s.ticket).ServeHTTP(w, r)
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Contains(t, w.Body.String(), `Request <span class="serial request">req-12345</span>`)
}
