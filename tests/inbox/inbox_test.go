package main

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start is an inbox on free ports: where mail goes, its pages, and its folder.
func start(t *testing.T, dir string) (address string, site *httptest.Server) {
	t.Helper()
	mails, err := openBox(dir)
	require.NoError(t, err)
	f := &faults{log: slog.New(slog.DiscardHandler)}
	server := newSMTP(mails, f, f.log)
	in, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go server.Serve(in)
	site = httptest.NewServer(routes(mails, f))
	t.Cleanup(func() { server.Close(); site.Close() })
	return in.Addr().String(), site
}

const twoParts = "From: Standby <noreply@standby.example>\r\nTo: bob@example.com\r\nSubject: =?UTF-8?q?Caf=C3=A9?=\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x\r\n" +
	"Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>H=C3=A9</p><a href=3D\"https://a.example/?x=3D1&amp;y\">b</a>\r\n--x--\r\n"

func listed(t *testing.T, site *httptest.Server, query string) (all []shown) {
	t.Helper()
	resp, err := http.Get(site.URL + "/api/mails" + query)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&all))
	return all
}

// What it takes can be read, by address, and is there again after it has died.
func TestMailIsKept(t *testing.T) {
	dir := t.TempDir()
	at, site := start(t, dir)
	require.NoError(t, smtp.SendMail(at, nil, "noreply@standby.example", []string{"bob@example.com"}, []byte(twoParts)))
	require.NoError(t, smtp.SendMail(at, nil, "noreply@standby.example", []string{"ann@example.com"}, []byte("Content-Type: text/html\r\n\r\n<h1>Hi</h1><p>you</p>")))
	got := listed(t, site, "?to=bob@example.com")
	require.Len(t, got, 1)
	assert.Equal(t, "Café", got[0].Subject)
	assert.Equal(t, "<p>Hé</p><a href=\"https://a.example/?x=1&amp;y\">b</a>", got[0].HTML)
	assert.Equal(t, "Hello", strings.TrimSpace(got[0].Text))
	assert.Equal(t, []string{"https://a.example/?x=1&y"}, got[0].Links)
	assert.Equal(t, "Hi\nyou", listed(t, site, "?to=ann@example.com")[0].Text)

	_, again := start(t, dir)
	assert.Len(t, listed(t, again, ""), 2)
	for path, want := range map[string]int{"/": 200, "/mails/1": 200, "/mails/1/html": 200, "/mails/1/source": 200, "/mails/9": 404, "/mails/x": 404} {
		resp, err := http.Get(again.URL + path)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode, path)
	}
}

// A mail's page runs nothing and loads nothing, and nobody reads it under another name.
func TestMailsAreForThisMachineAlone(t *testing.T) {
	at, site := start(t, t.TempDir())
	require.NoError(t, smtp.SendMail(at, nil, "x@example.com", []string{"bob@example.com"}, []byte("Content-Type: text/html\r\n\r\n<script>alert(1)</script>")))
	resp, err := http.Get(site.URL + "/mails/1/html")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.NotContains(t, resp.Header.Get("Content-Security-Policy"), "allow-scripts")

	req, err := http.NewRequest("GET", site.URL+"/api/mails", nil)
	require.NoError(t, err)
	req.Host = "evil.example"
	resp, err = http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode)
}

// Faults strike as they are scripted, and then no more.
func TestFaults(t *testing.T) {
	at, site := start(t, t.TempDir())
	send := func(to string) error {
		return smtp.SendMail(at, nil, "x@example.com", []string{to}, []byte("Subject: s\r\n\r\nb"))
	}
	script := func(fault string) int {
		resp, err := http.Post(site.URL+"/api/faults", "application/json", strings.NewReader(fault))
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	require.Equal(t, 201, script(`{"to":"gone@","code":550,"times":2}`))
	require.Equal(t, 201, script(`{"at":"answer","code":451}`))
	assert.ErrorContains(t, send("gone@example.com"), "550")
	assert.ErrorContains(t, send("bob@example.com"), "451")
	assert.Len(t, listed(t, site, ""), 1, "taken, and the sender does not know")
	assert.NoError(t, send("bob@example.com"))
	assert.ErrorContains(t, send("gone@example.com"), "550")
	assert.NoError(t, send("gone@example.com"))
	for _, wrong := range []string{`{}`, `{"code":250}`, `{"code":550,"times":0}`, `{"code":550,"at":"noon"}`, `{"delay":"soon"}`, `{"kode":550}`, `x`} {
		assert.Equal(t, 400, script(wrong), wrong)
	}
}
