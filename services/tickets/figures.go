package main

import (
	"marketplace/services/tickets/ticket"
	"marketplace/shared/metrics"
)

var (
	listed = metrics.NewCounter("tickets_listed_total", "Tickets that were listed.")
	edited = metrics.NewCounter("tickets_edited_total", "Edits of what a ticket is offered as.")
	taken  = metrics.NewCounter("tickets_withdrawn_total", "Tickets that their seller took off the market.")
)

// count counts what a change has made of a ticket.
func count(before, after ticket.Ticket) {
	switch {
	case before.ID == "":
		listed.Inc()
	case after.Withdrawn && !before.Withdrawn:
		taken.Inc()
	case before.Version != after.Version:
		edited.Inc()
	}
}

// showCatalogue shows what this replica knows of the market: every replica knows all of it.
func (s *server) showCatalogue() {
	for i, state := range []string{"free", "held", "sold"} {
		metrics.Ask("catalogue_tickets", "Tickets in this replica's catalogue, by state: free, held (a live hold), sold.", func() float64 {
			free, held, sold := s.catalogue.Count(s.now())
			return float64([]int{free, held, sold}[i])
		}, "state", state)
	}
	metrics.Ask("catalogue_read_timestamp_seconds",
		"When this replica's catalogue was read whole from the store last, 0 before it was: between such reads it follows the events.",
		func() float64 { return float64(s.readAt.Load()) / 1000 })
}
