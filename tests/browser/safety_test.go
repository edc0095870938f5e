package browser

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// client is a browser without the browser: cookies, no redirects.
type client struct {
	t    *testing.T
	base string
	http *http.Client
}

func newClient(t *testing.T, base string) *client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &client{t, base, &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (c *client) send(method, path string, form url.Values, headers ...string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.base+path, bytes.NewBufferString(form.Encode()))
	require.NoError(c.t, err)
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.http.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return resp, string(body)
}

func (c *client) signUp(next string) *http.Response {
	c.t.Helper()
	email := "client" + time.Now().Format("150405.000000000") + "@example.com"
	resp, body := c.send("POST", "/signup", url.Values{"email": {email}, "password": {password}, "next": {next}})
	require.Equal(c.t, http.StatusSeeOther, resp.StatusCode, body)
	return resp
}

// lists puts a ticket on the market and returns its page.
func (c *client) lists(title, price string) string {
	c.t.Helper()
	resp, body := c.send("POST", "/sell", someday().form(title, price))
	require.Equal(c.t, http.StatusSeeOther, resp.StatusCode, body)
	return resp.Header.Get("Location")
}

func TestOtherSitesCanDoNothing(t *testing.T) {
	c := newClient(t, market(t))
	c.signUp("/")
	offer := someday().form("Not mine", "1")
	for name, headers := range map[string][]string{
		"a browser says that the request comes from another site": {"Sec-Fetch-Site", "cross-site"},
		"a browser says that it comes from a sister site":         {"Sec-Fetch-Site", "same-site"},
		"an old browser says where it comes from":                 {"Origin", "https://evil.example"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := c.send("POST", "/sell", offer, headers...)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode)
			assert.Contains(t, body, "another site")
			resp, body = c.send("POST", "/api/tickets", offer, append(headers, "X-Request-Id", "from-another-site")...)
			assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
			assert.JSONEq(t, `{"errors":[{"message":"This request came from another site","code":"cross_origin"}],"requestId":"from-another-site"}`, body)
		})
	}
	resp, _ := c.send("POST", "/sell", offer, "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, http.StatusSeeOther, resp.StatusCode, "our own pages can")
	resp, _ = c.send("GET", "/", nil, "Sec-Fetch-Site", "cross-site")
	assert.Equal(t, http.StatusOK, resp.StatusCode, "a link to us is fine")
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	base := market(t)
	for next, want := range map[string]string{
		"/orders":              "/orders",
		"/tickets/x?a=b":       "/tickets/x?a=b",
		"":                     "/",
		"https://evil.example": "/",
		"//evil.example":       "/",
		"/\\evil.example":      "/",
		"\\\\evil.example":     "/",
		"/\t/evil.example":     "/",
		"javascript:alert(1)":  "/",
		"evil.example":         "/",
	} {
		assert.Equal(t, want, newClient(t, base).signUp(next).Header.Get("Location"), "next is %q", next)
	}
	c := newClient(t, base)
	c.signUp("/")
	resp, _ := c.send("GET", "/signin?next=//evil.example", nil)
	assert.Equal(t, "/", resp.Header.Get("Location"), "signed in already")
}

func TestWhatPeopleTypeIsText(t *testing.T) {
	c := newClient(t, market(t))
	c.signUp("/")
	title := `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	resp, _ := c.send("POST", "/sell", someday().form(title, "3"))
	require.Equal(t, http.StatusSeeOther, resp.StatusCode)
	path := resp.Header.Get("Location")
	for _, page := range []string{path, "/", "/selling", "/?q=" + url.QueryEscape(title), path + "/edit"} {
		_, body := c.send("GET", page, nil)
		assert.Contains(t, body, "alert(1)", page)
		assert.NotContains(t, body, "<script>alert", page)
		assert.NotContains(t, body, "<img src=x", page)
	}
}

func TestEveryPageIsSmallAndStrict(t *testing.T) {
	c := newClient(t, market(t))
	c.signUp("/")
	for i := range 30 {
		c.lists(strings.Repeat("long ", 38)+fmt.Sprint("title", i), "3.50")
	}
	assets := 0
	for _, file := range []string{"site.css", "site.js", "local.js", "forms.js", "countdown.js", "refresh.js", "live.js", "anton.woff2", "icon.svg", "apple-touch-icon.png", "favicon.ico"} {
		resp, body := c.send("GET", "/static/x/"+file, nil)
		require.Equal(t, http.StatusOK, resp.StatusCode, file)
		assets += len(body)
	}
	for _, page := range []string{"/", "/sell", "/selling", "/orders", "/signin", "/signup", "/terms", "/support", "/nowhere", "/tickets/nowhere", "/orders/nowhere"} {
		resp, body := c.send("GET", page, nil)
		t.Logf("%-18s %3d %6d bytes, with everything it loads %6d", page, resp.StatusCode, len(body), len(body)+assets)
		assert.Less(t, len(body)+assets, 100_000, page)
		policy := resp.Header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self'", page)
		assert.NotContains(t, policy, "unsafe", page)
		assert.NotContains(t, body, "style=", page)
		assert.NotContains(t, body, "onclick", page)
		assert.Equal(t, strings.Count(body, "<script"), strings.Count(body, `<script type="module" src="/static/`), "%s has no inline script", page)
	}
	resp, _ := c.send("GET", "/", nil)
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestPathsThatLeadNowhere(t *testing.T) {
	c := newClient(t, market(t))
	resp, body := c.send("GET", "/nowhere", nil)
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	assert.Contains(t, body, "Nothing here")
	for _, path := range []string{"/nowhere", "/api", "/api/nowhere", "/events/broadcast/tickets", "/dapr/nowhere", "/job/x", "//api/tickets", "/static/../main.go"} {
		resp, body := c.send("GET", path, nil, "Accept", "application/json", "X-Request-Id", "a-look-around")
		assert.Equal(t, http.StatusNotFound, resp.StatusCode, path)
		assert.JSONEq(t, `{"errors":[{"message":"Not Found","code":"not_found"}],"requestId":"a-look-around"}`, body, path)
	}
	resp, _ = c.send("GET", "/api/nowhere", nil)
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"), "the API speaks JSON to everybody")
	resp, _ = c.send("POST", "/events/broadcast/tickets", url.Values{})
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode, "nobody but the sidecar brings events")
}
