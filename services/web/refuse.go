package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"marketplace/services/web/taken"
	"marketplace/shared/api"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/metrics"
	"marketplace/shared/service"
	"marketplace/shared/trace"
)

// Of a ticket that thousands want one gets it, and orders is the only judge of who. What the others are told it need not be
// asked for: web knows from the events who has the ticket (see taken), and refuses in the words that orders would use. Who
// may have it after all is never refused here: its buyer, its seller, who names his request by a key (orders keeps what it
// answered), and anybody whose request orders would refuse for something else first.

var turnedAway = metrics.NewCounter("orders_refused_at_edge_total", "Requests to place an order that web refused by itself, because somebody else has the ticket, by how: held, sold.", "state")

func init() {
	turnedAway.Expect(held)
	turnedAway.Expect(sold)
}

// askLimit is how long orders may take to say who has a ticket; mostAsked is about how many it is asked at the same time.
const (
	askLimit  = 2 * time.Second
	mostAsked = 8
)

const ordersPath = "/api/orders"

// refuseTaken is what stands before orders.
func (s *site) refuseTaken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		orderID, one := strings.CutPrefix(r.URL.Path, ordersPath+"/")
		switch {
		case r.Method == http.MethodPost && r.URL.Path == ordersPath && r.Header.Get(service.IdempotencyKey) == "":
			s.place(w, r, next)
		case r.Method == http.MethodPost && r.URL.Path == ordersPath:
			s.pass(w, r, next)
		case r.Method == http.MethodDelete && one:
			if got := s.pass(w, r, next); got.status == http.StatusNoContent {
				s.taken.Ended(ticketOf(orderID), orderID, s.now())
			}
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// place refuses a request for a ticket that another has, or passes it on and learns from the answer.
func (s *site) place(w http.ResponseWriter, r *http.Request, next http.Handler) {
	ticketID, userID := s.wanted(w, r)
	if ticketID == "" || !s.hears() {
		s.pass(w, r, next)
		return
	}
	state, ask := s.taken.Refuses(ticketID, userID, s.now())
	if ask {
		s.askWho(ticketID)
	}
	if state != taken.Unknown {
		turnedAway.Inc(map[taken.State]string{taken.Held: held, taken.Sold: sold}[state])
		trace.About(r.Context(), trace.Ticket(ticketID))
		w.Header().Set("Cache-Control", noStore)
		api.Fail(w, r, fault.New(fault.Refused, "Ticket is already reserved").Named(fault.TicketReserved))
		return
	}
	began := s.now()
	got := s.pass(w, r, next)
	if refusal := fault.Read(got.status, got.body.Bytes()); refusal != nil && fault.CodeOf(refusal) == fault.TicketReserved && s.taken.Ask(ticketID, began) {
		s.askWho(ticketID)
	}
}

// wanted is the ticket that a request asks for, and who asks, "" for one that orders would refuse before it looks at the ticket.
func (s *site) wanted(w http.ResponseWriter, r *http.Request) (ticketID, userID string) {
	u, err := s.sessions.User(r)
	if err != nil {
		return "", ""
	}
	raw, err := api.Body(w, r)
	defer func() { r.Body = io.NopCloser(bytes.NewReader(raw)) }()
	r.Body = io.NopCloser(bytes.NewReader(raw))
	var in struct {
		TicketID      string          `json:"ticketId"`
		ExpectedPrice json.RawMessage `json:"expectedPrice"`
	}
	if err != nil || api.Read(w, r, &in) != nil || api.CheckID(in.TicketID) != nil {
		return "", ""
	}
	if in.ExpectedPrice != nil && string(in.ExpectedPrice) != "null" {
		if _, complaint := s.currency.Price(in.ExpectedPrice); complaint != "" {
			return "", ""
		}
	}
	return in.TicketID, u.ID
}

// pass passes a request on, and takes in the order that the answer has: no broadcast brings it any sooner.
func (s *site) pass(w http.ResponseWriter, r *http.Request, next http.Handler) *answer {
	began, got := s.now(), &answer{header: w.Header()}
	next.ServeHTTP(got, r)
	got.WriteHeader(http.StatusOK)
	w.WriteHeader(got.status)
	_, _ = w.Write(got.body.Bytes()) // the caller is gone: nobody left to tell
	var o events.Order               // as much of it as an answer has
	isNew := got.status/100 == 2 && w.Header().Get("Idempotency-Replayed") == ""
	if isNew && json.Unmarshal(got.body.Bytes(), &o) == nil && o.Ticket.ID != "" {
		s.taken.Hear(newsOfSale(o), began)
	}
	return got
}

// askWho asks orders who has a ticket. Nobody waits for it.
func (s *site) askWho(ticketID string) {
	select {
	case s.asking <- struct{}{}:
	default:
		return // enough are on their way: until then it is let through
	}
	began, version := s.now(), s.taken.Version(ticketID)
	go func() {
		defer func() { <-s.asking }()
		ctx, cancel := context.WithTimeout(context.Background(), askLimit)
		defer cancel()
		var o events.Order
		err := s.services.Invoke(ctx, "orders", http.MethodGet, "/internal/tickets/"+url.PathEscape(ticketID)+"/order", nil, &o)
		switch {
		case err == nil && o.Ticket.ID == ticketID:
			s.taken.Hear(newsOfSale(o), began)
		case fault.KindOf(err) == fault.NotFound:
			s.taken.Nobody(ticketID, version, began)
		default:
			s.log.Info("orders does not say who has a ticket", "ticket", ticketID, "error", err)
		}
	}()
}

// newsOfSale is what an order says of its ticket's sale.
func newsOfSale(o events.Order) taken.News {
	n := taken.News{Ticket: o.Ticket.ID, Order: o.ID, Buyer: o.UserID, Seller: o.Ticket.SellerID, Version: o.SaleVersion, State: taken.Held, Until: o.ExpiresAt.Time}
	switch o.Status {
	case events.StatusComplete, events.StatusRefunded:
		n.State = taken.Sold
	case events.StatusCancelled:
		n.State = taken.Free
	}
	return n
}

// ticketOf is the ticket that an order's id leads to, "" when it is none.
func ticketOf(orderID string) string {
	return orderID[:max(strings.LastIndexByte(orderID, '-'), 0)]
}
