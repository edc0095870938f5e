package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/auth/user"
	"marketplace/shared/events"
	"marketplace/shared/service"
)

// news are the events of accounts, oldest first, each once.
func (h *house) told(t *testing.T) (all []events.Account) {
	t.Helper()
	h.background.Wait()
	h.outbox.Wait()
	seen := map[string]bool{}
	for _, e := range h.sidecar.Published(events.AccountsTopic) {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		var a events.Account
		require.NoError(t, json.Unmarshal(e.Data, &a))
		assert.NotContains(t, string(e.Data), "@")
		all = append(all, a)
	}
	return all
}

func (h *house) whats(t *testing.T) (all []string) {
	t.Helper()
	for _, a := range h.told(t) {
		all = append(all, a.News)
	}
	return all
}

func (h *house) asMail(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for name, value := range map[string]string{"Content-Type": "application/json", "dapr-api-token": "token", "dapr-caller-app-id": "mail"} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.routes(service.Settings{Token: "token"}, slog.New(slog.DiscardHandler), nil).ServeHTTP(w, r)
	return w
}

// address is what mail hears of whom to write to.
func (h *house) address(t *testing.T, id string) string {
	t.Helper()
	return h.asMail("GET", "/internal/accounts/"+id, "").Body.String()
}

// letter asks for a letter's link as mail does, and returns its token.
func (h *house) letter(t *testing.T, purpose string, id string, version int64) (status int, token string) {
	t.Helper()
	w := h.asMail("POST", "/internal/accounts/"+id+"/links", fmt.Sprintf(`{"purpose":%q,"version":%d}`, purpose, version))
	var link struct{ Path string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &link))
	u, err := url.Parse(link.Path)
	require.NoError(t, err)
	if w.Code == 200 {
		assert.Equal(t, "/"+purpose, u.Path)
	}
	return w.Code, u.Query().Get("token")
}

// latest is the token of the latest letter of a kind.
func (h *house) latest(t *testing.T, purpose, what string) string {
	t.Helper()
	all := h.told(t)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].News == what {
			status, token := h.letter(t, purpose, all[i].ID, all[i].Version)
			require.Equal(t, 200, status)
			return token
		}
	}
	t.Fatal("no letter was asked for: ", what)
	return ""
}

// over tells whether a browser's session is over in the eyes of a service that asks now.
func (h *house) over(t *testing.T, browser []*http.Cookie) bool {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range browser {
		r.AddCookie(c)
	}
	u, err := h.verifier.User(r)
	require.NoError(t, err)
	ended, err := h.ended(t.Context())
	require.NoError(t, err)
	return u.Generation < ended[u.ID]
}

func (h *house) post(t *testing.T, path, body string, browser *[]*http.Cookie) (int, string) {
	t.Helper()
	return h.ask(t, "POST", "/api/users/"+path, home, body, browser)
}

// Whoever has forgotten the password chooses another by a link, once, and everybody else is out.
func TestForgottenPassword(t *testing.T) {
	h := newHouse(t)
	var anns []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	status, body := h.post(t, "forgot", `{"email":" Ann@example.com"}`, nil)
	assert.Equal(t, 202, status)
	assert.JSONEq(t, `{}`, body)
	token := h.latest(t, "reset", "forgotten")
	second := func() string {
		h.post(t, "forgot", `{"email":"ann@example.com"}`, nil)
		return h.latest(t, "reset", "forgotten")
	}()
	require.NotEqual(t, token, second)
	assert.Equal(t, token, func() string { _, again := h.letter(t, "reset", h.told(t)[0].ID, 1); return again }(), "the same letter has the same link")

	for _, wrong := range []string{"", "x", token[:len(token)-2], token + "A", strings.Replace(token, ".1.", ".3.", 1), "x" + token} {
		status, words := h.post(t, "reset", `{"token":"`+wrong+`","password":"battery staple"}`, nil)
		assert.Equal(t, 400, status, wrong)
		assert.Equal(t, "This link is used up, or its time is over. Ask for a new one", words)
	}
	status, words := h.post(t, "reset", `{"token":"`+token+`","password":"short"}`, nil)
	assert.Equal(t, 400, status)
	assert.Equal(t, user.PasswordRule, words)
	status, _ = h.post(t, "verify", `{"token":"`+token+`"}`, nil)
	assert.Equal(t, 400, status, "it is for another purpose")

	for range mostOfAccount { // nobody who guesses keeps the owner from it
		h.enters(t, "signin", abroad, "ann", "wrong horse", nil)
	}
	status, _ = h.post(t, "reset", `{"token":"`+token+`","password":"battery staple"}`, nil)
	assert.Equal(t, 200, status)
	assert.True(t, h.over(t, anns))
	for _, used := range []string{token, second} {
		status, _ = h.post(t, "reset", `{"token":"`+used+`","password":"another horse"}`, nil)
		assert.Equal(t, 400, status, "used, or the other one")
	}
	h.now = h.now.Add(16 * time.Minute)
	status, _ = h.enters(t, "signin", home, "ann", "correct horse", nil)
	assert.Equal(t, 400, status)
	status, _ = h.enters(t, "signin", home, "ann", "battery staple", &anns)
	assert.Equal(t, 200, status)
	_, body = h.ask(t, "GET", "/api/users/currentuser", home, "", &anns)
	assert.Contains(t, body, `"verified":true`, "she reads the address's mail")
	assert.Equal(t, []string{"created", "forgotten", "forgotten", "password-changed", "signed-in"}, h.whats(t))
	for _, key := range h.sidecar.Keys() {
		item, err := h.sidecar.Load(t.Context(), key)
		require.NoError(t, err)
		assert.NotContains(t, string(item.Value), token[strings.LastIndexByte(token, '.')+1:], key)
	}
}

