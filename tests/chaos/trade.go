package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"marketplace/services/desk/letter"
	"marketplace/services/handover/handover"
	"marketplace/shared/clock"
	"marketplace/shared/session"
)

// trade is people using the marketplace through web, all of them at once and none of them patient.
type trade struct {
	webs           []string // where web's replicas are
	seed           uint64
	client         *http.Client
	cancel         context.CancelFunc
	operatorLeaves context.CancelFunc
	all            sync.WaitGroup

	mu       sync.Mutex
	promised promises
	users    []string          // session cookies
	tickets  []offer           // the latest listed
	held     []hold            // orders nobody has paid yet
	buyers   map[string]string // sessions, by the orders that were paid with them
	statuses map[int]int
	again    again
	odd      []string // answers that no outage explains
	shed     int      // requests that were refused because too much was asked for
}

// again counts orders that were asked for once more, because nobody could say what had become of the first request.
type again struct {
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	Unknown  int `json:"unknown"`
}

type offer struct{ id, seller string }
type hold struct{ id, buyer string }

const (
	workers  = 8
	inMind   = 40 // how many of the latest tickets people look at: few, so that they get in each other's way
	patience = 45 * time.Second
)

func newTrade(webs []string, seed uint64) *trade {
	return &trade{
		webs: webs, seed: seed, client: &http.Client{Timeout: patience}, statuses: map[int]int{},
		promised: promises{Tickets: map[string]bool{}, Orders: map[string]bool{}, Cancelled: map[string]bool{}, Paid: map[string]bool{}, Attached: map[string]bool{},
			Decided: map[string]handover.Verdict{}, Settled: map[string]letter.Step{}},
		buyers: map[string]string{},
	}
}

func (t *trade) start(ctx context.Context) {
	ctx, t.cancel = context.WithCancel(ctx)
	for i := range workers {
		random := rand.New(rand.NewPCG(t.seed, uint64(100+i)))
		t.all.Go(func() {
			for ctx.Err() == nil {
				t.act(ctx, random)
				clock.Wait(ctx, between(random, 5, 60))
			}
		})
	}
}

// stop lets everybody finish what they are doing.
func (t *trade) stop() {
	t.cancel()
	t.operatorLeaves()
	t.all.Wait()
}

// act does one thing that people do.
func (t *trade) act(ctx context.Context, random *rand.Rand) {
	switch n := random.IntN(100); {
	case n < 4 || len(t.some(random)) == 0:
		t.signUp(random)
	case n < 20:
		t.list(random)
	case n < 50:
		t.order(random)
	case n < 60:
		t.rush(random)
	case n < 68:
		t.cancelOrder(random)
	case n < 90:
		t.pay(ctx, random)
	case n < 92:
		t.edit(random)
	case n < 93:
		t.withdraw(random)
	case n < 95:
		t.bring(random)
	case n < 98:
		t.peek(random)
	case n < 99:
		t.report(random)
	default:
		t.call("GET", "/api/tickets", "", "", nil)
	}
}

// some is somebody's session, "" when nobody has signed up yet.
func (t *trade) some(random *rand.Rand) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.users) == 0 {
		return ""
	}
	return t.users[random.IntN(len(t.users))]
}

func (t *trade) signUp(random *rand.Rand) {
	email := fmt.Sprintf("u%d-%d@example.com", t.seed, random.Uint64())
	_, cookie := t.call("POST", "/api/users/signup", "", `{"email":"`+email+`","password":"correct horse"}`, nil)
	if cookie != "" {
		t.mu.Lock()
		t.users = append(t.users, cookie)
		t.mu.Unlock()
	}
}

