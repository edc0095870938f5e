package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/session"
	"marketplace/tests/stack"
)

// letter is the link that mail puts into a letter, asked for as mail does, with the token that only sidecars have.
func letter(t *testing.T, s *stack.Stack, id, purpose string, version int) (path string) {
	t.Helper()
	eventually(t, "a letter was asked for", func() bool {
		got := asMail(t, s, "POST", "/internal/accounts/"+id+"/links", fmt.Sprintf(`{"purpose":%q,"version":%d}`, purpose, version))
		var link struct{ Path string }
		require.NoError(t, json.Unmarshal(got.Body, &link), "%s", got.Body)
		path = link.Path
		return got.Status == 200
	})
	return path
}

func asMail(t *testing.T, s *stack.Stack, method, path, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d%s", s.App("auth").AppPort, path), strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range map[string]string{"Content-Type": "application/json", "dapr-api-token": s.APIToken, "dapr-caller-app-id": "mail"} {
		req.Header.Set(name, value)
	}
	got, err := send(req)
	require.NoError(t, err)
	return got
}

func tokenOf(t *testing.T, path string) string {
	t.Helper()
	u, err := url.Parse(path)
	require.NoError(t, err)
	require.NotEmpty(t, u.Query().Get("token"))
	return u.Query().Get("token")
}

// sends sends a form of the site, as a person with a session, and tells the status, where it leads, and the page.
func (p *person) sends(page string, form url.Values) (int, string, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), "POST", p.base+page, strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if p.cookie != nil {
		req.AddCookie(p.cookie)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name == session.Cookie {
			p.cookie = c
		}
	}
	body, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

// Ann has forgotten her password: she asks for a link, chooses another, and whoever was signed in as her is out everywhere.
func TestForgottenPassword(t *testing.T) {
	s := market(t)
	ann, thief := newcomer(t, s), visitor(t, s)
	require.Equal(t, 200, thief.post("/api/users/signin", `{"email":"`+ann.Email+`","password":"correct horse"}`).Status) // version 1
	me := visitor(t, s)
	status, to, _ := me.sends("/forgot", url.Values{"email": {ann.Email}})
	assert.Equal(t, "303 /signin", fmt.Sprint(status, " ", to))
	status, to, _ = me.sends("/forgot", url.Values{"email": {"nobody." + ann.Email}})
	assert.Equal(t, "303 /signin", fmt.Sprint(status, " ", to), "nobody learns who is here")
	assert.Equal(t, 202, me.post("/api/users/forgot", `{"email":"`+ann.Email+`"}`).Status)

	link := letter(t, s, ann.ID, "reset", 2)
	page := me.with("GET", link, "", "Accept", "text/html")
	assert.Equal(t, 200, page.Status)
	assert.Equal(t, "strict-origin", page.Header.Get("Referrer-Policy"))
	assert.Equal(t, "no-store", page.Header.Get("Cache-Control"))
	token := tokenOf(t, link)
	assert.Equal(t, 1, strings.Count(string(page.Body), token), "in the form, and in no link that leads on")
	status, _, body := me.sends("/reset", url.Values{"token": {token}, "password": {"short"}})
	assert.Equal(t, 400, status)
	assert.Contains(t, body, "Password must be between 8 and 128 characters")
	status, to, _ = me.sends("/reset", url.Values{"token": {token}, "password": {"battery staple"}})
	assert.Equal(t, "303 /signin", fmt.Sprint(status, " ", to))
	status, _, body = me.sends("/reset", url.Values{"token": {token}, "password": {"another horse"}})
	assert.Equal(t, 400, status)
	assert.Contains(t, body, "This link is used up")
	assert.NotContains(t, body, token)
	got := me.post("/api/users/reset", `{"token":"`+token+`","password":"another horse"}`)
	assert.Equal(t, "link_over", got.code())

	for _, p := range []*person{ann, thief} {
		require.Eventually(t, func() bool {
			return p.get("/api/orders").Status == 401 && p.get("/api/tickets/mine").Status == 401 && knock(t, s, "GET", "/sell", "", p.cookie.Value, "") == "303 /signin"
		}, session.EndsWithin+10*time.Second, 500*time.Millisecond)
		assert.Equal(t, 401, p.get("/api/users/me").Status)
	}
	assert.Equal(t, 400, me.post("/api/users/signin", `{"email":"`+ann.Email+`","password":"correct horse"}`).Status)
	require.Equal(t, 200, me.post("/api/users/signin", `{"email":"`+ann.Email+`","password":"battery staple"}`).Status)
	assert.Contains(t, string(me.get("/api/users/currentuser").Body), `"verified":true`)
	var known struct {
		History []struct{ What, Device string }
	}
	me.get("/api/users/me").into(t, &known)
	var whats []string
	for _, h := range known.History {
		whats = append(whats, h.What)
	}
	assert.Equal(t, []string{"new-device", "password-reset", "forgotten", "forgotten", "new-device", "signed-up"}, whats)
}