// A link has its time, and an account that is gone has none.
func TestLinksEnd(t *testing.T) {
	h := newHouse(t)
	h.enters(t, "signup", home, "ann", "correct horse", nil)
	h.post(t, "forgot", `{"email":"ann@example.com"}`, nil)
	token, ann := h.latest(t, "reset", "forgotten"), h.told(t)[0].ID
	h.now = h.now.Add(30 * time.Minute)
	status, _ := h.post(t, "reset", `{"token":"`+token+`","password":"battery staple"}`, nil)
	assert.Equal(t, 400, status)
	status, _ = h.letter(t, "reset", ann, 1)
	assert.Equal(t, 404, status, "a letter with it is not worth sending")
	status, _ = h.letter(t, "verify", ann, 0)
	assert.Equal(t, 200, status)
	status, _ = h.letter(t, "verify", ann, 7)
	assert.Equal(t, 404, status)
	status, _ = h.letter(t, "burn", ann, 0)
	assert.Equal(t, 400, status)
	h.now = h.now.Add(48 * time.Hour)
	status, _ = h.letter(t, "verify", ann, 0)
	assert.Equal(t, 404, status)
	status, _ = h.letter(t, "verify", "nobody", 0)
	assert.Equal(t, 404, status)
}

// Whether an address has an account is not to be learned by asking for a link: neither from the answer, nor from what is counted,
// nor from what is done before it.
func TestForgettingTellsNobodyWhoIsHere(t *testing.T) {
	h := newHouse(t)
	h.enters(t, "signup", home, "ann", "correct horse", nil)
	h.told(t)
	ask := func(who, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/api/users/forgot", strings.NewReader(`{"email":"`+who+`@example.com"}`))
		for name, value := range map[string]string{"Content-Type": "application/json", "dapr-api-token": "token", "X-Forwarded-For": from} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.routes(service.Settings{Token: "token"}, slog.New(slog.DiscardHandler), nil).ServeHTTP(w, r)
		return w
	}
	for range mostLettersOfAccount + 1 {
		known, unknown := ask("ann", home), ask("nobody", abroad)
		assert.Equal(t, known.Code, unknown.Code)
		assert.Equal(t, known.Body.String(), unknown.Body.String())
		assert.Equal(t, known.Header(), unknown.Header())
	}
	assert.Equal(t, 429, ask("ann", "198.51.100.1").Code, "from anywhere")
	assert.Len(t, h.whats(t), 1+mostLettersOfAccount)

	h.away = errors.New("the broker is away")
	known, unknown := ask("ann", "198.51.100.2"), ask("nobody2", "198.51.100.3")
	assert.Equal(t, 503, known.Code)
	assert.Equal(t, known.Body.String(), unknown.Body.String())
	h.away = nil
	for i := range h.mostLetters {
		ask(fmt.Sprint("somebody", i), "198.51.100.9")
	}
	assert.Equal(t, 429, ask("ann3", "198.51.100.9").Code, "a network has its share")
}

// Of many who use one link at once, one sets the password.
func TestALinkIsUsedOnce(t *testing.T) {
	h := newHouse(t)
	h.enters(t, "signup", home, "ann", "correct horse", nil)
	h.post(t, "forgot", `{"email":"ann@example.com"}`, nil)
	token := h.latest(t, "reset", "forgotten")
	var done atomic.Int64
	var which atomic.Value
	var race sync.WaitGroup
	for i := range 8 {
		race.Go(func() {
			password := fmt.Sprint("battery staple ", i)
			if status, _ := h.post(t, "reset", `{"token":"`+token+`","password":"`+password+`"}`, nil); status == 200 {
				done.Add(1)
				which.Store(password)
			}
		})
	}
	race.Wait()
	require.EqualValues(t, 1, done.Load())
	status, _ := h.enters(t, "signin", home, "ann", which.Load().(string), nil)
	assert.Equal(t, 200, status)
}