func (t *trade) list(random *rand.Rand) {
	seller := t.some(random)
	var got struct{ ID string }
	status, _ := t.call("POST", "/api/tickets", seller, fmt.Sprintf(`{"title":"Seat %d","price":%d.50%s}`, random.IntN(1000), 1+random.IntN(200), start(random)), &got)
	if status != http.StatusCreated {
		return
	}
	if random.IntN(4) > 0 {
		t.attach(offer{got.ID, seller})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.promised.Tickets[got.ID] = true
	t.tickets = append(t.tickets, offer{got.ID, seller})
	if len(t.tickets) > inMind {
		t.tickets = t.tickets[1:]
	}
}

// start is when a ticket is good, for some: soon, so that it begins while people want it, or long after the trade.
func start(random *rand.Rand) string {
	after := 24 * time.Hour
	switch random.IntN(8) {
	case 0:
		after = between(random, 5_000, 60_000)
	case 1:
	default:
		return ""
	}
	return `,"zone":"UTC","startsAt":"` + time.Now().Add(after).UTC().Format(time.RFC3339Nano) + `"`
}

func (t *trade) pick(random *rand.Rand) (offer, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.tickets) == 0 {
		return offer{}, false
	}
	return t.tickets[random.IntN(len(t.tickets))], true
}

func (t *trade) order(random *rand.Rand) {
	if o, ok := t.pick(random); ok {
		t.orderAs(t.some(random), o)
	}
}

// rush is several buyers for one ticket at the same moment.
func (t *trade) rush(random *rand.Rand) {
	o, ok := t.pick(random)
	if !ok {
		return
	}
	var all sync.WaitGroup
	for range 4 {
		buyer := t.some(random)
		all.Go(func() { t.orderAs(buyer, o) })
	}
	all.Wait()
}

// orderAs asks once more when the outcome is unknown, as a browser or its owner would.
func (t *trade) orderAs(buyer string, o offer) {
	var got struct{ ID string }
	order := func() int {
		status, _ := t.call("POST", "/api/orders", buyer, `{"ticketId":"`+o.id+`"}`, &got)
		return status
	}
	status := order()
	repeated := unknown(status)
	if repeated {
		time.Sleep(time.Second)
		status = order()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if repeated {
		switch {
		case unknown(status):
			t.again.Unknown++
		case status/100 == 2:
			t.again.Accepted++
		default:
			t.again.Refused++
		}
	}
	if status/100 != 2 { // 200 is an order that was there already
		return
	}
	t.promised.Orders[got.ID] = true
	t.held = append(t.held, hold{got.ID, buyer})
}

// unknown tells whether a request may have had its effect or not.
func unknown(status int) bool { return status == 0 || status >= http.StatusInternalServerError }

// takeHeld takes an order out of those nobody has paid; most of the rest is abandoned.
func (t *trade) takeHeld() (hold, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.held) == 0 {
		return hold{}, false
	}
	h := t.held[len(t.held)-1]
	t.held = t.held[:len(t.held)-1]
	return h, true
}

func (t *trade) cancelOrder(*rand.Rand) {
	h, ok := t.takeHeld()
	if !ok {
		return
	}
	if status, _ := t.call("DELETE", "/api/orders/"+h.id, h.buyer, "", nil); status == http.StatusNoContent {
		t.mu.Lock()
		t.promised.Cancelled[h.id] = true
		t.mu.Unlock()
	}
}

// cards that people pay with; most are good.
var cards = []string{"tok_visa", "tok_visa", "pm_card_visa", "tok_mastercard", "tok_chargeDeclined", "tok_chargeDeclinedInsufficientFunds"}

