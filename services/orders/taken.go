package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// taken tells the order that holds or bought a ticket, as everybody is told of it, or NotFound when nobody has it.
func (s *server) taken(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return err
	}
	sl, err := s.sales.Get(r.Context(), id)
	if err != nil {
		return err
	}
	o := sl.Current()
	if o == nil {
		return fault.NoSuchThing()
	}
	return api.Write(w, http.StatusOK, toldOf(*o, sl.SellerID))
}
