package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// sale is a ticket of the caller's that somebody holds or has bought.
type sale struct {
	TicketID string       `json:"ticketId"`
	Title    string       `json:"title"`
	Price    money.Amount `json:"price"`
	Currency string       `json:"currency"`
	OrderID  string       `json:"orderId"`
	State    string       `json:"state"` // held, sold or refunded
	occasion.Occasion
}

// stateOf tells how a ticket's sale stands, "" when there is none.
func stateOf(t ticket.Ticket, now time.Time) string {
	switch {
	case t.Refunded:
		return "refunded"
	case t.Sold:
		return "sold"
	case t.Holder(now) != "":
		return "held"
	}
	return ""
}

// A page of sales reads so many tickets a time, and no more than so many times: whoever has listed ten thousand and sold
// none gets pages with little on them, and a link to the next.
const (
	salesSlice = 200
	salesLooks = 5
)

// sales lists what the caller has sold, and what is held of his or went back, the latest listed first. A page may have fewer
// than limit, or none: the last is the one without a link.
func (s *server) sales(w http.ResponseWriter, r *http.Request) error {
	seller, page, next, err := s.pageOfTheirs(r)
	if err != nil {
		return err
	}
	found := []sale{}
	for look := 0; look == 0 || look < salesLooks && next > 0 && len(found) < page.Limit; look++ {
		var some []sale
		if some, next, err = s.salesFrom(r.Context(), seller, next, page.Limit-len(found)); err != nil {
			return err
		}
		found = append(found, some...)
	}
	if next > 0 {
		api.SetNext(w, r, strconv.Itoa(next))
	}
	return api.WriteTagged(w, r, http.StatusOK, found)
}

// salesFrom reads a slice of the seller's list from a position, as List.Newest does, and returns the sales in it, at most
// limit, and the position after the last that it has looked at.
func (s *server) salesFrom(ctx context.Context, seller string, from, limit int) (found []sale, next int, err error) {
	ids, next, err := s.sellers.Newest(ctx, seller, from, salesSlice)
	if err != nil {
		return nil, 0, err
	}
	tickets, err := s.tickets.GetMany(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	at := map[string]int{}
	for i, id := range ids {
		at[id] = next + len(ids) - 1 - i // positions count from the oldest
	}
	for _, t := range tickets {
		state := stateOf(t, s.now())
		if state == "" {
			continue
		}
		found = append(found, sale{TicketID: t.ID, Title: t.Title, Price: t.Price, Currency: string(s.currency), OrderID: t.OrderID, State: state, Occasion: t.Occasion})
		if len(found) == limit {
			return found, at[t.ID], nil
		}
	}
	return found, next, nil
}
