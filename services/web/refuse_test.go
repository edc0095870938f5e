package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/web/taken"
	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// counter is a site at whose counter orders stands: it notes what it is asked.
type counter struct {
	*site
	cookie  *http.Cookie
	answers http.HandlerFunc // of orders, to who is passed on
	asked   []string         // the bodies of those

	mu       sync.Mutex
	who      events.Order // who has a ticket, says orders
	away     error
	inquired int
	now      time.Time
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{now: noon}
	c.site, c.cookie = newSite(t, nil)
	c.site.now, c.services = func() time.Time { return c.now }, c
	c.api = c.refuseTaken(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		c.asked = append(c.asked, string(raw))
		c.answers(w, r)
	}))
	c.says(201, `{}`)
	return c
}

// Invoke implements dapr.Invoker.
func (c *counter) Invoke(_ context.Context, app, method, path string, _, out any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inquired++
	if app != "orders" || method != http.MethodGet || path != "/internal/tickets/T/order" {
		return fault.UnknownMethod()
	}
	if c.away == nil {
		raw, _ := json.Marshal(c.who)
		return json.Unmarshal(raw, out)
	}
	return c.away
}

func (c *counter) says(status int, body string) {
	c.answers = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// send asks for something, and tells whether orders was asked.
func (c *counter) send(method, path, body string, change ...func(*http.Request)) (w *httptest.ResponseRecorder, passed bool) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Request-Id", "the-request")
	r.AddCookie(c.cookie)
	for _, change := range change {
		change(r)
	}
	w, before := httptest.NewRecorder(), len(c.asked)
	c.api.ServeHTTP(w, r)
	return w, len(c.asked) > before
}

func (c *counter) orders(change ...func(*http.Request)) (*httptest.ResponseRecorder, bool) {
	return c.send("POST", "/api/orders", `{"ticketId":"T"}`, change...)
}

// answered waits for what orders was asked in the background.
func (c *counter) answered(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool { return len(c.asking) == 0 }, time.Second, time.Millisecond)
}

func holdOf(buyer string, version int64) events.Order {
	return events.Order{
		ID: "T-" + buyer, SaleVersion: version, Status: events.StatusCreated, UserID: buyer, ExpiresAt: clock.At(noon.Add(15 * time.Minute)),
		Ticket: events.OrderTicket{ID: "T", Title: "Aida", Price: 1000, SellerID: "sue"},
	}
}

func (c *counter) hear(t *testing.T, o events.Order) {
	t.Helper()
	require.NoError(t, c.onOrder(t.Context(), o))
}

func TestAHotTicketIsRefusedWithoutACall(t *testing.T) {
	c := newCounter(t)
	_, passed := c.orders()
	assert.True(t, passed, "nobody holds it")
	c.hear(t, holdOf("bob", 1))
	w, passed := c.orders()
	assert.False(t, passed)
	assert.Equal(t, 400, w.Code)
	assert.JSONEq(t, `{"errors":[{"message":"Ticket is already reserved","code":"ticket_reserved"}],"requestId":"the-request"}`, w.Body.String())
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	w, _ = c.orders(func(r *http.Request) { r.Header.Set("Accept", "application/problem+json") })
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))

	paid := holdOf("bob", 2)
	paid.Status = events.StatusComplete
	c.hear(t, paid)
	c.now = noon.Add(30 * time.Second)
	_, passed = c.orders()
	assert.False(t, passed, "sold")

	c.catchUp()
	_, passed = c.orders()
	assert.True(t, passed, "news may have been missed: all is forgotten")
	c.hear(t, paid)
	c.hears = func() bool { return false }
	_, passed = c.orders()
	assert.True(t, passed, "deaf")
}

// What orders would answer before it looks at who has the ticket is for orders to answer, and so is what it may have answered.
func TestWhatOrdersIsAskedAllTheSame(t *testing.T) {
	c := newCounter(t)
	c.hear(t, holdOf("bob", 1))
	c.says(400, `{"errors":[{"message":"no"}]}`)
	for name, change := range map[string]func(*http.Request){
		"no session":     func(r *http.Request) { r.Header.Del("Cookie") },
		"a bad session":  func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") },
		"a key":          func(r *http.Request) { r.Header.Set("Idempotency-Key", "k") },
		"not JSON":       func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") },
		"another method": func(r *http.Request) { r.Method = "PUT" },
		"another path":   func(r *http.Request) { r.URL.Path = "/api/orders/x" },
	} {
		_, passed := c.orders(change)
		assert.True(t, passed, name)
	}
	for _, body := range []string{
		``, `{`, `[]`, `{}`, `{"ticketId":""}`, `{"ticketId":7}`, `{"ticketId":"T","x":1}`, `{"ticketId":"T"}{}`, `{"ticketId":"T/.."}`, `{"ticketId":"` + strings.Repeat("T", 500) + `"}`,
		`{"ticketId":"T","expectedPrice":-1}`, `{"ticketId":"T","expectedPrice":"x"}`, `{"ticketId":"T","expectedPrice":1.001}`, `{"ticketId":"U"}`,
	} {
		_, passed := c.send("POST", "/api/orders", body)
		assert.True(t, passed, body)
		assert.Equal(t, body, c.asked[len(c.asked)-1], "whole")
	}
	for _, body := range []string{`{"ticketId":"T","expectedPrice":null}`, `{"ticketId":"T","expectedPrice":10.5}`, `{"ticketId":"T","expectedPrice":"10.50"}`, ` {"ticketid":"T"}`} {
		_, passed := c.send("POST", "/api/orders", body)
		assert.False(t, passed, body)
	}
}

