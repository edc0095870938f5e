package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"marketplace/services/handover/handover"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// show answers with one handover: to the ticket's seller, its buyer, and an operator.
func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	user, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	h, err := s.ofOrder(r.Context(), mux.Vars(r)["orderId"])
	if err != nil {
		return err
	}
	if user.ID != h.SellerID && user.ID != h.Sale.BuyerID && !user.Operator {
		return fault.NotOwner()
	}
	return api.WriteTagged(w, r, http.StatusOK, s.shownTo(user, h))
}

// mine lists what the caller has sold, or bought, the latest first.
func (s *server) mine(w http.ResponseWriter, r *http.Request) error {
	user, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	page, err := api.PageOf(r, "as")
	if err != nil {
		return err
	}
	list := map[string]*dapr.List{"seller": s.sellers, "buyer": s.buyers}[r.URL.Query().Get("as")]
	if list == nil {
		return fault.InField("as", "as must be seller or buyer")
	}
	from, err := page.Position()
	if err != nil {
		return err
	}
	found, next, err := dapr.Fill(from, page.Limit,
		func(from, limit int) ([]string, int, error) { return list.Newest(r.Context(), user.ID, from, limit) },
		func(ids []string) ([]handover.Handover, error) { return s.ofOrders(r.Context(), ids) })
	if err != nil {
		return err
	}
	views := make([]shown, len(found))
	for i, h := range found {
		views[i] = s.shownTo(user, h)
		views[i].Ledger = nil // of one that is asked for by itself
	}
	if next > 0 {
		api.SetNext(w, r, strconv.Itoa(next))
	}
	return api.WriteTagged(w, r, http.StatusOK, views)
}

// ofOrders are the handovers that orders lead to, in their order, without those that there are not. Those whose time is over
// end here.
func (s *server) ofOrders(ctx context.Context, orderIDs []string) ([]handover.Handover, error) {
	var ticketIDs []string
	wanted := map[string]bool{}
	for _, id := range orderIDs {
		if ticketID, err := handover.TicketOf(id); err == nil {
			ticketIDs, wanted[id] = append(ticketIDs, ticketID), true
		}
	}
	all, err := s.handovers.GetMany(ctx, ticketIDs)
	if err != nil {
		return nil, err
	}
	var found []handover.Handover
	for _, h := range all {
		if h.Sale == nil || !wanted[h.Sale.OrderID] {
			continue
		}
		if h, err = s.ended(ctx, h); err != nil {
			return nil, err
		}
		found = append(found, h)
	}
	return found, nil
}
