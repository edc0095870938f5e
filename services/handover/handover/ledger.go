package handover

import (
	"time"

	"marketplace/shared/money"
)

// Entry is a line of what is owed to a seller for one sale. Lines are added and never changed: whoever pays sellers out reads
// them from the first. Nobody does yet.
type Entry struct {
	At     time.Time    `json:"at"`
	What   What         `json:"what"`
	Amount money.Amount `json:"amount,omitempty"`
	DueAt  time.Time    `json:"dueAt,omitzero"`
}

// What a line says.
type What string

const (
	Owed      What = "owed"      // the amount, from dueAt on: the ticket was handed over
	Frozen    What = "frozen"    // nothing is paid: the buyer has reported it
	Released  What = "released"  // it is paid after all, from dueAt on
	Cancelled What = "cancelled" // the amount is not owed any more: its buyer gets it back
)

// payoutAfter is how long after the start the seller's money is kept: time for a buyer to say that it did not work.
const payoutAfter = 48 * time.Hour

// PayoutAt is when the seller is to have his money, zero while that is not known: two days after the start, or after it was
// handed over if that was later or no start is known. A decision for him comes first.
func (h *Handover) PayoutAt() time.Time {
	s := h.Sale
	if s == nil || s.Status == Failed || s.Status == Refunded {
		return time.Time{}
	}
	from := later(h.Ticket.StartsAt.Time, s.DeliveredAt)
	if from.IsZero() {
		return time.Time{}
	}
	return later(from.Add(payoutAfter), s.DecidedAt)
}

// enter adds a line.
func (s *Sale) enter(what What, amount money.Amount, due, now time.Time) {
	s.Ledger = append(s.Ledger, Entry{At: now.Truncate(time.Millisecond), What: what, Amount: amount, DueAt: due})
}

// cancel takes back what is owed, once.
func (s *Sale) cancel(now time.Time) {
	if s.Owes() > 0 {
		s.enter(Cancelled, s.Owes(), time.Time{}, now)
	}
}

// Owes is what the seller is to have for the sale, as its ledger says: 0 before the ticket is handed over and when the money
// went back.
func (s *Sale) Owes() (sum money.Amount) {
	for _, e := range s.Ledger {
		switch e.What {
		case Owed:
			sum += e.Amount
		case Cancelled:
			sum -= e.Amount
		}
	}
	return sum
}
