package tests

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
	"marketplace/shared/events"
)

// asks sends a request with headers of the caller's choosing, without the person's cookie.
func (p *person) asks(method, path, body string, headers ...string) answer {
	p.t.Helper()
	req, err := http.NewRequest(method, p.base+path, strings.NewReader(body))
	require.NoError(p.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	got, err := send(req)
	require.NoError(p.t, err)
	return got
}

// Programs read why something is refused, wherever on its way it was.
func TestErrorCodes(t *testing.T) {
	s := market(t)
	seller, buyer, other := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered, paid, given := seller.sells("Offered", "10"), seller.sells("Paid", "10"), seller.sells("Given back", "10")
	code := func(got answer) string { return got.code() }
	order := func(p *person, ticketID string) answer { return p.post("/api/orders", `{"ticketId":"`+ticketID+`"}`) }

	assert.Equal(t, "own_ticket", code(order(seller, offered.ID)))
	held := buyer.orders(offered.ID)
	assert.Equal(t, "ticket_reserved", code(order(other, offered.ID)))
	eventually(t, "tickets has heard of it", func() bool { return seller.ticket(offered.ID).OrderID != "" })
	assert.Equal(t, "ticket_reserved", code(seller.do("PUT", "/api/tickets/"+offered.ID, `{"title":"x","price":1}`)))
	assert.Equal(t, "card_declined", code(buyer.pays(held.ID, "tok_chargeDeclined")))

	bought := buyer.orders(paid.ID)
	require.Equal(t, 201, buyer.pays(bought.ID, "tok_visa").Status)
	eventually(t, "it is paid", func() bool { return buyer.order(bought.ID).Status == "complete" })
	assert.Equal(t, "order_paid", code(buyer.do("DELETE", "/api/orders/"+bought.ID, "")))

	over := buyer.orders(given.ID)
	require.Equal(t, 204, buyer.do("DELETE", "/api/orders/"+over.ID, "").Status)
	assert.Equal(t, "order_cancelled", code(buyer.pays(over.ID, "tok_visa")), "said by orders, one service further")
	assert.Equal(t, "not_owner", code(other.get("/api/orders/"+over.ID)))
	assert.Equal(t, "not_owner", code(other.pays(over.ID, "tok_visa")), "the same")
	assert.Equal(t, "cross_origin", code(buyer.asks("POST", "/api/orders", `{}`, "Sec-Fetch-Site", "cross-site")))
	assert.Equal(t, "unsupported_media_type", code(seller.asks("POST", "/api/users/signin", "x", "Content-Type", "text/plain")))
}

// Who asks for RFC 9457's form gets it from whoever answers.
func TestProblems(t *testing.T) {
	p := visitor(t, market(t))
	for path, want := range map[string]string{
		"/api/tickets?colour=red": `{"type":"/api/docs#error-unknown_parameter","title":"Unknown parameter","status":400,"detail":"Unknown parameter","code":"unknown_parameter",
			"errors":[{"message":"Unknown parameter","field":"colour","code":"unknown_parameter"}]}`,
		"/api/nosuch": `{"type":"/api/docs#error-not_found","title":"Not found","status":404,"detail":"Not Found","code":"not_found","errors":[{"message":"Not Found","code":"not_found"}]}`,
	} {
		got := p.asks("GET", path, "", "Accept", "application/problem+json", "X-Request-Id", "problem-1")
		want = strings.TrimSuffix(want, "}") + `,"requestId":"problem-1"}`
		assert.JSONEq(t, want, string(got.Body))
		assert.Equal(t, "application/problem+json", got.Header.Get("Content-Type"))
		assert.Equal(t, "application/json", p.get(path).Header.Get("Content-Type"))
	}
}

// Every path of the API says for which methods it is known, and answers HEAD where it answers GET.
func TestEveryPathKnowsItsMethods(t *testing.T) {
	s := market(t)
	owner, buyer := newcomer(t, s), newcomer(t, s)
	offered := owner.sells("Looked at", "10")
	placed := buyer.orders(offered.ID)
	require.Equal(t, 400, buyer.pays(placed.ID, "tok_chargeDeclined").Status)
	handed := owner.sells("Handed over", "10")
	require.Equal(t, 200, owner.attaches(handed.ID, contenttest.PDF()).Status)
	bought := buyer.buys(handed.ID)
	buyer.becomes(bought.ID, "delivered")
	olga := operator(t, s)
	known := map[string][]string{}
	for _, route := range openRoutes(t) {
		if method, path, _ := strings.Cut(route, " "); strings.HasPrefix(path, "/api/") {
			known[path] = append(known[path], method)
			if method == "GET" {
				known[path] = append(known[path], "HEAD")
			}
		}
	}
	require.Greater(t, len(known), 10)
	publish(t, s, events.DeadTopic("web"), "every path knows its methods")
	waits := ""
	eventually(t, "there is a dead letter", func() bool {
		var all []deadLetter
		olga.get("/api/desk/letters").into(t, &all)
		if len(all) > 0 {
			waits = all[0].ID
		}
		return waits != ""
	})
	for route, methods := range known {
		methods = append(methods, "OPTIONS")
		slices.Sort(methods)
		allow := strings.Join(methods, ", ")
		who, id, query := buyer, placed.ID, ""
		switch {
		case strings.HasPrefix(route, "/api/tickets"):
			id = offered.ID
		case strings.HasPrefix(route, "/api/contents"):
			who, id = owner, handed.ID
		case route == "/api/handovers":
			query = "?as=buyer"
		case route == "/api/handovers/reports", strings.HasPrefix(route, "/api/payments/cases"):
			who = olga
		case strings.HasPrefix(route, "/api/desk"):
			who, id = olga, waits
		case strings.HasPrefix(route, "/api/handovers"):
			id = bought.ID
		}
		path := strings.NewReplacer("{id}", id, "{orderId}", id, "{ticketId}", id).Replace(route) + query
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW"} {
			if method != "OPTIONS" && slices.Contains(methods, method) {
				continue
			}
			got := who.do(method, path, "")
			assert.Equal(t, allow, got.Header.Get("Allow"), "%s %s: %s", method, path, got.Body)
			switch method {
			case "OPTIONS":
				assert.Equal(t, 204, got.Status, path)
				assert.Empty(t, got.Body)
			case "HEAD":
				assert.Equal(t, 405, got.Status, path)
			default:
				assert.Equal(t, 405, got.Status, "%s %s", method, path)
				assert.Equal(t, "method_not_allowed", got.code(), "%s %s", method, path)
			}
		}
		if slices.Contains(methods, "GET") {
			plain := []string{"Accept-Encoding", "identity"} // or the client asks for gzip by itself, with GET alone
			get, head := who.with("GET", path, "", plain...), who.with("HEAD", path, "", plain...)
			assert.Equal(t, 200, get.Status, "%s: %s", path, get.Body)
			assert.Equal(t, get.Status, head.Status, path)
			assert.Empty(t, head.Body)
			for _, other := range []string{"Date", "X-Request-Id"} {
				get.Header.Del(other)
				head.Header.Del(other)
			}
			assert.Equal(t, get.Header, head.Header, path)
		}
	}
	get, head := buyer.get("/api/tickets/nosuch"), buyer.do("HEAD", "/api/tickets/nosuch", "")
	assert.Equal(t, 404, head.Status)
	assert.Equal(t, get.Header.Get("Content-Length"), head.Header.Get("Content-Length"), "a refusal too")
}

