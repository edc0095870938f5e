package main

import (
	"marketplace/services/handover/handover"
	"marketplace/shared/metrics"
)

var moves = metrics.NewCounter("handovers_total",
	"Sold tickets on their way to their buyers, by what they came to: due, delivered, opened, reported, dismissed, failed, refunded.", "status")

func init() {
	for _, status := range []handover.Status{handover.Due, handover.Delivered, handover.Opened, handover.Reported, handover.Dismissed, handover.Failed, handover.Refunded} {
		moves.Expect(string(status))
	}
}

// count counts what a change has made of a sold ticket.
func count(before, after handover.Handover) {
	if after.Sale != nil && (before.Sale == nil || before.Sale.OrderID != after.Sale.OrderID || before.Sale.Status != after.Sale.Status) {
		moves.Inc(string(after.Sale.Status))
	}
}
