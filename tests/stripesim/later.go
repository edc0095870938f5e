package main

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// later is what Stripe does by itself a while after a call: a payment that was processing ends, a refund that was pending
// succeeds or one that had succeeded fails, a charge is disputed.
type later struct {
	ID string    `json:"id"` // of the intent, refund or charge
	At time.Time `json:"at"`
}

// later notes, as part of what the call does, that more will happen to one of its objects.
func (s *simulator) later(c *call, id string) {
	c.entry.Later = append(c.entry.Later, later{ID: id, At: s.now().Add(s.conf.SettleDelay)})
}

func (s *simulator) await(due later) {
	time.AfterFunc(due.At.Sub(s.now()), func() { s.happen(due.ID) })
}

// happen does what was due, once. When it cannot be written down it waits for the next start.
func (s *simulator) happen(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, due := s.ledger.later[id]; !due || s.closed {
		return
	}
	c := &call{entry: entry{Happened: id}}
	switch kind, _, _ := strings.Cut(id, "_"); kind {
	case "pi":
		in := s.ledger.intents[id]
		if refusal := s.conclude(c, &in, s.ledger.charges[in.LatestCharge]); refusal == nil {
			c.entry.Intents = append(c.entry.Intents, in)
		}
	case "re":
		s.endRefund(c, s.ledger.refunds[id])
	case "ch":
		s.dispute(c, s.ledger.charges[id])
	}
	if s.commit(c) == nil {
		s.log.Info("happened", "to", id)
	}
}

// hurry lets everything happen at once that was to happen later.
func (s *simulator) hurry(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	ids := slices.Collect(maps.Keys(s.ledger.later))
	s.mu.Unlock()
	for _, id := range ids {
		s.happen(id)
	}
	w.WriteHeader(http.StatusNoContent)
}

// dispute takes the money of a charge back for the card's owner. Nobody can dispute what was given back whole.
func (s *simulator) dispute(c *call, ch charge) {
	if ch.AmountRefunded == ch.Amount {
		return
	}
	ch.Disputed = true
	c.entry.Charges = append(c.entry.Charges, ch)
	s.announce(c, "charge.dispute.created", s.disputeView(ch), nil)
}
