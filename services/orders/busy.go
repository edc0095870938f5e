package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/shared/api"
)

// latestOrders are as many as may be under way: a hold is short.
const latestOrders = 200

// busy tells auth whether a buyer has something under way: a ticket that he holds, or pays for.
func (s *server) busy(w http.ResponseWriter, r *http.Request) error {
	buyer := mux.Vars(r)["id"]
	if err := api.CheckID(buyer); err != nil {
		return err
	}
	ids, _, err := s.buyers.Newest(r.Context(), buyer, 0, latestOrders)
	if err != nil {
		return err
	}
	orders, err := s.findMany(r.Context(), ids)
	if err != nil {
		return err
	}
	busy := false
	for _, o := range orders {
		busy = busy || o.UserID == buyer && o.Live(s.now())
	}
	return api.Write(w, http.StatusOK, map[string]bool{"busy": busy})
}
