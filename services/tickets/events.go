package main

import (
	"net/http"

	"marketplace/services/tickets/catalogue"
	"marketplace/shared/api"
)

// event is one that tickets can be bought for. What it is called, when and where it is, the cheapest of them says.
type event struct {
	ID       string `json:"id"`
	Tickets  int    `json:"tickets"` // how many can be bought
	Cheapest shown  `json:"cheapest"`
}

// events lists what tickets can be bought for, the soonest first, from the catalogue in memory.
func (s *server) events(w http.ResponseWriter, r *http.Request) error {
	q, err := queryOf(r, catalogue.Soonest)
	if err != nil {
		return err
	}
	found, more := s.catalogue.Events(q, s.now())
	if more {
		api.SetNext(w, r, cursor(found[len(found)-1].First))
	}
	letCachesKeep(w, r)
	views := make([]event, len(found))
	for i, e := range found {
		views[i] = event{ID: e.ID, Tickets: e.Tickets, Cheapest: s.shownOf(e.Cheapest)}
	}
	return api.WriteTagged(w, r, http.StatusOK, views)
}
