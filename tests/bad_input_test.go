package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type badInput struct {
	who          *person
	method, path string
	body         string
	status       int
	says         string
}

// code is the code that the first complaint has: by its words where there is one of its own, else by the status.
func (b badInput) code() string {
	first, _, _ := strings.Cut(b.says, "; ")
	own := map[string]string{
		"Email in use": "email_in_use", "Invalid credentials": "invalid_credentials", "Ticket is already reserved": "ticket_reserved", "Cannot withdraw a reserved ticket": "ticket_reserved",
		"The signature is not Stripe's": "signature_invalid", "Unknown field (userId)": "unknown_field", "Unknown field (by)": "unknown_field", "Unknown field (colour)": "unknown_field", "Unknown parameter (colour)": "unknown_parameter", "Unknown parameter (event)": "unknown_parameter",
	}
	if code := own[first]; code != "" {
		return code
	}
	if b.status == 401 && b.who.cookie == nil {
		return "not_signed_in"
	}
	return map[int]string{400: "invalid", 401: "not_owner", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}[b.status]
}

// Every malformed request gets the contract's error body with the right status, names the field, and changes nothing.
func TestBadInput(t *testing.T) {
	s := market(t)
	owner, other, late := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered := owner.sells("As it was", "10")
	placed := other.orders(offered.ID)
	nobody := visitor(t, s)
	const title, price = "Title is required (title)", "Price must be greater than 0 (price)"
	for _, c := range []badInput{
		{nobody, "POST", "/api/users/signup", `{"email":"nope","password":"short"}`, 400, "Email must be valid (email); Password must be between 8 and 128 characters (password)"},
		{nobody, "POST", "/api/users/signup", `{}`, 400, "Email must be valid (email); Password must be between 8 and 128 characters (password)"},
		{nobody, "POST", "/api/users/signup", `{"email":"` + owner.Email + `","password":"correct horse"}`, 400, "Email in use"},
		{nobody, "POST", "/api/users/signup", `{"email":1,"password":"correct horse"}`, 400, "email must be a string (email)"},
		{nobody, "POST", "/api/users/signin", `{"email":"nope","password":""}`, 400, "Email must be valid (email); You must supply a password (password)"},
		{nobody, "POST", "/api/users/signin", `{"email":"nobody@example.com","password":"x"}`, 400, "Invalid credentials"},
		{nobody, "POST", "/api/users/signin", `{"email":"` + owner.Email + `","password":"wrong"}`, 400, "Invalid credentials"},

		{nobody, "POST", "/api/tickets", `{"title":"x","price":1}`, 401, "Not authorized"},
		{nobody, "POST", "/api/tickets", `rubbish`, 401, "Not authorized"}, // signed in comes before valid
		{owner, "POST", "/api/tickets", `{"title":"","price":-10}`, 400, title + "; " + price},
		{owner, "POST", "/api/tickets", `{}`, 400, title + "; " + price},
		{owner, "POST", "/api/tickets", `null`, 400, title + "; " + price},
		{owner, "POST", "/api/tickets", `{"title":"` + strings.Repeat("x", 201) + `","price":1}`, 400, "Title must be at most 200 characters (title)"},
		{owner, "POST", "/api/tickets", `{"title":"x","price":"free"}`, 400, "Price must be a number in USD, such as 25 or 19.99 (price)"},
		{owner, "POST", "/api/tickets", `{"title":"x","price":1.999}`, 400, "Price must have at most two decimals (price)"},
		{owner, "POST", "/api/tickets", `{"title":"x","price":1e999999999}`, 400, "The highest price is $999,999.99 (price)"},
		{owner, "POST", "/api/tickets", `{"title":["x"],"price":1}`, 400, "title must be a string (title)"},
		{owner, "POST", "/api/tickets", `{"title":"x","price":1,"userId":"me"}`, 400, "Unknown field (userId)"},
		{owner, "POST", "/api/tickets", `[]`, 400, "The body must be a JSON object"},
		{owner, "POST", "/api/tickets", `{"title":"x"`, 400, "The body is not valid JSON"},
		{owner, "POST", "/api/tickets", `{"title":"x","price":1}{}`, 400, "The body must be one JSON object"},
		{owner, "POST", "/api/tickets", `{"title":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "The request is larger than 64 KiB"},
		{owner, "PUT", "/api/tickets/" + offered.ID, `{"title":"","price":1}`, 400, title},
		{owner, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":0.49}`, 400, "The lowest price is $0.50 (price)"},
		{owner, "PUT", "/api/tickets/nosuch", `{"title":"","price":1}`, 400, title}, // valid comes before exists
		{owner, "PUT", "/api/tickets/nosuch", `{"title":"x","price":1}`, 404, "Not Found"},
		{other, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":1}`, 401, "Not authorized"},
		{owner, "GET", "/api/tickets/nosuch", "", 404, "Not Found"},
		{owner, "GET", "/api/tickets/" + strings.Repeat("x", 65), "", 404, "Not Found"},
		{owner, "GET", "/api/tickets?limit=0", "", 400, "limit must be from 1 to 200 (limit)"},
		{owner, "GET", "/api/tickets?limit=many", "", 400, "limit must be from 1 to 200 (limit)"},
		{owner, "GET", "/api/tickets?cursor=nonsense", "", 400, "cursor is not one that a page gave out (cursor)"},
		{owner, "GET", "/api/tickets?sort=best", "", 400, "sort must be new, price, -price or date (sort)"},
		{owner, "GET", "/api/tickets?from=tomorrow&to=2027-02-30", "", 400, "from must be a date, such as 2027-07-18 (from); to must be a date, such as 2027-07-18 (to)"},
		{owner, "GET", "/api/events?from=2027-07-18&to=2027-07-17", "", 400, "to must not be before from (to)"},
		{nobody, "GET", "/api/events?event=x", "", 400, "Unknown parameter (event)"},
		{nobody, "GET", "/api/events?cursor=nonsense", "", 400, "cursor is not one that a page gave out (cursor)"},
		{nobody, "GET", "/api/events/x", "", 404, "Not Found"},
		{owner, "POST", "/api/tickets", `{"title":"x","price":1,"startsAt":"2027-07-18T20:00","zone":"Mars","seat":12}`, 400, "Start must be a time with its offset, such as 2027-07-18T20:00:00+02:00 (startsAt); Zone must be a name of the IANA time zone database, such as Europe/Zurich (zone); seat must be a string (seat)"},
		{owner, "POST", "/api/tickets", `{"title":"x","price":1,"startsAt":"2019-07-18T20:00:00Z","zone":"UTC"}`, 400, "The start has passed (startsAt)"},
		{owner, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":1,"zone":"UTC"}`, 400, "Start is required with a zone (startsAt)"},
		{owner, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":1,"venue":"` + strings.Repeat("x", 121) + `"}`, 400, "Venue must be at most 120 characters (venue)"},
		{owner, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":1,"withdrawn":true}`, 400, "withdrawn cannot be set by an edit (withdrawn)"},
		{nobody, "DELETE", "/api/tickets/" + offered.ID, "", 401, "Not authorized"},
		{other, "DELETE", "/api/tickets/" + offered.ID, "", 401, "Not authorized"},
		{owner, "DELETE", "/api/tickets/" + offered.ID, "", 400, "Cannot withdraw a reserved ticket"},
		{owner, "DELETE", "/api/tickets/nosuch", "", 404, "Not Found"},
		{owner, "GET", "/api/tickets?colour=red", "", 400, "Unknown parameter (colour)"},
		{owner, "GET", "/api/tickets/mine?cursor=-1", "", 400, "cursor is not one that a page gave out (cursor)"},
		{nobody, "GET", "/api/tickets/mine", "", 401, "Not authorized"},

		{nobody, "POST", "/api/orders", `{"ticketId":"` + offered.ID + `"}`, 401, "Not authorized"},
		{other, "POST", "/api/orders", `{}`, 400, "TicketId must be provided (ticketId)"},
		{other, "POST", "/api/orders", `{"ticketId":7}`, 400, "ticketId must be a string (ticketId)"},
		{other, "POST", "/api/orders", `{"ticketId":"nosuch"}`, 404, "Not Found"},
		{other, "POST", "/api/orders", `{"ticketId":"../orders"}`, 404, "Not Found"},
		{late, "POST", "/api/orders", `{"ticketId":"` + offered.ID + `"}`, 400, "Ticket is already reserved"},
		{nobody, "GET", "/api/orders", "", 401, "Not authorized"},
		{other, "GET", "/api/orders/nosuch", "", 404, "Not Found"},
		{other, "GET", "/api/orders/" + offered.ID + "-NOSUCH", "", 404, "Not Found"},
		{owner, "GET", "/api/orders/" + placed.ID, "", 401, "Not authorized"},
		{owner, "DELETE", "/api/orders/" + placed.ID, "", 401, "Not authorized"},
		{nobody, "DELETE", "/api/orders/" + placed.ID, "", 401, "Not authorized"},
		{other, "DELETE", "/api/orders/nosuch", "", 404, "Not Found"},

		{nobody, "POST", "/api/payments", `{"orderId":"x","token":"tok_visa"}`, 401, "Not authorized"},
		{other, "POST", "/api/payments", `{}`, 400, "OrderId must be provided (orderId); Token must be provided (token)"},
		{other, "POST", "/api/payments", `{"orderId":"nosuch","token":"tok_visa"}`, 404, "Not Found"},
		{owner, "POST", "/api/payments", `{"orderId":"` + placed.ID + `","token":"tok_visa"}`, 401, "Not authorized"},
		{other, "POST", "/api/orders", `{"ticketId":"` + offered.ID + `","expectedPrice":"free"}`, 400, "Price must be a number in USD, such as 25 or 19.99 (expectedPrice)"},
		{owner, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":1,"version":7}`, 400, "version cannot be changed (version)"},
		{owner, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":1,"colour":"red"}`, 400, "Unknown field (colour)"},
		{other, "PUT", "/api/tickets/" + offered.ID, `{"title":"x","price":1,"version":7}`, 401, "Not authorized"}, // whose it is comes first
		{owner, "GET", "/api/sales?limit=0", "", 400, "limit must be from 1 to 200 (limit)"},
		{owner, "GET", "/api/sales?cursor=nonsense", "", 400, "cursor is not one that a page gave out (cursor)"},
		{nobody, "GET", "/api/sales", "", 401, "Not authorized"},
		{owner, "GET", "/api/sales/x", "", 404, "Not Found"},

		{nobody, "PUT", "/api/contents/" + offered.ID, `{"text":"M1"}`, 401, "Not authorized"},
		{owner, "PUT", "/api/contents/" + offered.ID, `{}`, 400, "What the barcode says is missing (text)"},
		{owner, "PUT", "/api/contents/" + offered.ID, `{"text":7}`, 400, "text must be a string (text)"},
		{owner, "PUT", "/api/contents/" + offered.ID, `{"text":"a\nb"}`, 400, "What the barcode says must be one line of printable characters (text)"},
		{owner, "PUT", "/api/contents/" + offered.ID, `{"text":"M1","colour":"red"}`, 400, "Unknown field (colour)"},
		{owner, "PUT", "/api/contents/nosuch", `{"text":"M1"}`, 404, "Not Found"},
		{other, "PUT", "/api/contents/" + offered.ID, `{"text":"M1"}`, 401, "Not authorized"},
		{other, "GET", "/api/contents/" + offered.ID + "/file", "", 401, "Not authorized"},
		{owner, "GET", "/api/contents/" + offered.ID + "/file", "", 404, "Not Found"},
		{owner, "GET", "/api/handovers", "", 400, "as must be seller or buyer (as)"},
		{owner, "GET", "/api/handovers?as=seller&limit=0", "", 400, "limit must be from 1 to 200 (limit)"},
		{owner, "GET", "/api/handovers?as=seller&cursor=x", "", 400, "cursor is not one that a page gave out (cursor)"},
		{owner, "GET", "/api/handovers?as=seller&colour=red", "", 400, "Unknown parameter (colour)"},
		{nobody, "GET", "/api/handovers?as=seller", "", 401, "Not authorized"},
		{owner, "GET", "/api/handovers/nosuch", "", 404, "Not Found"},
		{other, "GET", "/api/handovers/" + placed.ID, "", 404, "Not Found"}, // not paid for yet
		{other, "POST", "/api/handovers/" + placed.ID + "/open", "", 404, "Not Found"},
		{other, "POST", "/api/handovers/" + placed.ID + "/report", `{"words":" "}`, 400, "Say what did not work (words)"},
		{other, "POST", "/api/handovers/" + placed.ID + "/report", `{"words":"x"}`, 404, "Not Found"},
		{other, "POST", "/api/handovers/" + placed.ID + "/decision", `{"decision":"keep"}`, 400, "decision must be refund or dismiss (decision)"},
		{other, "POST", "/api/handovers/" + placed.ID + "/decision", `{"decision":"refund"}`, 401, "Not authorized"}, // an operator's
		{other, "GET", "/api/handovers/reports", "", 401, "Not authorized"},

		{other, "GET", "/api/payments/cases", "", 401, "Not authorized"}, // operators'
		{other, "POST", "/api/payments/cases/nosuch/look", "", 401, "Not authorized"},
		{other, "GET", "/api/desk/letters", "", 401, "Not authorized"},
		{other, "POST", "/api/desk/letters/nosuch/replay", "", 401, "Not authorized"},
		{other, "POST", "/api/desk/letters/nosuch/drop", "", 401, "Not authorized"},
		{other, "POST", "/api/desk/orders/nosuch/look", "", 401, "Not authorized"},
		{other, "POST", "/api/payments/cases/nosuch/done", `{"words":" "}`, 400, "Say what was done (words)"},
		{other, "POST", "/api/payments/cases/nosuch/done", `{"words":"x","by":"me"}`, 400, "Unknown field (by)"},
		{other, "POST", "/api/payments/cases/nosuch/done", `{"words":"x"}`, 401, "Not authorized"},
		{other, "GET", "/api/payments/nosuch", "", 404, "Not Found"},
		{nobody, "POST", "/api/payments/webhook", `{"id":"evt_1","type":"payment_intent.succeeded"}`, 400, "The signature is not Stripe's"},

		{nobody, "GET", "/api/nosuch", "", 404, "Not Found"},
		{nobody, "GET", "/api/tickets/a/b", "", 404, "Not Found"},
		{nobody, "PATCH", "/api/tickets/" + offered.ID, `{}`, 405, "Method Not Allowed"},
		{nobody, "PUT", "/api/tickets/mine", `{}`, 405, "Method Not Allowed"},
		{nobody, "PATCH", "/api/nosuch", `{}`, 404, "Not Found"},
		{nobody, "GET", "/api/tickets/%2e%2e/%2e%2e/healthz", "", 404, "Not Found"},
		{nobody, "GET", "/api/tickets/%00", "", 404, "Not Found"},
		{nobody, "GET", "/api/tickets/x%1F", "", 404, "Not Found"},
		{nobody, "GET", "/api/tickets/x%C2%97", "", 404, "Not Found"},
		{nobody, "GET", "/api/orders/../../internal/orders", "", 404, "Not Found"},
	} {
		name := fmt.Sprintf("%s %.60s %.60s", c.method, c.path, c.body)
		t.Run(name, func(t *testing.T) {
			got := c.who.do(c.method, c.path, c.body)
			assert.Equal(t, c.status, got.Status, "%s", got.Body)
			assert.Equal(t, c.says, got.says())
			assert.Equal(t, c.code(), got.code())
			assert.NotEmpty(t, got.Header.Get("X-Request-Id"))
		})
	}
	for _, key := range []string{strings.Repeat("k", 256), "k\u00e9", "\xff"} {
		got := owner.with("POST", "/api/tickets", `{"title":"x","price":1}`, "Idempotency-Key", key)
		assert.Equal(t, 400, got.Status, "%q", key)
		assert.Equal(t, "Idempotency-Key must be 1 to 255 printable ASCII characters (Idempotency-Key)", got.says(), "%q", key)
	}
	req, err := http.NewRequest("POST", s.URL+"/api/tickets", strings.NewReader(`title=x`))
	require.NoError(t, err)
	req.AddCookie(owner.cookie)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusUnsupportedMediaType, resp.StatusCode)

	assert.Equal(t, "As it was", owner.ticket(offered.ID).Title)
	assert.Equal(t, "created", other.order(placed.ID).Status)
}

// Repeated failures slow a guesser down, and do not lock the owner's neighbours out.
func TestGuessing(t *testing.T) {
	s := market(t)
	victim, neighbour := newcomer(t, s), newcomer(t, s)
	guess := func(p *person, password string) answer {
		body, _ := json.Marshal(map[string]string{"email": p.Email, "password": password})
		return visitor(t, s).post("/api/users/signin", string(body))
	}
	for range 10 {
		require.Equal(t, 400, guess(victim, "wrong").Status)
	}
	slowed := guess(victim, "correct horse")
	assert.Equal(t, 429, slowed.Status)
	assert.NotEmpty(t, slowed.Header.Get("Retry-After"))
	assert.Equal(t, 200, guess(neighbour, "correct horse").Status)
}
