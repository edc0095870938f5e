package main

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"marketplace/services/handover/handover"
	"marketplace/services/orders/sale"
	"marketplace/shared/session"
)

// handoverWithin is short, so that what is not handed over fails during the trade.
const handoverWithin = 40 * time.Second

// secret is what a ticket's seller attaches to it.
func secret(ticketID string) string { return "SECRET " + ticketID }

// look is somebody who was given a ticket's content.
type look struct{ ticketID, userID, got string }

// attach gives a ticket its content. That it was confirmed is a promise: its buyer gets it.
func (t *trade) attach(o offer) {
	status, _ := t.call("PUT", "/api/contents/"+o.id, o.seller, `{"text":"`+secret(o.id)+`"}`, nil)
	if status != http.StatusOK {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.promised.Attached[o.id] = true
}

// bring is a seller who attaches it later, if he remembers.
func (t *trade) bring(random *rand.Rand) {
	if o, ok := t.pick(random); ok {
		t.attach(o)
	}
}

// peek is somebody who wants to see a ticket's content: its buyer, who opens it first, or anybody else.
func (t *trade) peek(random *rand.Rand) {
	t.mu.Lock()
	var orders []string
	for id := range t.promised.Paid {
		if orders = append(orders, id); len(orders) > 20 {
			break
		}
	}
	t.mu.Unlock()
	if len(orders) == 0 {
		return
	}
	id := orders[random.IntN(len(orders))]
	who := t.some(random)
	if buyer := t.buyerOf(id); buyer != "" && random.IntN(2) == 0 {
		who = buyer
		t.call("POST", "/api/handovers/"+id+"/open", who, "", nil)
	}
	ticketID := id[:strings.LastIndexByte(id, '-')]
	req, err := http.NewRequest(http.MethodGet, t.webs[0]+"/api/contents/"+ticketID+"/file", nil)
	if err != nil {
		panic(err) // our own paths
	}
	req.AddCookie(&http.Cookie{Name: session.Cookie, Value: who})
	resp, err := t.client.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.promised.Looks = append(t.promised.Looks, look{ticketID, subject(who), string(raw)})
}

func (t *trade) buyerOf(orderID string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buyers[orderID]
}

// subject is whose session a cookie is.
func subject(cookie string) string {
	var claims jwt.RegisteredClaims
	_, _, _ = jwt.NewParser().ParseUnverified(cookie, &claims)
	return claims.Subject
}

// missed tells whether the money for a ticket went back because its seller handed nothing over.
func (h history) missed(ticketID string) bool {
	s := h.Handovers[ticketID].Sale
	return s != nil && s.Reason == handover.Missed
}

// unhanded: once the system is quiet, a completed order has its content, and one whose content was confirmed did not fail.
func unhanded(h history, found func(string, ...any)) {
	for id, o := range h.Orders {
		at := h.Handovers[o.Ticket.ID]
		switch {
		case o.Status == sale.Complete && (at.Sale == nil || at.Sale.OrderID != id):
			found("order %s is complete, and handover has not heard of it", id)
		case o.Status == sale.Complete && (at.Content == nil || at.Sale.Status != handover.Delivered && at.Sale.Status != handover.Opened):
			found("order %s is complete, and its ticket is %s", id, at.Sale.Status)
		case o.Status == sale.Refunded && at.Sale != nil && at.Sale.Status != handover.Refunded:
			found("order %s is refunded, and its handover is %s", id, at.Sale.Status)
		}
	}
	for id := range h.Promised.Attached {
		if h.Handovers[id].Content == nil {
			found("what was attached to ticket %s is gone", id)
		}
		if h.missed(id) {
			found("ticket %s was handed over, and its buyer's money went back as if it were not", id)
		}
	}
}

// leak: content was seen by its seller and by who has paid for it, and by nobody else; and it was the ticket's own.
func leak(h history, found func(string, ...any)) {
	for _, l := range h.Promised.Looks {
		mayLook := h.Tickets[l.ticketID].UserID == l.userID
		for _, o := range h.Orders {
			mayLook = mayLook || o.Ticket.ID == l.ticketID && o.UserID == l.userID && o.Paid()
		}
		if !mayLook || l.got != secret(l.ticketID) {
			found("%s was given %q for ticket %s", l.userID, l.got, l.ticketID)
		}
	}
}
