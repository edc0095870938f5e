package main

import (
	"encoding/json"
	"net/http"
)

// booked is an intent as a checker wants it: with all that became of it.
type booked struct {
	intent
	Charged        bool     `json:"charged"`         // the money was taken, whether or not it was given back
	AmountRefunded int64    `json:"amount_refunded"` // of it; also what is on its way, not what failed
	Charges        []charge `json:"charges"`         // oldest first, the declined ones too
	Refunds        []refund `json:"refunds"`         // oldest first
}

// showLedger answers {"intents":[booked...], "undelivered": how many webhooks,
// "later": how many things that have yet to happen}, oldest intent first.
func (s *simulator) showLedger(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	refundsOf := map[string][]refund{}
	for _, id := range s.ledger.refundIDs {
		re := s.ledger.refunds[id]
		refundsOf[re.Intent] = append(refundsOf[re.Intent], re)
	}
	intents := []booked{}
	for _, id := range s.ledger.intentIDs {
		b := booked{intent: s.ledger.intents[id], Charges: []charge{}, Refunds: []refund{}}
		for _, id := range s.ledger.chargesOf[id] {
			ch := s.ledger.charges[id]
			b.Charges = append(b.Charges, ch)
			b.AmountRefunded += ch.AmountRefunded
			b.Charged = b.Charged || ch.Status == "succeeded"
		}
		b.Refunds = append(b.Refunds, refundsOf[id]...)
		intents = append(intents, b)
	}
	undelivered, later := len(s.ledger.undelivered), len(s.ledger.later)
	s.mu.Unlock()
	writeControl(w, http.StatusOK, object{"intents": intents, "undelivered": undelivered, "later": later})
}

func writeControl(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what) // a caller that has gone needs no answer
}
