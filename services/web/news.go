package main

import (
	"context"
	"time"

	"marketplace/services/web/live"
	"marketplace/services/web/taken"
	"marketplace/shared/clock"
	"marketplace/shared/events"
)

// A ticket's state, as pages show it.
const (
	free = "free"
	held = "held"
	sold = "sold"
)

// onTicket tells open pages of a ticket that was listed or edited.
func (s *site) onTicket(_ context.Context, t events.Ticket) error {
	s.old(t.ID)
	s.hub.Tell("ticket/"+t.ID, newsOf("ticket", change{ID: t.ID, Offer: &edited{t.Version, t.Title, t.Price.String(), t.Withdrawn, facts(t.Occasion)}}))
	if t.Version == 0 {
		s.noteListed(t.CreatedAt.Time)
		s.hub.Tell("listings", newsOf("listed", map[string]string{"id": t.ID}))
	}
	return nil
}

// noteListed remembers when something was listed last, so that a page that connects again learns of what it missed.
func (s *site) noteListed(at time.Time) {
	for ms := at.UnixMilli(); ; {
		last := s.lastListed.Load()
		if ms <= last || s.lastListed.CompareAndSwap(last, ms) {
			return
		}
	}
}

// old has the pages made anew that show a ticket, or may.
func (s *site) old(ticketID string) {
	s.kept.News(ticketID)
	s.kept.News("")
}

// catchUp has every page connect anew, because we may have missed news. What was listed meanwhile we do not know, so
// pages take it that something was.
func (s *site) catchUp() {
	s.taken.Forget()
	s.kept.Clear()
	s.noteListed(s.now())
	s.hub.Clear()
}

// onOrder tells everybody that a ticket is held, free again or sold, and the buyer that his order changed.
func (s *site) onOrder(_ context.Context, o events.Order) error {
	news := newsOfSale(o)
	s.taken.Hear(news, s.now())
	s.old(o.Ticket.ID)
	state := map[taken.State]string{taken.Free: free, taken.Held: held, taken.Sold: sold}[news.State]
	s.hub.Tell("ticket/"+o.Ticket.ID, newsOf("ticket", change{ID: o.Ticket.ID, moved: &moved{o.SaleVersion, state}}))
	s.hub.Tell("user/"+o.UserID, newsOf("order", map[string]string{"id": o.ID}))
	return nil
}

// onHandover tells both sides of a sale that something happened to the ticket on its way.
func (s *site) onHandover(_ context.Context, h events.Handover) error {
	for _, side := range []string{h.SellerID, h.BuyerID} {
		s.hub.Tell("user/"+side, newsOf("order", map[string]string{"id": h.ID}))
	}
	return nil
}

// change is what a page learns about a ticket. News may come late and in any order; a page keeps the newest of each part.
type change struct {
	ID string `json:"id"`
	*moved
	Offer *edited `json:"offer,omitempty"`
}

// moved is what became of its sale.
type moved struct {
	Sale  int64  `json:"sale"` // version of the sale, for the state
	State string `json:"state"`
}

type edited struct {
	Version   int64  `json:"version"`
	Title     string `json:"title"`
	Price     string `json:"price"`
	Withdrawn bool   `json:"withdrawn,omitempty"`
	Facts     string `json:"facts,omitempty"` // see facts in when.go
}

// ticketNow is all there is to know of a ticket.
func ticketNow(t ticket) live.News {
	return newsOf("ticket", change{t.ID, &moved{t.SaleVersion, stateOf(t)}, &edited{t.Version, t.Title, t.Price.String(), t.Withdrawn, facts(t.Occasion)}})
}

// off is why nobody holds a ticket nor can, "" when anybody can.
func off(t ticket, now clock.Time) string {
	switch {
	case t.Withdrawn:
		return "withdrawn"
	case past(t.Occasion, now):
		return "past"
	}
	return ""
}

func stateOf(t ticket) string {
	switch {
	case t.Sold:
		return sold
	case t.OrderID != "":
		return held
	}
	return free
}
