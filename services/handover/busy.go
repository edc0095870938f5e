package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/handover/handover"
	"marketplace/shared/api"
)

// latestSales are as many as may wait for their seller: what is due, or reported, is of these days.
const latestSales = 500

// busy tells auth whether somebody counts on a seller: who has bought a ticket and not got it, or says that it did not work.
func (s *server) busy(w http.ResponseWriter, r *http.Request) error {
	seller := mux.Vars(r)["id"]
	if err := api.CheckID(seller); err != nil {
		return err
	}
	ids, _, err := s.sellers.Newest(r.Context(), seller, 0, latestSales)
	if err != nil {
		return err
	}
	sold, err := s.ofOrders(r.Context(), ids)
	if err != nil {
		return err
	}
	busy := false
	for _, h := range sold {
		busy = busy || h.SellerID == seller && (h.Sale.Status == handover.Due || h.Sale.Status == handover.Reported)
	}
	return api.Write(w, http.StatusOK, map[string]bool{"busy": busy})
}
