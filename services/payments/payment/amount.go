package payment

import (
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// Smallest is the amount as the card network counts it, and as we tell of it: in the currency's smallest unit.
func (p *Payment) Smallest() int64 { return money.Currency(p.Currency).Smallest(p.Amount) }

// payable returns Refused when no card can be charged the amount: the ticket was listed under another rule.
func (p *Payment) payable() error {
	if complaint := money.Currency(p.Currency).Complaint(p.Amount); complaint != "" {
		return fault.New(fault.Refused, "This ticket cannot be paid for. %s", complaint).Named(fault.PriceNotPayable)
	}
	return nil
}