// What the pages of an account do, programs can.
func TestAnAccountByTheAPI(t *testing.T) {
	s := market(t)
	ann, stranger := newcomer(t, s), visitor(t, s)
	for path, body := range map[string]string{
		"/api/users/password": `{"current":"correct horse","password":"battery staple"}`, "/api/users/signout-everywhere": "", "/api/users/verification": "",
	} {
		assert.Equal(t, 401, stranger.post(path, body).Status, path)
	}
	assert.Equal(t, 401, stranger.do("DELETE", "/api/users/me", `{"password":"correct horse"}`).Status)

	require.Equal(t, 200, ann.post("/api/users/password", `{"current":"correct horse","password":"battery staple"}`).Status)
	assert.Equal(t, 200, ann.get("/api/orders").Status, "this session goes on")
	require.Equal(t, 202, stranger.post("/api/users/forgot", `{"email":"`+ann.Email+`"}`).Status)
	token := tokenOf(t, letter(t, s, ann.ID, "reset", 2))
	require.Equal(t, 200, stranger.post("/api/users/reset", `{"token":"`+token+`","password":"correct horse"}`).Status)
	assert.Equal(t, 200, stranger.post("/api/users/signin", `{"email":"`+ann.Email+`","password":"correct horse"}`).Status)
}

// Whoever asks for letters again and again is told to wait, and so is who guesses at a password with a session.
func TestLettersAreCounted(t *testing.T) {
	s := market(t)
	ann := newcomer(t, s)
	for _, ask := range []func() answer{
		func() answer { return ann.post("/api/users/verification", `{}`) },
		func() answer { return ann.post("/api/users/forgot", `{"email":"`+ann.Email+`"}`) },
		func() answer {
			return ann.post("/api/users/password", `{"current":"wrong","password":"battery staple"}`)
		},
		func() answer { return ann.do("DELETE", "/api/users/me", `{"password":"wrong"}`) },
	} {
		var got answer
		for range 12 {
			if got = ask(); got.Status == 429 {
				break
			}
		}
		assert.Equal(t, 429, got.Status, "%s", got.Body)
		assert.NotEmpty(t, got.Header.Get("Retry-After"))
	}
}

// Where sellers have to be verified, one who is not is told what to do; once the link is opened, on whatever device, she sells.
func TestSellersAreVerified(t *testing.T) {
	s := market(t)
	have := func(verified string) {
		for _, name := range replicasOf(s, "tickets") {
			require.NoError(t, s.Kill(name))
			require.NoError(t, s.SetEnv(name, "SELLERS_VERIFIED", verified))
			require.NoError(t, s.Revive(t.Context(), name))
		}
		eventually(t, "tickets is back", func() bool { return visitor(t, s).get("/api/tickets").Status == 200 })
	}
	ann := newcomer(t, s)
	have("true")
	defer have("false")
	offer := `{"title":"Aida","price":10}`
	refused := ann.post("/api/tickets", offer)
	assert.Equal(t, 403, refused.Status)
	assert.Equal(t, "address_unverified", refused.code())
	status, _, page := ann.sends("/sell", url.Values{"title": {"Aida"}, "price": {"10"}, "key": {"k1"}, "date": {"2076-07-03"}, "time": {"20:30"}, "zone": {"Europe/Rome"}, "venue": {"La Scala"}})
	assert.Equal(t, 403, status)
	assert.Contains(t, page, "Verify your e-mail address first")
	assert.Contains(t, page, `href="/account"`)
	status, to, _ := ann.sends("/account/verification", nil)
	assert.Equal(t, "303 /account", fmt.Sprint(status, " ", to))
	elsewhere := visitor(t, s)
	link := letter(t, s, ann.ID, "verify", 1)
	assert.Contains(t, string(elsewhere.with("GET", link, "", "Accept", "text/html").Body), "Is this your address?")
	assert.Equal(t, 403, ann.post("/api/tickets", offer).Status, "looking at the page is not saying so")
	status, _, _ = elsewhere.sends("/verify", url.Values{"token": {tokenOf(t, link)}})
	assert.Equal(t, 303, status)
	assert.Contains(t, string(ann.get("/api/users/currentuser").Body), `"verified":false`, "her session is from before")
	assert.Equal(t, 201, ann.post("/api/tickets", offer).Status, "and tickets asks")
	assert.Equal(t, 200, ann.post("/api/users/verify", `{"token":"`+tokenOf(t, link)+`"}`).Status, "once more, where she is signed in")
	assert.Contains(t, string(ann.get("/api/users/currentuser").Body), `"verified":true`)
	again := ann.post("/api/users/verification", `{}`)
	assert.Equal(t, "address_verified", again.code())
}

