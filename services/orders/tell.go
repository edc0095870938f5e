package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/shared/api"
)

// tell is an order as everybody is told of it, but for its seller, for a service that must know how it stands now.
func (s *server) tell(w http.ResponseWriter, r *http.Request) error {
	o, err := s.find(r.Context(), mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, toldOf(o, ""))
}
