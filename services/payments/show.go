package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/payments/payment"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// show tells the buyer what became of the money. One who comes back from his bank finds out here: nobody else may have
// looked yet.
func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	orderID := mux.Vars(r)["orderId"]
	if err := api.CheckID(orderID); err != nil {
		return err
	}
	p, err := s.payments.Get(r.Context(), orderID)
	if err != nil {
		return err
	}
	if p.UserID != buyer.ID {
		return fault.NotOwner()
	}
	if p.Awaits() {
		now, err := s.settle(r.Context(), p)
		if err != nil {
			s.log.Info("a payment that waits for its buyer's bank stays open", "order", orderID, "error", err)
		} else {
			p = now
		}
	}
	return api.WriteTagged(w, r, http.StatusOK, receiptOf(p))
}

// tell tells orders how the payment for an order stands: an order that is paid must not expire because that is not heard of
// yet.
func (s *server) tell(w http.ResponseWriter, r *http.Request) error {
	orderID := mux.Vars(r)["orderId"]
	if err := api.CheckID(orderID); err != nil {
		return err
	}
	p, err := s.payments.Get(r.Context(), orderID)
	if fault.KindOf(err) == fault.NotFound {
		p.Status, err = "none", nil // nobody has tried to pay
	}
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, map[string]string{"id": p.ID, "status": string(p.Status)})
}

// receipt is a payment as its buyer sees it.
type receipt struct {
	ID         string         `json:"id"`
	OrderID    string         `json:"orderId"`
	Status     payment.Status `json:"status"`
	Amount     int64          `json:"amount"` // in the smallest unit
	Currency   string         `json:"currency"`
	Reason     string         `json:"reason,omitempty"`
	Action     *action        `json:"action,omitempty"` // what the buyer has to do before it goes on
	BegunAt    clock.Time     `json:"begunAt,omitzero"` // the latest attempt
	RefundedAt *clock.Time    `json:"refundedAt,omitempty"`
	Earlier    []decline      `json:"earlier,omitempty"` // the attempts before
}

// decline is an attempt that charged nothing.
type decline struct {
	Reason  string     `json:"reason"`
	BegunAt clock.Time `json:"begunAt"`
}

// action is where the buyer confirms to his bank that it is him, and until when.
type action struct {
	URL   string     `json:"url"`
	Until clock.Time `json:"until"`
}

func actionOf(p payment.Payment) *action {
	if !p.Awaits() {
		return nil
	}
	return &action{URL: p.ActionURL, Until: clock.At(p.Until)}
}

func receiptOf(p payment.Payment) receipt {
	r := receipt{ID: p.ID, OrderID: p.OrderID, Status: p.Status, Amount: p.Smallest(), Currency: p.Currency, Reason: p.Reason,
		Action: actionOf(p), BegunAt: clock.At(p.BegunAt)}
	for _, d := range p.Earlier {
		r.Earlier = append(r.Earlier, decline{d.Reason, clock.At(d.BegunAt)})
	}
	if !p.RefundedAt.IsZero() {
		at := clock.At(p.RefundedAt)
		r.RefundedAt = &at
	}
	return r
}

// announce says which events a change to a payment is worth: one for a charge, one for a refund.
func announce(before, after payment.Payment) []events.Event {
	if before.Version == after.Version {
		return nil
	}
	return []events.Event{events.New(events.Payment{
		ID: after.ID, Version: after.Version, OrderID: after.OrderID, StripeID: after.StripeID,
		Amount: after.Smallest(), Currency: after.Currency, Refunded: after.Status == payment.Refunded,
	})}
}
