package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The device's cookie reaches auth, through the API and the site's form, and nobody else; both cookies come back.
func TestTheDeviceReachesAuth(t *testing.T) {
	asked := map[string]string{}
	sidecar := sidecarAt(t, func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path] = r.Header.Get("Cookie")
		w.Header().Add("Set-Cookie", "session=new")
		w.Header().Add("Set-Cookie", "device=new")
		_, _ = w.Write([]byte(`{}`))
	})
	s, _ := newSite(t, nil)
	s.api = passOn(sidecar, slog.New(slog.DiscardHandler))
	send := func(h http.Handler, path, kind string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("email=a&password=b"))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Cookie", "other=x; device=d; session=s")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, path := range []string{"/api/users/signin", "/api/users/signup", "/api/tickets", "/api/orders"} {
		send(s.api, path, "application/json")
	}
	assert.Equal(t, map[string]string{
		"/api/users/signin": "session=s; device=d", "/api/users/signup": "session=s; device=d", "/api/tickets": "session=s", "/api/orders": "session=s",
	}, asked)

	clear(asked)
	w := send(s.page(s.signIn), "/signin", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusSeeOther, w.Code, "%s", w.Body)
	assert.Equal(t, map[string]string{"/api/users/signin": "session=s; device=d"}, asked)
	assert.Equal(t, []string{"session=new", "device=new"}, w.Header().Values("Set-Cookie"))
}