// Who may have it gets through: the holder, who did not hear that he is, and the seller, who is told something else.
func TestWhoIsPassedOn(t *testing.T) {
	c := newCounter(t)
	c.hear(t, holdOf("ann", 1))
	_, passed := c.orders()
	assert.True(t, passed, "the holder")
	theirs := holdOf("bob", 2)
	theirs.Ticket.SellerID = "ann"
	c.hear(t, theirs)
	_, passed = c.orders()
	assert.True(t, passed, "the seller")
}

// What we passed on ourselves we need not wait to hear of.
func TestAnswersAreNews(t *testing.T) {
	c := newCounter(t)
	c.hear(t, holdOf("bob", 1))
	c.says(204, "")
	_, passed := c.send("DELETE", "/api/orders/T-bob", "")
	assert.True(t, passed)
	c.says(201, `{"id":"T-ann","version":0,"saleVersion":3,"status":"created","userId":"ann","expiresAt":"2026-03-01T12:15:00.000Z","ticket":{"id":"T","price":10}}`)
	w, passed := c.orders()
	assert.True(t, passed, "given back a moment ago")
	assert.Equal(t, 201, w.Code)
	state, _ := c.taken.Refuses("T", "eve", noon)
	assert.Equal(t, taken.Held, state, "ann holds it")
	c.hear(t, holdOf("bob", 1))
	_, passed = c.orders()
	assert.True(t, passed, "she may ask again")

	c.says(400, `{"errors":[{"message":"no","code":"payment_in_progress"}]}`)
	_, _ = c.send("DELETE", "/api/orders/T-ann", "")
	state, _ = c.taken.Refuses("T", "eve", noon)
	assert.Equal(t, taken.Held, state, "not given back")

	c.says(201, `{"id":"T-eve","saleVersion":2,"status":"created","userId":"eve","expiresAt":"2026-03-01T12:15:00.000Z","ticket":{"id":"T","price":10}}`)
	_, _ = c.send("POST", "/api/orders", `{"ticketId":"T"}`, func(r *http.Request) { r.Header.Set("Idempotency-Key", "k") })
	state, _ = c.taken.Refuses("T", "ann", noon)
	assert.Equal(t, taken.Unknown, state, "an older answer, said again")
}

// What was missed is wrong for five seconds at most; of a ticket that is asked for orders is asked in time.
func TestWhatWasMissedIsSoonRight(t *testing.T) {
	c := newCounter(t)
	c.hear(t, holdOf("bob", 1))
	c.who = holdOf("bob", 1)
	for range 20 {
		c.now = c.now.Add(time.Second)
		_, passed := c.orders()
		assert.False(t, passed, "he holds it still")
		c.answered(t)
	}
	assert.LessOrEqual(t, c.inquired, 10)
	c.hear(t, holdOf("bob", 1))
	c.who = holdOf("ann", 3) // he gave it back, and ann got it through another replica
	c.now = c.now.Add(3 * time.Second)
	_, passed := c.orders()
	assert.False(t, passed, "not known yet")
	c.answered(t)
	_, passed = c.orders()
	assert.True(t, passed)

	c.who = holdOf("bob", 5)
	c.hear(t, c.who)
	c.away = fault.NoSuchThing()
	c.now = c.now.Add(3 * time.Second)
	_, passed = c.orders()
	assert.False(t, passed)
	c.answered(t)
	_, passed = c.orders()
	assert.True(t, passed, "nobody has it")

	c.hear(t, holdOf("eve", 7))
	c.away = fault.Down(nil, "away")
	c.now = c.now.Add(3 * time.Second)
	_, passed = c.orders()
	assert.False(t, passed)
	c.answered(t)
	c.now = c.now.Add(taken.Trusted - 3*time.Second)
	_, passed = c.orders()
	assert.True(t, passed, "orders does not say: let it judge")
}

// A web that has just started learns from the first refusal whose the ticket is, and from then on passes nobody on.
func TestOneRefusalIsEnough(t *testing.T) {
	c := newCounter(t)
	c.who = holdOf("bob", 1)
	c.says(400, `{"errors":[{"message":"Ticket is already reserved","code":"ticket_reserved"}]}`)
	w, passed := c.orders()
	assert.True(t, passed)
	assert.Equal(t, 400, w.Code)
	c.answered(t)
	_, passed = c.orders()
	assert.False(t, passed)
	assert.Equal(t, 1, c.inquired)
}

// The button of a page is refused like any program.
func TestTheButtonIsRefusedWithoutACall(t *testing.T) {
	c := newCounter(t)
	c.hear(t, holdOf("bob", 1))
	r := httptest.NewRequest("POST", "/tickets/T/buy", strings.NewReader("price=10"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetPathValue("id", "T")
	r.AddCookie(c.cookie)
	w := httptest.NewRecorder()
	c.page(c.buy).ServeHTTP(w, r)
	assert.Equal(t, "/tickets/T", w.Header().Get("Location"))
	assert.NotEmpty(t, w.Result().Cookies(), "why")
	assert.Empty(t, c.asked)
}

// Through the door itself: what cannot be passed on at all is said first.
func TestTheRefusalStandsBehindTheDoor(t *testing.T) {
	c := newCounter(t)
	c.hear(t, holdOf("bob", 1))
	sidecar := sidecarAt(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	c.api = passOn(sidecar, slog.New(slog.DiscardHandler), c.refuseTaken)
	w, _ := c.orders()
	assert.Equal(t, 400, w.Code)
	w, _ = c.send("POST", "/api/orders", strings.Repeat(" ", 65<<10))
	assert.Equal(t, 413, w.Code)
	w, _ = c.orders(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 7000)) })
	assert.Contains(t, w.Body.String(), "too long")
	w, _ = c.send("POST", "/api/orders", `{"ticketId":"U"}`)
	assert.Equal(t, 200, w.Code)
}