// pay tries up to three cards while ctx lasts, and sometimes presses the button twice.
func (t *trade) pay(ctx context.Context, random *rand.Rand) {
	h, ok := t.takeHeld()
	if !ok {
		return
	}
	for range 3 {
		body := `{"orderId":"` + h.id + `","token":"` + cards[random.IntN(len(cards))] + `"}`
		paid := false
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 1 + random.IntN(2) {
			all.Go(func() {
				status, _ := t.call("POST", "/api/payments", h.buyer, body, nil)
				mu.Lock()
				paid = paid || status == http.StatusCreated
				mu.Unlock()
			})
		}
		all.Wait()
		if paid {
			t.mu.Lock()
			t.promised.Paid[h.id] = true
			t.buyers[h.id] = h.buyer
			t.mu.Unlock()
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (t *trade) edit(random *rand.Rand) {
	if o, ok := t.pick(random); ok {
		t.call("PUT", "/api/tickets/"+o.id, o.seller, fmt.Sprintf(`{"title":"Seat %d","price":%d}`, random.IntN(1000), 1+random.IntN(200)), nil)
	}
}

// withdraw takes a ticket off the market, until somebody edits it.
func (t *trade) withdraw(random *rand.Rand) {
	if o, ok := t.pick(random); ok {
		t.call("DELETE", "/api/tickets/"+o.id, o.seller, "", nil)
	}
}

// call makes a request and counts its answer: 0 for none. It returns the session that the answer set, if any.
func (t *trade) call(method, path, cookie, body string, into any) (status int, opened string) {
	req, err := http.NewRequest(method, t.webs[rand.IntN(len(t.webs))]+path, bytes.NewBufferString(body))
	if err != nil {
		panic(err) // our own paths
	}
	req.Header.Set("Content-Type", "application/json")
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: session.Cookie, Value: cookie})
	}
	resp, err := t.client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		var raw []byte
		if raw, err = io.ReadAll(resp.Body); err == nil {
			status = resp.StatusCode
			t.note(method, path, resp, raw)
			t.weigh(method, path, resp, raw)
			if into != nil && status/100 == 2 {
				_ = json.Unmarshal(raw, into)
			}
			for _, c := range resp.Cookies() {
				if c.Name == session.Cookie {
					opened = c.Value
				}
			}
		}
	}
	t.mu.Lock()
	t.statuses[status]++
	t.mu.Unlock()
	return status, opened
}

// receipt asks for the payment for an order as its buyer, after the trade; the zero money when there is none.
func (t *trade) receipt(ctx context.Context, orderID, cookie string) (m money, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.webs[0]+"/api/payments/"+orderID, nil)
	if err != nil {
		return m, err
	}
	req.AddCookie(&http.Cookie{Name: session.Cookie, Value: cookie})
	resp, err := t.client.Do(req)
	if err != nil {
		return m, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return m, json.NewDecoder(resp.Body).Decode(&m)
	case http.StatusNotFound:
		return m, nil
	}
	return m, fmt.Errorf("GET /api/payments/%s: %s", orderID, resp.Status)
}

// sessions are people's session cookies by who they are.
func (t *trade) sessions() map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string]string{}
	for _, cookie := range t.users {
		var claims jwt.RegisteredClaims
		if _, _, err := jwt.NewParser().ParseUnverified(cookie, &claims); err == nil {
			all[claims.Subject] = cookie
		}
	}
	return all
}

// note keeps answers that no outage explains: a 5xx other than 503, a 503 that does not say when to come back, and a 401,
// since everybody here is signed in.
func (t *trade) note(method, path string, resp *http.Response, body []byte) {
	if resp.StatusCode < 500 && resp.StatusCode != http.StatusUnauthorized || resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.odd) < 20 {
		fmt.Printf("unexplained: %s %s: %d %s (request %s)\n", method, path, resp.StatusCode, body, resp.Header.Get("X-Request-Id"))
	}
	t.odd = append(t.odd, path)
}

func (t *trade) refusals() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shed
}

func (t *trade) unexplained() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.odd)
}

// count is how many requests were accepted, and how many were refused for an outage.
func (t *trade) count() (accepted, refused int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for status, n := range t.statuses {
		switch {
		case status/100 == 2:
			accepted += n
		case unknown(status):
			refused += n
		}
	}
	return accepted, refused
}

func (t *trade) answers() (map[int]int, again) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.statuses), t.again
}
