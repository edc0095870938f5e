package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

const (
	overduePause = 5 * time.Second  // between two looks for holds whose end we have not heard of
	overdueAfter = 10 * time.Second // what a hold's end may take: a timer is rung again every two seconds, and clocks are apart
	overdueMost  = 50               // asked for at a time, one after the other: orders has more to do
)

// watchHolds has orders end those whose time is over and that nobody has ended: their timer is lost. Every replica does so,
// until it hears of the end; who is second finds nothing left to do.
func (s *server) watchHolds(ctx context.Context) {
	for clock.Wait(ctx, overduePause) {
		if s.isUpToDate() { // else they may have ended long ago
			s.remindOrders(ctx, rand.Int())
		}
	}
}

// remindOrders has orders look at holds that are overdue, in an order that from decides: one that cannot be ended yet keeps
// no other waiting for ever.
func (s *server) remindOrders(ctx context.Context, from int) {
	for _, id := range s.catalogue.Overdue(s.now().Add(-overdueAfter), from, overdueMost) {
		err := s.services.Invoke(ctx, "orders", http.MethodPost, "/internal/orders/"+id+"/overdue", nil, nil)
		if err != nil {
			s.log.Info("an order whose time is over has not ended", "order", id, "error", err)
		}
		if fault.KindOf(err) == fault.Unavailable {
			return // none of them will
		}
	}
}

// An operator hears of what three looks have not ended.
const (
	endlessAfter = 30 * time.Second
	endlessMost  = 200
)

// endless is an order that does not end, as desk is told.
type endless struct {
	OrderID  string     `json:"orderId"`
	TicketID string     `json:"ticketId"`
	Title    string     `json:"title"`
	Until    clock.Time `json:"until"` // its deadline
}

// withoutEnd tells of orders long past their deadline of whose end this replica has not heard.
func (s *server) withoutEnd(w http.ResponseWriter, r *http.Request) error {
	if !s.isUpToDate() { // they may have ended long ago
		return fault.Down(nil, "Please try again in a moment")
	}
	held, more := s.catalogue.Longest(s.now().Add(-endlessAfter), endlessMost)
	out := struct {
		Orders []endless `json:"orders"`
		More   bool      `json:"more"`
	}{[]endless{}, more}
	for _, t := range held {
		out.Orders = append(out.Orders, endless{t.OrderID, t.ID, t.Title, clock.At(t.HeldUntil)})
	}
	return api.Write(w, http.StatusOK, out)
}
