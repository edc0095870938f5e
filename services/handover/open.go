package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"marketplace/services/handover/handover"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// open lets the buyer have the content from now on. That he has opened it is saved before he sees a byte: the seller can then
// replace it no more.
func (s *server) open(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, func(h *handover.Handover, user string) error { return h.Open(user, s.now()) })
}

// change is what a buyer or an operator does to a handover, answered with how it is then.
func (s *server) change(w http.ResponseWriter, r *http.Request, do func(h *handover.Handover, user string) error) error {
	user, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	h, err := s.ofOrder(r.Context(), mux.Vars(r)["orderId"])
	if err != nil {
		return err
	}
	h, err = s.handovers.Update(r.Context(), dapr.ByNudge, h.Ticket.ID, func(h *handover.Handover) error { return do(h, user.ID) })
	if err != nil {
		return err
	}
	return api.WriteTagged(w, r, http.StatusOK, s.shownTo(user, h))
}

// file answers with the content itself: to the ticket's seller, and to its buyer once he has opened it. Nothing in it is
// trusted: a browser is told to save it, to believe its type, and to run nothing of it.
func (s *server) file(w http.ResponseWriter, r *http.Request) error {
	user, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	ticketID := mux.Vars(r)["ticketId"]
	if err := api.CheckID(ticketID); err != nil {
		return err
	}
	h, err := s.current(r.Context(), ticketID)
	if err != nil {
		return err
	}
	if err := h.Readable(user.ID); err != nil {
		return err
	}
	if h.Content == nil {
		return fault.NoSuchThing()
	}
	plain, err := s.vault.get(r.Context(), ticketID, *h.Content)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(plain)
	for name, value := range map[string]string{
		"Content-Type":                 h.Content.Type.MediaType(),
		"Content-Length":               strconv.Itoa(len(plain)),
		"Content-Disposition":          fmt.Sprintf(`attachment; filename="ticket-%s%s"`, ticketID, h.Content.Type.Ending()),
		"Content-Digest":               "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":", // web sees by it that all is there
		"Content-Security-Policy":      "sandbox; default-src 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	} {
		w.Header().Set(name, value)
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(plain) // the caller is gone: nobody left to tell
	return nil
}