func TestVerifying(t *testing.T) {
	h := newHouse(t)
	var anns, others []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	h.enters(t, "signin", abroad, "ann", "correct horse", &others)
	token := h.latest(t, "verify", "created")
	status, _ := h.post(t, "verification", "", &anns)
	assert.Equal(t, 202, status)
	again := h.latest(t, "verify", "verifying")
	assert.NotEqual(t, token, again)
	status, _ = h.post(t, "verify", `{"token":"`+token+`"}`, &anns)
	assert.Equal(t, 200, status, "an earlier letter is as good")
	_, body := h.ask(t, "GET", "/api/users/currentuser", home, "", &anns)
	assert.Contains(t, body, `"verified":true`, "in this browser at once")
	_, body = h.ask(t, "GET", "/api/users/currentuser", home, "", &others)
	assert.Contains(t, body, `"verified":false`, "elsewhere with the next sign-in")
	assert.False(t, h.over(t, others))
	for _, twice := range []string{token, again} {
		status, _ = h.post(t, "verify", `{"token":"`+twice+`"}`, nil)
		assert.Equal(t, 200, status, "twice is once")
	}
	status, words := h.post(t, "verification", "", &others)
	assert.Equal(t, 400, status)
	assert.Equal(t, "Your address is verified already", words)
	assert.Equal(t, []string{"created", "signed-in", "verifying", "verified"}, h.whats(t))
	status, _ = h.post(t, "verification", "", nil)
	assert.Equal(t, 401, status)
	h.enters(t, "signup", home, "bob", "correct horse", &others)
	for range mostLettersOfAccount {
		status, _ = h.post(t, "verification", "", &others)
		require.Equal(t, 202, status)
	}
	status, _ = h.post(t, "verification", "", &others)
	assert.Equal(t, 429, status)
}

// A change of password ends the other sessions; the browser that asked for it goes on.
func TestChangingThePassword(t *testing.T) {
	h := newHouse(t)
	var anns, others []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	h.enters(t, "signin", abroad, "ann", "correct horse", &others)
	h.post(t, "forgot", `{"email":"ann@example.com"}`, nil)
	link := h.latest(t, "reset", "forgotten")
	change := func(current, next string, browser *[]*http.Cookie) (int, string) {
		return h.post(t, "password", `{"current":"`+current+`","password":"`+next+`"}`, browser)
	}
	status, words := change("wrong horse", "battery staple", &anns)
	assert.Equal(t, 400, status)
	assert.Equal(t, "That is not your password", words)
	status, _ = change("", "x", &anns)
	assert.Equal(t, 400, status)
	status, _ = change("correct horse", "battery staple", nil)
	assert.Equal(t, 401, status)
	status, _ = change("correct horse", "battery staple", &anns)
	assert.Equal(t, 200, status)
	assert.False(t, h.over(t, anns))
	assert.True(t, h.over(t, others))
	status, _ = change("battery staple", "a third one", &others)
	assert.Equal(t, 401, status, "here an ended session is over at once")
	status, _ = h.post(t, "reset", `{"token":"`+link+`","password":"another horse"}`, nil)
	assert.Equal(t, 400, status, "links that were under way open nothing any more")
	status, _ = h.enters(t, "signin", home, "ann", "battery staple", &anns)
	assert.Equal(t, 200, status)
	assert.Equal(t, []string{"created", "signed-in", "forgotten", "password-changed"}, h.whats(t), "this browser is known")

	for range mostOfAccount {
		change("wrong horse", "a third one", &anns)
	}
	status, _ = change("battery staple", "a third one", &anns)
	assert.Equal(t, 429, status, "a session is no way to guess the password")
}

func TestSignOutEverywhere(t *testing.T) {
	h := newHouse(t)
	var anns, others []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	h.enters(t, "signin", abroad, "ann", "correct horse", &others)
	was := anns
	status, _ := h.post(t, "signout-everywhere", "", &anns)
	assert.Equal(t, 200, status)
	assert.True(t, h.over(t, was) && h.over(t, others))
	assert.Empty(t, anns[0].Value)
	generation := func() int {
		a, err := h.at(t.Context(), "ann@example.com")
		require.NoError(t, err)
		return a.Generation
	}
	assert.Equal(t, 1, generation())
	status, _ = h.post(t, "signout-everywhere", "", &others)
	assert.Equal(t, 200, status, "asked for again by who did not hear the answer")
	assert.Equal(t, 1, generation())
	status, _ = h.post(t, "signout-everywhere", "", nil)
	assert.Equal(t, 401, status)
}