// A program has no cookies: it signs in, shows its token, and finds what it made.
func TestAProgram(t *testing.T) {
	s := market(t)
	owner, program := newcomer(t, s), visitor(t, s)
	in := program.asks("POST", "/api/users/signin", `{"email":"`+owner.Email+`","password":"correct horse"}`)
	require.Equal(t, 200, in.Status, "%s", in.Body)
	for name, want := range map[string]string{"RateLimit-Limit": "10", "RateLimit-Remaining": "10", "RateLimit-Reset": "0"} {
		assert.Equal(t, want, in.Header.Get(name), name)
	}
	var session struct{ Token, ExpiresAt string }
	in.into(t, &session)
	assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, session.ExpiresAt)
	ask := func(method, path, body string) answer {
		return program.asks(method, path, body, "Authorization", "Bearer "+session.Token)
	}
	made := ask("POST", "/api/tickets", `{"title":"Listed by a program","price":10}`)
	require.Equal(t, 201, made.Status, "%s", made.Body)
	var offered ticket
	made.into(t, &offered)
	assert.Equal(t, "/api/tickets/"+offered.ID, made.Header.Get("Location"))
	found := ask("GET", made.Header.Get("Location"), "")
	assert.JSONEq(t, string(made.Body), string(found.Body))
	assert.Contains(t, string(ask("GET", "/api/tickets/mine", "").Body), offered.ID)
	assert.Contains(t, string(ask("GET", "/api/users/currentuser", "").Body), owner.ID)

	buyer := newcomer(t, s)
	ordered := buyer.post("/api/orders", `{"ticketId":"`+offered.ID+`"}`)
	var o order
	ordered.into(t, &o)
	assert.Equal(t, "/api/orders/"+o.ID, ordered.Header.Get("Location"))
	assert.Equal(t, "/api/payments/"+o.ID, buyer.pays(o.ID, "tok_visa").Header.Get("Location"))
	assert.Equal(t, 200, buyer.get("/api/payments/"+o.ID).Status)
}

