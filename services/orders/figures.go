package main

import (
	"marketplace/services/orders/sale"
	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/metrics"
)

var (
	placed    = metrics.NewCounter("orders_placed_total", "Orders that were placed: a ticket is held for a buyer.")
	refused   = metrics.NewCounter("orders_refused_total", "Requests to place an order that were refused, by the code that the buyer was told.", "code")
	completed = metrics.NewCounter("orders_completed_total", "Orders that were paid.")
	cancelled = metrics.NewCounter("orders_cancelled_total", "Orders that ended unpaid, by reason: buyer (given back), expired.", "reason")
	refunded  = metrics.NewCounter("orders_refunded_total", "Paid orders whose money was returned by hand.")
	deciding  = metrics.NewHistogram("order_completion_seconds", "From when an order was placed until it was known to be paid.",
		[]float64{1, 5, 15, 30, 60, 120, 300, 600, 900, 1200})
)

func init() {
	for _, reason := range []string{"buyer", "expired"} {
		cancelled.Expect(reason)
	}
	for _, code := range []fault.Code{fault.TicketReserved, fault.HoldsExceeded, fault.HeldLately, fault.PriceChanged, fault.Overloaded} {
		refused.Expect(string(code))
	}
}

// count counts what a change to a sale has made of its orders.
func count(now clock.Now) func(before, after sale.Sale) {
	return func(before, after sale.Sale) {
		for _, o := range after.Orders {
			was := before.Order(o.ID)
			switch {
			case was == nil && o.Status == sale.Created:
				placed.Inc()
			case was == nil || was.Status == o.Status:
			case o.Status == sale.Complete:
				completed.Inc()
				if !o.PlacedAt.IsZero() { // of before orders had it
					deciding.Observe(max(0, now().Sub(o.PlacedAt).Seconds()))
				}
			case o.Status == sale.Refunded:
				refunded.Inc()
			case o.Status == sale.Cancelled && o.Reason == sale.ByBuyer:
				cancelled.Inc("buyer")
			case o.Status == sale.Cancelled:
				cancelled.Inc("expired")
			}
		}
	}
}

func countRefusal(err error) {
	if err != nil {
		refused.Inc(string(fault.CodeOf(err)))
	}
}