// The owner sees what happened, and on what device; a device that was here before is no news.
func TestHistory(t *testing.T) {
	h := newHouse(t)
	var anns, others []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	h.enters(t, "signin", home, "ann", "correct horse", &anns)
	h.enters(t, "signin", abroad, "ann", "correct horse", &others)
	_, body := h.ask(t, "GET", "/api/users/me", home, "", &anns)
	var me known
	require.NoError(t, json.Unmarshal([]byte(body), &me))
	assert.Equal(t, "ann@example.com", me.Email)
	var whats []string
	for _, e := range me.History {
		whats = append(whats, e.What+" "+e.Device)
	}
	assert.Equal(t, []string{"new-device A program", "signed-in A program", "signed-up A program"}, whats)
	told := h.told(t)
	require.Len(t, told, 2)
	assert.Equal(t, "signed-in", told[1].News)
	assert.Equal(t, "A program", told[1].Device)
	status, _ := h.ask(t, "GET", "/api/users/me", home, "", nil)
	assert.Equal(t, 401, status)
}

// A broker that is away keeps nobody out: the news goes with the account's next change.
func TestSigningInWithoutTheBroker(t *testing.T) {
	h := newHouse(t)
	h.away = errors.New("the broker is away")
	var anns []*http.Cookie
	status, _ := h.enters(t, "signup", home, "ann", "correct horse", &anns)
	assert.Equal(t, 201, status)
	status, _ = h.enters(t, "signin", abroad, "ann", "correct horse", nil)
	assert.Equal(t, 200, status)
	assert.Empty(t, h.sidecar.Published(events.OutboxTopic("auth")))
	h.away = nil
	h.enters(t, "signin", home, "ann", "correct horse", &anns)
	assert.Equal(t, []string{"created", "signed-in"}, h.whats(t))
}

// A deleted account is nobody's: no session, no password, no link opens it, and its address makes another.
func TestDeletingAnAccount(t *testing.T) {
	h := newHouse(t)
	var anns []*http.Cookie
	h.enters(t, "signup", home, "ann", "correct horse", &anns)
	h.post(t, "forgot", `{"email":"ann@example.com"}`, nil)
	link, ann := h.latest(t, "reset", "forgotten"), h.told(t)[0].ID
	farewell := func(password string, browser *[]*http.Cookie) (int, string) {
		return h.ask(t, "DELETE", "/api/users/me", home, `{"password":"`+password+`"}`, browser)
	}
	for app, words := range map[string]string{"orders": "You hold a ticket", "handover": "Somebody waits for a ticket"} {
		h.free[app] = true
		status, said := farewell("correct horse", &anns)
		assert.Equal(t, 400, status)
		assert.Contains(t, said, words)
		delete(h.free, app)
	}
	status, _ := farewell("wrong horse", &anns)
	assert.Equal(t, 400, status)
	status, _ = farewell("correct horse", nil)
	assert.Equal(t, 401, status)
	was := anns
	status, _ = farewell("correct horse", &anns)
	assert.Equal(t, 204, status)
	assert.True(t, h.over(t, was))
	status, _ = farewell("correct horse", &was)
	assert.Equal(t, 401, status, "twice")
	status, _ = h.enters(t, "signin", home, "ann", "correct horse", nil)
	assert.Equal(t, 400, status)
	status, _ = h.post(t, "reset", `{"token":"`+link+`","password":"battery staple"}`, nil)
	assert.Equal(t, 400, status)
	status, _ = h.letter(t, "verify", ann, 0)
	assert.Equal(t, 404, status, "nobody writes to her")
	assert.Equal(t, `{"id":"`+ann+`","email":"ann@example.com","verified":false,"deleted":true}`, strings.TrimSpace(h.address(t, ann)), "but that")
	for _, key := range h.sidecar.Keys() {
		if strings.HasSuffix(key, "farewell:"+ann) { // goes by itself
			continue
		}
		item, err := h.sidecar.Load(t.Context(), key)
		require.NoError(t, err)
		assert.NotContains(t, string(item.Value), "example.com", key)
	}

	status, _ = h.enters(t, "signup", home, "ann", "battery staple", &anns)
	assert.Equal(t, 201, status, "her address is free")
	assert.False(t, h.over(t, anns))
	told := h.told(t)
	assert.Equal(t, []string{"created", "forgotten", "deleted", "created"}, h.whats(t))
	assert.NotEqual(t, ann, told[3].ID, "somebody else")
	assert.Contains(t, h.address(t, ann), `"deleted":true`)
	assert.NotContains(t, h.address(t, told[3].ID), "deleted")
	assert.Contains(t, h.address(t, "nobody"), "not_found")
	status, _ = h.post(t, "reset", `{"token":"`+link+`","password":"battery staple"}`, nil)
	assert.Equal(t, 400, status, "a link of the one before opens nothing of the other's")
	assert.Error(t, h.command(context.Background(), []string{"verify", "nobody@example.com"}))
}
