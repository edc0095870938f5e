package tests

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/session"
	"marketplace/tests/stack"
)

// sessions are cookies that claim to be p's, by what is wrong with them.
func sessions(t *testing.T, s *stack.Stack, p *person) (ours string, wrong map[string]string) {
	t.Helper()
	real, err := session.ReadPrivateKey(filepath.Join(s.Dir, ".local/keys/session-private.pem"))
	require.NoError(t, err)
	_, forged, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	public, err := os.ReadFile(filepath.Join(s.Dir, ".local/keys/session-public.pem"))
	require.NoError(t, err)
	claims := func(exp time.Duration) jwt.MapClaims {
		return jwt.MapClaims{"sub": p.ID, "email": p.Email, "iat": time.Now().Unix(), "exp": time.Now().Add(exp).Unix()}
	}
	sign := func(m jwt.SigningMethod, c jwt.Claims, key any) string {
		token, err := jwt.NewWithClaims(m, c).SignedString(key)
		require.NoError(t, err)
		return token
	}
	ours = sign(jwt.SigningMethodEdDSA, claims(time.Hour), real)
	device := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(time.Hour))
	device.Header["typ"] = "device+jwt"
	ofDevice, err := device.SignedString(real)
	require.NoError(t, err)
	return ours, map[string]string{
		"expired":               sign(jwt.SigningMethodEdDSA, claims(-2*time.Minute), real), // clocks may be a minute apart
		"forged":                sign(jwt.SigningMethodEdDSA, claims(time.Hour), forged),
		"wrongly signed":        ours[:strings.LastIndexByte(ours, '.')+1] + "AAAA",
		"alg none":              sign(jwt.SigningMethodNone, claims(time.Hour), jwt.UnsafeAllowNoneSignatureType),
		"public key as secret":  sign(jwt.SigningMethodHS256, claims(time.Hour), public),
		"without expiry":        sign(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": p.ID, "iat": time.Now().Unix()}, real),
		"without a subject":     sign(jwt.SigningMethodEdDSA, jwt.MapClaims{"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}, real),
		"from the future":       sign(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": p.ID, "iat": time.Now().Add(time.Hour).Unix(), "exp": time.Now().Add(2 * time.Hour).Unix()}, real),
		"of another type":       ofDevice,
		"rubbish":               "rubbish",
		"three dots of rubbish": "a.b.c",
	}
}

var orderID = regexp.MustCompile(`[A-Z2-7]{26}-[A-Z2-7]{16}`)

// Every route that people can ask for, asked by nobody, by another user, by the owner and with every session that is none:
// only the owner gets to what is the owner's. A route that a service registers and this table lacks fails the test.
func TestOwners(t *testing.T) {
	s := market(t)
	seller, other, owner := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	kept, withdrawn, taken := owner.sells("The owner's", "10"), owner.sells("Withdrawn", "10"), owner.sells("Taken off and back", "10")
	bought, paid, given := seller.sells("Bought", "10"), seller.sells("Paid", "10"), seller.sells("Given back", "10")
	placed, toPay, toCancel := owner.orders(bought.ID), owner.orders(paid.ID), owner.orders(given.ID)
	handed := owner.orders(seller.sells("Handed over to the owner", "10").ID)
	require.Equal(t, 200, seller.with("PUT", "/api/contents/"+handed.Ticket.ID, `{"text":"M1 1"}`).Status)
	require.Equal(t, 201, owner.pays(handed.ID, "tok_visa").Status)
	owner.becomes(handed.ID, "delivered")
	pagePay, pageCancel := owner.orders(seller.sells("Paid on the page", "10").ID), owner.orders(seller.sells("Given back on the page", "10").ID)
	const signIn = "303 /signin"
	table := []struct {
		route, path, body    string
		nobody, other, owner string // the status, and where it leads for a page
	}{
		{"POST /api/users/signup", "", `{}`, "400", "400", "400"},
		{"POST /api/users/signin", "", `{}`, "400", "400", "400"},
		{"POST /api/users/signout", "", `{}`, "200", "200", "200"},
		{"GET /api/users/currentuser", "", "", "200", "200", "200"},
		{"GET /api/users/me", "", "", "401", "200", "200"},
		{"DELETE /api/users/me", "", `{}`, "401", "400", "400"},
		{"POST /api/users/forgot", "", `{}`, "400", "400", "400"},
		{"POST /api/users/reset", "", `{}`, "400", "400", "400"}, // whoever has the link's token
		{"POST /api/users/verify", "", `{}`, "400", "400", "400"},
		{"POST /api/users/password", "", `{}`, "401", "400", "400"},
		{"POST /api/users/verification", "", `{"to":"me"}`, "401", "400", "400"},
		{"POST /api/users/signout-everywhere", "", `{"now":true}`, "401", "400", "400"},
		{"GET /api/users/.well-known/jwks.json", "", "", "200", "200", "200"},
		{"GET /api/tickets", "", "", "200", "200", "200"},
		{"GET /api/tickets/{id}", kept.ID, "", "200", "200", "200"},
		{"GET /api/events", "", "", "200", "200", "200"},
		{"GET /api/tickets/mine", "", "", "401", "200", "200"},
		{"GET /api/sales", "", "", "401", "200", "200"},
		{"POST /api/tickets", "", `{"title":"","price":1}`, "401", "400", "400"},
		{"PUT /api/tickets/{id}", kept.ID, `{"title":"Changed","price":11}`, "401", "401", "200"},
		{"DELETE /api/tickets/{id}", withdrawn.ID, "", "401", "401", "204"},
		{"POST /api/orders", "", `{"ticketId":"nosuch"}`, "401", "404", "404"},
		{"GET /api/orders", "", "", "401", "200", "200"},
		{"GET /api/orders/{id}", placed.ID, "", "401", "401", "200"},
		{"DELETE /api/orders/{id}", toCancel.ID, "", "401", "401", "204"},
		{"POST /api/payments", "", `{"orderId":"` + toPay.ID + `","token":"tok_visa"}`, "401", "401", "201"},
		{"GET /api/payments/{orderId}", toPay.ID, "", "401", "401", "200"},
		{"GET /api/payments/cases", "", "", "401", "401", "401"}, // operators'
		{"POST /api/payments/cases/{id}/look", "refund-nosuch", "", "401", "401", "401"},
		{"POST /api/payments/cases/{id}/done", "refund-nosuch", `{"words":"By hand"}`, "401", "401", "401"},
		{"GET /api/desk/letters", "", "", "401", "401", "401"}, // operators' too
		{"GET /api/desk/letters/{id}", "nosuch", "", "401", "401", "401"},
		{"POST /api/desk/letters/{id}/replay", "nosuch", "", "401", "401", "401"},
		{"POST /api/desk/letters/{id}/drop", "nosuch", "", "401", "401", "401"},
		{"GET /api/desk/orders", "", "", "401", "401", "401"},
		{"POST /api/desk/orders/{id}/look", "no-such", "", "401", "401", "401"},
		{"GET /api/desk/figures", "", "", "401", "401", "401"},
		{"POST /api/payments/webhook", "", `{}`, "400", "400", "400"}, // Stripe's alone, by signature
		{"GET /api/contents/{ticketId}", kept.ID, "", "401", "401", "200"},
		{"PUT /api/contents/{ticketId}", kept.ID, `{"text":"M1 2"}`, "401", "401", "200"},
		{"GET /api/contents/{ticketId}/file", kept.ID, "", "401", "401", "200"},
		{"GET /api/handovers", "", "", "401", "400", "400"}, // as whom it does not say
		{"GET /api/handovers/{orderId}", handed.ID, "", "401", "401", "200"},
		{"POST /api/handovers/{orderId}/open", handed.ID, "", "401", "401", "200"},
		{"POST /api/handovers/{orderId}/report", handed.ID, `{"words":"It was used"}`, "401", "401", "200"},
		{"POST /api/handovers/{orderId}/decision", handed.ID, `{"decision":"refund"}`, "401", "401", "401"}, // operators', and the owner is none
		{"GET /api/handovers/reports", "", "", "401", "401", "401"},
		{"GET /api/openapi.json", "", "", "200", "200", "200"},
		{"GET /api/docs", "", "", "200", "200", "200"},

		{"GET /{$}", "", "", "200", "200", "200"},
		{"GET /tickets/{id}", kept.ID, "", "200", "200", "200"},
		{"POST /tickets/{id}/buy", bought.ID, "", signIn, "303 /tickets/" + bought.ID, "303 /orders/" + placed.ID}, // with the reason
		{"GET /tickets/{id}/buy", bought.ID, "", "303 /tickets/" + bought.ID, "303 /tickets/" + bought.ID, "303 /tickets/" + bought.ID},
		{"GET /tickets/{id}/edit", kept.ID, "", signIn, "404", "200"},
		{"POST /tickets/{id}/edit", kept.ID, "title=Changed+again&price=12&date=2076-07-18&time=19:30&zone=Europe/Zurich&venue=Casino", signIn, "404", "303 /tickets/" + kept.ID},
		{"POST /tickets/{id}/withdraw", taken.ID, "", signIn, "404", "303 /tickets/" + taken.ID},
		{"GET /tickets/{id}/withdraw", taken.ID, "", "303 /tickets/" + taken.ID, "303 /tickets/" + taken.ID, "303 /tickets/" + taken.ID},
		{"POST /tickets/{id}/again", taken.ID, "", signIn, "404", "303 /tickets/" + taken.ID},
		{"GET /tickets/{id}/again", taken.ID, "", "303 /tickets/" + taken.ID, "303 /tickets/" + taken.ID, "303 /tickets/" + taken.ID},
		{"GET /sell", "", "", signIn, "200", "200"},
		{"POST /sell", "", "title=&price=1", signIn, "400", "400"},
		{"GET /selling", "", "", signIn, "200", "200"},
		{"GET /orders", "", "", signIn, "200", "200"},
		{"GET /orders/{id}", placed.ID, "", signIn, "404", "200"},
		{"POST /orders/{id}/pay", pagePay.ID, "token=pm_card_visa", signIn, "404", "303 /orders/" + pagePay.ID},
		{"GET /orders/{id}/pay", pagePay.ID, "", "303 /orders/" + pagePay.ID, "303 /orders/" + pagePay.ID, "303 /orders/" + pagePay.ID},
		{"POST /orders/{id}/cancel", pageCancel.ID, "", signIn, "404", "303 /orders/" + pageCancel.ID},
		{"GET /orders/{id}/cancel", pageCancel.ID, "", "303 /orders/" + pageCancel.ID, "303 /orders/" + pageCancel.ID, "303 /orders/" + pageCancel.ID},
		{"POST /orders/{id}/open", handed.ID, "", signIn, "404", "303 /orders/" + handed.ID},
		{"GET /orders/{id}/open", handed.ID, "", "303 /orders/" + handed.ID, "303 /orders/" + handed.ID, "303 /orders/" + handed.ID},
		{"POST /orders/{id}/report", handed.ID, "words=It+was+used", signIn, "404", "303 /orders/" + handed.ID},
		{"GET /orders/{id}/report", handed.ID, "", "303 /orders/" + handed.ID, "303 /orders/" + handed.ID, "303 /orders/" + handed.ID},
		{"GET /tickets/{id}/content", kept.ID, "", signIn, "404", "200"},
		{"POST /tickets/{id}/content", kept.ID, "", signIn, "404", "400"}, // it has no file
		{"GET /sales", "", "", signIn, "200", "200"},
		{"GET /desk", "", "", signIn, "404", "404"}, // operators', and to nobody else is there such a page
		{"POST /desk/reports/{id}", handed.ID, "decision=refund", signIn, "404", "404"},
		{"GET /desk/reports/{id}", handed.ID, "", "303 /desk", "303 /desk", "303 /desk"},
		{"POST /desk/cases/{id}/look", "refund-nosuch", "", signIn, "404", "404"},
		{"GET /desk/cases/{id}/look", "refund-nosuch", "", "303 /desk", "303 /desk", "303 /desk"},
		{"POST /desk/cases/{id}/done", "refund-nosuch", "words=By+hand", signIn, "404", "404"},
		{"GET /desk/cases/{id}/done", "refund-nosuch", "", "303 /desk", "303 /desk", "303 /desk"},
		{"POST /desk/letters/{id}", "nosuch", "how=drop", signIn, "404", "404"},
		{"GET /desk/letters/{id}", "nosuch", "", "303 /desk", "303 /desk", "303 /desk"},
		{"POST /desk/orders/{id}/look", "no-such", "", signIn, "404", "404"},
		{"GET /desk/orders/{id}/look", "no-such", "", "303 /desk", "303 /desk", "303 /desk"},
		{"GET /signup", "", "", "200", "303 /", "303 /"},
		{"POST /signup", "", "", "400", "400", "400"},
		{"GET /signin", "", "", "200", "303 /", "303 /"},
		{"POST /signin", "", "", "400", "400", "400"},
		{"POST /signout", "", "", "303 /", "303 /", "303 /"},
		{"GET /signout", "", "", "303 /", "303 /", "303 /"},
		{"GET /terms", "", "", "200", "200", "200"},
		{"GET /support", "", "", "200", "200", "200"},
		{"GET /robots.txt", "", "", "200", "200", "200"},
		{"GET /favicon.ico", "", "", "200", "200", "200"},
		{"GET /apple-touch-icon.png", "", "", "200", "200", "200"},
		{"GET /forgot", "", "", "200", "200", "200"},
		{"POST /forgot", "", "", "400", "400", "400"},
		{"GET /reset", "", "", "200", "200", "200"},
		{"POST /reset", "", "", "400", "400", "400"},
		{"GET /verify", "", "", "200", "200", "200"},
		{"POST /verify", "", "", "400", "400", "400"},
		{"GET /account", "", "", signIn, "200", "200"},
		{"GET /account/data", "", "", signIn, "200", "200"},
		{"POST /account/password", "", "", signIn, "400", "400"},
		{"GET /account/password", "", "", "303 /account", "303 /account", "303 /account"},
		{"POST /account/verification", "", "", signIn, "303 /account", "303 /account"},
		{"GET /account/verification", "", "", "303 /account", "303 /account", "303 /account"},
		{"GET /account/signout-everywhere", "", "", "303 /account", "303 /account", "303 /account"},
		{"POST /account/delete", "", "", signIn, "400", "400"},
		{"GET /account/delete", "", "", "303 /account", "303 /account", "303 /account"},
		{"GET /.well-known/change-password", "", "", "303 /account", "303 /account", "303 /account"},
		{"GET /live", "", "", "200", "200", "200"}, // everybody's stream, with the visitor's own orders in it
		{"GET /static/{edition}/{file}", "x", "", "404", "404", "404"},
		{"/", "", "", "404", "404", "404"},
		{"POST /account/signout-everywhere", "", "", signIn, signIn, signIn}, // last: it does
	}
	var listed []string
	for _, row := range table {
		listed = append(listed, row.route)
	}
	assert.ElementsMatch(t, openRoutes(t), listed, "the routes that the services register, and this table")

	ours, wrong := sessions(t, s, owner)
	for _, row := range table {
		t.Run(row.route, func(t *testing.T) {
			method, path, _ := strings.Cut(row.route, " ")
			if path == "" {
				method, path = "GET", "/nosuch"
			}
			path = strings.NewReplacer("{$}", "", "{id}", row.path, "{orderId}", row.path, "{ticketId}", row.path, "{edition}", row.path, "{file}", "x").Replace(path)
			as := func(cookie, bearer string) string { return knock(t, s, method, path, row.body, cookie, bearer) }
			assert.Equal(t, row.nobody, as("", ""), "nobody")
			for name, token := range wrong {
				assert.Equal(t, row.nobody, as(token, ""), name)
				assert.Equal(t, row.nobody, as("", token), "%s, as a bearer", name)
			}
			assert.Equal(t, row.nobody, as(ours, wrong["expired"]), "a bad bearer is nobody, whoever the cookie is")
			assert.Equal(t, row.other, as(other.cookie.Value, ""), "another user")
			assert.Equal(t, row.other, as("", other.cookie.Value), "another user, as a bearer")
			assert.Equal(t, row.other, as(ours, other.cookie.Value), "another user, in the owner's browser")
			if row.route == "PUT /api/tickets/{id}" { // refused is not enough: nothing has happened either
				assert.Equal(t, "The owner's", owner.ticket(kept.ID).Title)
			}
			if id := orderID.FindString(row.path + row.body); id != "" && method != "GET" {
				want := map[string]string{handed.ID: "complete"}[id]
				assert.Equal(t, cmp.Or(want, "created"), owner.order(id).Status)
			}
			assert.Equal(t, row.owner, as("", ours), "the owner, as a bearer")
			assert.Equal(t, row.owner, as(ours, ""), "the owner")
			assert.Equal(t, row.owner, as(other.cookie.Value, ours), "the owner, in another's browser")
		})
	}
	for name, token := range wrong {
		p := &person{t: t, base: s.URL, cookie: &http.Cookie{Name: session.Cookie, Value: token}}
		assert.JSONEq(t, `{"currentUser":null}`, string(p.get("/api/users/currentuser").Body), name)
	}
}

// knock asks for something with a session, in a cookie or as a bearer, and tells the status and, of a page, where it leads.
func knock(t *testing.T, s *stack.Stack, method, path, body, cookie, bearer string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	if strings.HasPrefix(path, "/api/") {
		req.Header.Set("Content-Type", "application/json")
	}
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: session.Cookie, Value: cookie})
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // redirects are not followed
	require.NoError(t, err)
	resp.Body.Close()
	if resp.StatusCode/100 != 3 {
		return strconv.Itoa(resp.StatusCode)
	}
	to, err := url.Parse(resp.Header.Get("Location"))
	require.NoError(t, err)
	return strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", to.Path))
}

// The cookie is out of reach for scripts and other sites, and signing out takes it away.
func TestCookie(t *testing.T) {
	someone := newcomer(t, market(t))
	assert.True(t, someone.cookie.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, someone.cookie.SameSite)
	out := someone.post("/api/users/signout", `{}`)
	assert.Equal(t, 200, out.Status)
	assert.JSONEq(t, "{}", string(out.Body))
	assert.Empty(t, someone.cookie.Value)
}

// Only the sidecar gets at events, jobs and what belongs to it, and only payments at what orders does for it. The doors
// are those that the services register: a new one is tried as well.
func TestClosedDoors(t *testing.T) {
	s := market(t)
	owner, buyer := newcomer(t, s), newcomer(t, s)
	placed := buyer.orders(owner.sells("Behind closed doors", "10").ID)
	doors := closedDoors(t, s, placed.ID, buyer.ID)
	apps := []string{"auth", "tickets", "orders", "payments", "expiration", "handover", "mail", "desk", "web"}
	for _, d := range doors {
		t.Run(d.app+" "+d.method+" "+strings.ReplaceAll(d.path, placed.ID, "…"), func(t *testing.T) {
			straight := fmt.Sprintf("http://127.0.0.1:%d%s", s.App(d.app).AppPort, d.path)
			closed := []int{401, 404} // web has doors of its own
			assert.Contains(t, closed, call(t, d.method, s.URL+d.path, d.body, nil), "through web")
			assert.Contains(t, closed, call(t, d.method, s.URL+"/api/orders/.."+d.path, d.body, nil), "around a corner")
			assert.Contains(t, closed, call(t, d.method, s.URL+"/api/orders/%2e%2e"+d.path, d.body, nil), "around a hidden corner")
			dressed := map[string]string{"dapr-app-id": d.app, "dapr-api-token": "guess", "dapr-caller-app-id": "payments"}
			assert.Contains(t, closed, call(t, d.method, s.URL+d.path, d.body, dressed), "dressed up")
			assert.Equal(t, 401, call(t, d.method, straight, d.body, nil), "straight to the service")
			assert.Equal(t, 401, call(t, d.method, straight, d.body, dressed), "with a guessed token")
			for _, from := range apps {
				if slices.Contains(d.callers, from) || from == d.app { // whoever has a service's own sidecar is that service
					continue
				}
				sidecar := fmt.Sprintf("http://127.0.0.1:%d%s", s.App(from).HTTPPort, d.path)
				assert.Equal(t, 401, call(t, d.method, sidecar, d.body, map[string]string{"dapr-app-id": d.app}), "invoked by "+from)
				for _, claimed := range []string{"payments", d.app, ""} {
					pretence := map[string]string{"dapr-app-id": d.app, "dapr-caller-app-id": claimed, "dapr-api-token": "guess"}
					assert.Equal(t, 401, call(t, d.method, sidecar, d.body, pretence), "invoked by %s, which claims to be %q", from, claimed)
				}
			}
		})
	}
	assert.Equal(t, "created", buyer.order(placed.ID).Status)

	for _, d := range doors { // whom they are for gets in
		harmless := d.body
		if strings.HasPrefix(d.path, "/events/") {
			harmless = `{"id":"x","type":"none.of.ours","data":{"at":"2026-01-01T00:00:00Z"}}`
		}
		for _, from := range d.callers {
			sidecar := fmt.Sprintf("http://127.0.0.1:%d%s", s.App(from).HTTPPort, d.path)
			status := call(t, d.method, sidecar, harmless, map[string]string{"dapr-app-id": d.app})
			early := strings.HasSuffix(d.path, "/overdue") && status == 409 || strings.HasSuffix(d.path, "/withdrawal") && status == 400 // let in, and told that it is not, or held
			assert.True(t, early || status/100 == 2, "%s %s by %s: %d", d.app, d.path, from, status)
		}
		if d.callers == nil {
			straight := fmt.Sprintf("http://127.0.0.1:%d%s", s.App(d.app).AppPort, d.path)
			status := call(t, d.method, straight, harmless, map[string]string{"dapr-api-token": s.APIToken})
			early := strings.HasPrefix(d.path, "/job/") && status == 503 // let in, and told to ring again
			assert.True(t, early || status/100 == 2, "%s %s: %d", d.app, d.path, status)
		}
	}

	for _, route := range openRoutes(t) { // what is for people is reached through web only
		method, path, _ := strings.Cut(route, " ")
		app := map[string]string{"users": "auth", "sales": "tickets", "handovers": "handover", "contents": "handover"}[strings.Split(path+"///", "/")[2]]
		if app == "" {
			app = strings.Split(path+"///", "/")[2]
		}
		if strings.HasPrefix(path, "/api/payments/cases") && stack.ChosenStandIns()["payments"] != "" {
			continue // it keeps none: tests/polyglot
		}
		if strings.HasPrefix(path, "/api/") && slices.Contains(apps, app) {
			straight := fmt.Sprintf("http://127.0.0.1:%d%s", s.App(app).AppPort, strings.NewReplacer("{id}", "x", "{orderId}", "x", "{ticketId}", "x").Replace(path))
			assert.Equal(t, 401, call(t, method, straight, "", nil), "%s is reached through web only", route)
		}
	}
}

func call(t *testing.T, method, url, body string, header map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	return resp.StatusCode
}