// Changing the password, signing out everywhere, and what the account's page says.
func TestAnAccountsPage(t *testing.T) {
	s := market(t)
	ann, elsewhere := newcomer(t, s), visitor(t, s)
	status, _, _ := elsewhere.sends("/signin", url.Values{"email": {ann.Email}, "password": {"correct horse"}})
	require.Equal(t, 303, status)
	page := string(ann.with("GET", "/account", "", "Accept", "text/html").Body)
	assert.Contains(t, page, "Signed in on a new device, <bdi>Firefox on Linux</bdi>", "the browser's name reaches auth")
	assert.Contains(t, page, "Send the link again")

	status, _, page = ann.sends("/account/password", url.Values{"current": {"wrong horse"}, "password": {"battery staple"}})
	assert.Equal(t, 400, status)
	assert.Contains(t, page, "That is not your password")
	status, to, _ := ann.sends("/account/password", url.Values{"current": {"correct horse"}, "password": {"battery staple"}})
	assert.Equal(t, "303 /account", fmt.Sprint(status, " ", to))
	require.Eventually(t, func() bool { return elsewhere.get("/api/orders").Status == 401 }, session.EndsWithin+10*time.Second, 500*time.Millisecond)
	assert.Equal(t, 200, ann.get("/api/orders").Status, "this browser goes on")

	was := ann.cookie.Value
	status, to, _ = ann.sends("/account/signout-everywhere", nil)
	assert.Equal(t, "303 /signin", fmt.Sprint(status, " ", to))
	assert.Empty(t, ann.cookie.Value)
	require.Eventually(t, func() bool {
		return knock(t, s, "GET", "/api/orders", "", was, "") == "401" && knock(t, s, "GET", "/api/tickets/mine", "", was, "") == "401"
	}, session.EndsWithin+10*time.Second, 500*time.Millisecond)
	require.Equal(t, 200, ann.post("/api/users/signin", `{"email":"`+ann.Email+`","password":"battery staple"}`).Status)
	assert.Equal(t, 200, ann.post("/api/users/signout-everywhere", "").Status)
}

// An account ends when nobody counts on it any more. What it had for sale is gone, what others have a part in stays.
func TestDeletingAnAccount(t *testing.T) {
	s := market(t)
	ann, bob := newcomer(t, s), newcomer(t, s)
	kept := ann.sells("Never sold", "10")
	held := ann.orders(bob.sells("Held by Ann", "10").ID)
	farewell := `{"password":"correct horse"}`
	busy := ann.do("DELETE", "/api/users/me", farewell)
	assert.Equal(t, 400, busy.Status)
	assert.Equal(t, "account_busy", busy.code())
	require.Equal(t, 204, ann.do("DELETE", "/api/orders/"+held.ID, "").Status)

	sold := bob.orders(ann.sells("Sold by Ann", "10").ID)
	require.Equal(t, 201, bob.pays(sold.ID, "tok_visa").Status)
	eventually(t, "somebody waits for her ticket", func() bool { return ann.do("DELETE", "/api/users/me", farewell).code() == "account_busy" })
	attached := ann.do("PUT", "/api/contents/"+sold.Ticket.ID, `{"text":"4006381333931"}`)
	require.Equal(t, 2, attached.Status/100, "%s", attached.Body)

	var data struct {
		Account          struct{ Email string }
		Tickets, Sales   []struct{ Title string }
		Orders, Payments []json.RawMessage
		Handovers        []struct{ OrderID, Role string }
		Complete         bool
	}
	download := ann.get("/account/data")
	download.into(t, &data)
	assert.Contains(t, download.Header.Get("Content-Disposition"), "attachment")
	assert.Equal(t, ann.Email, data.Account.Email)
	assert.Len(t, data.Tickets, 2)
	assert.Len(t, data.Orders, 1)
	require.Len(t, data.Handovers, 1)
	assert.Equal(t, sold.ID+" seller", data.Handovers[0].OrderID+" "+data.Handovers[0].Role)
	assert.True(t, data.Complete)

	wrong := ann.do("DELETE", "/api/users/me", `{"password":"wrong horse"}`)
	assert.Equal(t, "That is not your password (password)", wrong.says())
	was := ann.cookie.Value
	eventually(t, "nobody waits any more", func() bool { return ann.do("DELETE", "/api/users/me", farewell).Status == 204 })
	eventually(t, "what she offered is off the market", func() bool {
		return strings.Contains(string(bob.get("/api/tickets/"+kept.ID).Body), `"withdrawn":true`)
	})
	require.Eventually(t, func() bool { return knock(t, s, "GET", "/api/orders", "", was, "") == "401" }, session.EndsWithin+10*time.Second, 500*time.Millisecond)
	assert.Equal(t, "complete", bob.order(sold.ID).Status, "it is his")
	mailed(t, s, ann.Email, "Your account is deleted")
	assert.Equal(t, 400, visitor(t, s).post("/api/users/signin", `{"email":"`+ann.Email+`","password":"correct horse"}`).Status)
	again := visitor(t, s).post("/api/users/signup", `{"email":"`+ann.Email+`","password":"battery staple"}`)
	assert.Equal(t, 201, again.Status, "her address is free")
	assert.NotContains(t, string(again.Body), ann.ID)

	carl := newcomer(t, s)
	status, to, _ := carl.sends("/account/delete", url.Values{"farewell": {"correct horse"}})
	assert.Equal(t, "303 /", fmt.Sprint(status, " ", to))
}
