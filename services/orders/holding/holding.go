// Package holding bounds how many tickets one buyer keeps from others. Pure rules, as in sale.
package holding

import (
	"slices"
	"time"

	"marketplace/services/orders/sale"
	"marketplace/shared/fault"
)

// Holds are the tickets that a buyer may be holding. They are noted before the orders are made, in one document for each
// buyer: that is why no two replicas can let him have more than he may.
//
// Nobody notes that a hold is over. Whoever finds the buyer at his bound looks at the sales, and drops what is.
type Holds struct {
	Noted []Hold `json:"noted,omitempty"` // oldest first, one for each ticket
}

// Hold is a ticket that a buyer may be holding.
type Hold struct {
	TicketID string    `json:"ticketId"`
	OrderID  string    `json:"orderId"` // that was to be made
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"` // it is over by then, whoever looks
}

const (
	// OnItsWay is how long an order may still turn up after its hold was noted: longer than a request may take.
	OnItsWay = 15 * time.Second
	// Most is the highest bound: all that a buyer holds is in one document, and looked at in one go.
	Most = 100
)

// Take notes a hold, of most at the same time; 0 is no bound. Trying again for the same ticket is still one. It returns
// Refused at the bound.
func (h *Holds) Take(hold Hold, most int) error {
	if most == 0 {
		h.Noted = nil
		return nil
	}
	h.Noted = slices.DeleteFunc(h.Noted, func(o Hold) bool { return o.TicketID == hold.TicketID || !hold.Since.Before(o.Until) })
	if len(h.Noted) >= most {
		return fault.New(fault.Refused, "You hold as many unpaid tickets as one buyer may, which is %d. Pay for one or give one back first", most).Named(fault.HoldsExceeded)
	}
	h.Noted = append(h.Noted, hold)
	return nil
}

// Drop forgets holds that are over, given by their orders.
func (h *Holds) Drop(orderIDs []string) {
	h.Noted = slices.DeleteFunc(h.Noted, func(o Hold) bool { return slices.Contains(orderIDs, o.OrderID) })
}

// Over tells whether a buyer's hold counts no more, by its ticket's sale: the order has ended, or was never made.
func (h Hold) Over(s sale.Sale, buyer string, now time.Time) bool {
	if o := s.Current(); o != nil && o.UserID == buyer && o.Live(now) {
		return false
	}
	return s.Order(h.OrderID) != nil || !now.Before(h.Since.Add(OnItsWay))
}
