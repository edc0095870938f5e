package main

import (
	"time"

	"marketplace/services/handover/handover"
	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
	"marketplace/shared/session"
)

// shown is a handover as the API shows it. Some of it only one side sees.
type shown struct {
	OrderID     string           `json:"orderId"`
	Version     int64            `json:"version"`
	Status      handover.Status  `json:"status"`
	Role        string           `json:"role"` // of who asks: seller, buyer or operator
	SellerID    string           `json:"sellerId"`
	BuyerID     string           `json:"buyerId,omitempty"` // not for the seller
	Ticket      shownTicket      `json:"ticket"`
	Amount      int64            `json:"amount"` // that the buyer has paid, in the smallest unit
	Currency    string           `json:"currency"`
	Content     *summary         `json:"content,omitempty"`
	SoldAt      clock.Time       `json:"soldAt"`
	DueAt       clock.Time       `json:"dueAt"`
	DeliveredAt clock.Time       `json:"deliveredAt,omitzero"`
	OpenedAt    clock.Time       `json:"openedAt,omitzero"`
	ReportUntil clock.Time       `json:"reportUntil,omitzero"`
	ReportedAt  clock.Time       `json:"reportedAt,omitzero"`
	Report      string           `json:"report,omitempty"`
	DecidedAt   clock.Time       `json:"decidedAt,omitzero"`
	DecidedBy   string           `json:"decidedBy,omitempty"` // for operators
	Decision    handover.Verdict `json:"decision,omitempty"`
	Reason      string           `json:"reason,omitempty"` // why it failed
	EndedAt     clock.Time       `json:"endedAt,omitzero"`

	// For the seller and operators: his money.
	PayoutAt clock.Time `json:"payoutAt,omitzero"`
	Frozen   bool       `json:"frozen,omitempty"`
	Ledger   []line     `json:"ledger,omitempty"`
}

type shownTicket struct {
	ID    string       `json:"id"`
	Title string       `json:"title"`
	Price money.Amount `json:"price"`
	occasion.Occasion
}

// line is an entry of a sale's ledger.
type line struct {
	At     clock.Time    `json:"at"`
	What   handover.What `json:"what"`
	Amount int64         `json:"amount,omitempty"`
	DueAt  clock.Time    `json:"dueAt,omitzero"`
}

// shownTo is h as one of those see it whom it concerns.
func (s *server) shownTo(user session.User, h handover.Handover) shown {
	v := h.Sale
	out := shown{
		OrderID: v.OrderID, Version: v.Version, Status: v.Status, Role: "operator", SellerID: h.SellerID, BuyerID: v.BuyerID,
		Ticket: shownTicket{h.Ticket.ID, h.Ticket.Title, h.Ticket.Price, h.Ticket.Occasion},
		Amount: s.currency.Smallest(v.Amount), Currency: string(s.currency), Content: summaryOf(h.Content),
		SoldAt: clock.At(v.SoldAt), DueAt: clock.At(v.DueAt), DeliveredAt: at(v.DeliveredAt), OpenedAt: at(v.OpenedAt),
		ReportUntil: at(h.ReportUntil()), ReportedAt: at(v.ReportedAt), Report: v.Report,
		DecidedAt: at(v.DecidedAt), DecidedBy: v.DecidedBy, Decision: v.Verdict, Reason: v.Reason, EndedAt: at(v.EndedAt),
		PayoutAt: at(h.PayoutAt()), Frozen: v.Status == handover.Reported,
	}
	for _, e := range v.Ledger {
		out.Ledger = append(out.Ledger, line{clock.At(e.At), e.What, s.currency.Smallest(e.Amount), at(e.DueAt)})
	}
	switch user.ID {
	case h.SellerID:
		out.Role, out.BuyerID, out.DecidedBy = "seller", "", ""
	case v.BuyerID:
		out.Role, out.DecidedBy = "buyer", ""
		out.PayoutAt, out.Frozen, out.Ledger = clock.Time{}, false, nil
	}
	return out
}

// at writes t for others, and nothing for a time that is not.
func at(t time.Time) clock.Time {
	if t.IsZero() {
		return clock.Time{}
	}
	return clock.At(t)
}

// announce says which events a change to a handover is worth: one when its version moved. That the money went back orders has
// told everybody.
func announce(before, after handover.Handover) []events.Event {
	s := after.Sale
	if s == nil || s.Status == handover.Refunded || before.Sale != nil && before.Sale.Version == s.Version {
		return nil
	}
	return []events.Event{events.New(events.Handover{
		ID: s.OrderID, Version: s.Version, Status: events.HandoverStatus(s.Status), SellerID: after.SellerID, BuyerID: s.BuyerID,
		Ticket: events.HandoverTicket{ID: after.Ticket.ID, Title: after.Ticket.Title, Price: s.Amount, Occasion: after.Ticket.Occasion},
		DueAt:  clock.At(s.DueAt), DeliveredAt: at(s.DeliveredAt), OpenedAt: at(s.OpenedAt), ReportedAt: at(s.ReportedAt),
		Report: s.Report, Reason: s.Reason,
	})}
}
