package tests

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/session"
)

// An operator ends an account's sessions beside auth, and no service takes them any longer.
func TestEndSessions(t *testing.T) {
	s := market(t)
	ann, bob := newcomer(t, s), newcomer(t, s)
	elsewhere := visitor(t, s)
	require.Equal(t, 200, elsewhere.post("/api/users/signin", `{"email":"`+ann.Email+`","password":"correct horse"}`).Status)

	assert.Equal(t, "Every session of "+ann.Email+" is over within 30s.\n", command(t, s, "end-sessions", ann.Email))

	over := func() bool {
		for _, p := range []*person{ann, elsewhere} {
			for _, path := range []string{"/api/orders", "/api/tickets/mine", "/api/payments/x"} {
				if p.get(path).Status != 401 {
					return false
				}
			}
			if string(p.get("/api/users/currentuser").Body) != "{\"currentUser\":null}\n" || knock(t, s, "GET", "/sell", "", p.cookie.Value, "") != "303 /signin" ||
				knock(t, s, "GET", "/api/tickets/mine", "", "", p.cookie.Value) != "401" {
				return false
			}
		}
		return true
	}
	require.Eventually(t, over, session.EndsWithin+10*time.Second, 500*time.Millisecond, "every service has heard")
	assert.Equal(t, 200, bob.get("/api/orders").Status, "somebody else's session")
	require.Equal(t, 200, ann.post("/api/users/signin", `{"email":"`+ann.Email+`","password":"correct horse"}`).Status)
	assert.Equal(t, 200, ann.get("/api/orders").Status, "she has signed in again")
}

// While somebody guesses at an account, its owner gets in from the browser in which she has signed in before, with the
// site's form as with the API, and everybody else is told how long to wait.
func TestAnAccountUnderAttack(t *testing.T) {
	s := market(t)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	email := fmt.Sprintf("attacked%d@example.com", time.Now().UnixNano())
	form := func(client *http.Client, page, password string) (int, string) {
		t.Helper()
		resp, err := client.PostForm(s.URL+page, url.Values{"email": {email}, "password": {password}})
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	status, _ := form(browser, "/signup", "correct horse")
	require.Equal(t, 303, status)
	status, _ = form(browser, "/signout", "")
	require.Equal(t, 303, status)
	site, err := url.Parse(s.URL)
	require.NoError(t, err)
	names := func() (all []string) {
		for _, c := range jar.Cookies(site) {
			all = append(all, c.Name)
		}
		return all
	}
	require.NotContains(t, names(), session.Cookie)
	at := slices.Index(names(), session.DeviceCookie)
	require.GreaterOrEqual(t, at, 0, "it stays")
	device := jar.Cookies(site)[at]

	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 66, 7)}} // not where the other tests come from
	attacker := &http.Client{Transport: &http.Transport{DialContext: from.DialContext}}
	for range 10 {
		status, _ = form(attacker, "/signin", "wrong horse")
		require.Equal(t, 400, status)
	}
	status, page := form(attacker, "/signin", "correct horse")
	assert.Equal(t, 429, status)
	assert.Contains(t, page, "Too many failed attempts. Please wait 15 minutes")

	status, _ = form(browser, "/signin", "correct horse")
	assert.Equal(t, 303, status, "her browser")
	assert.Subset(t, names(), []string{session.Cookie, session.DeviceCookie})
	tool := &person{t: t, base: s.URL, cookie: device}
	assert.Equal(t, 200, tool.post("/api/users/signin", `{"email":"`+email+`","password":"correct horse"}`).Status)
	assert.Equal(t, session.Cookie, tool.cookie.Name)
}