// Scripts of an origin that the operator names may use the API with a token, and nobody else's; without the setting none.
func TestScriptsFromElsewhere(t *testing.T) {
	s := market(t)
	owner, script := newcomer(t, s), visitor(t, s)
	in := `{"email":"` + owner.Email + `","password":"correct horse"}`
	const ticket = `{"title":"Listed from elsewhere","price":10}`
	preflight := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type"}
	from := func(origin string) []string { return []string{"Origin", origin, "Sec-Fetch-Site", "cross-site"} }

	asked := script.asks("OPTIONS", "/api/tickets", "", append(from(friend), preflight...)...)
	assert.Equal(t, 204, asked.Status)
	assert.Equal(t, friend, asked.Header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, asked.Header.Get("Access-Control-Allow-Methods"), "POST")
	assert.Contains(t, asked.Header.Get("Access-Control-Allow-Headers"), "Authorization")
	entered := script.asks("POST", "/api/users/signin", in, from(friend)...)
	require.Equal(t, 200, entered.Status, "%s", entered.Body)
	assert.Empty(t, entered.Header.Get("Set-Cookie"))
	var session struct{ Token string }
	entered.into(t, &session)
	made := script.asks("POST", "/api/tickets", ticket, append(from(friend), "Authorization", "Bearer "+session.Token)...)
	assert.Equal(t, 201, made.Status, "%s", made.Body)
	assert.Equal(t, friend, made.Header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, made.Header.Get("Access-Control-Expose-Headers"), "Location")
	assert.Empty(t, made.Header.Get("Access-Control-Allow-Credentials"))
	refused := script.asks("POST", "/api/tickets", `{}`, append(from(friend), "Cookie", "session="+session.Token)...)
	assert.Equal(t, "not_signed_in", refused.code(), "cookies are for our own pages")
	assert.Equal(t, friend, refused.Header.Get("Access-Control-Allow-Origin"), "it may read why")
	assert.Equal(t, 403, script.asks("POST", "/sell", "", append(from(friend), "Accept", "text/html")...).Status, "our pages' forms are not its")

	for _, elsewhere := range []struct {
		p      *person
		origin string
	}{{script, "https://evil.example"}, {visitor(t, hasty(t)), friend}} {
		asked := elsewhere.p.asks("OPTIONS", "/api/tickets", "", append(from(elsewhere.origin), preflight...)...)
		for name := range asked.Header {
			assert.False(t, strings.HasPrefix(name, "Access-Control-"), name)
		}
		refused := elsewhere.p.asks("POST", "/api/tickets", ticket, append(from(elsewhere.origin), "Authorization", "Bearer "+session.Token)...)
		assert.Equal(t, "cross_origin", refused.code())
		read := elsewhere.p.asks("GET", "/api/tickets", "", from(elsewhere.origin)...)
		assert.Equal(t, 200, read.Status)
		assert.Empty(t, read.Header.Get("Access-Control-Allow-Origin"), "no script gets to read it")
	}
}
