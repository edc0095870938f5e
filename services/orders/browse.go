package main

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"marketplace/services/orders/sale"
	"marketplace/shared/api"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// show answers with one of the caller's orders.
func (s *server) show(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	o, err := s.owned(r.Context(), mux.Vars(r)["id"], buyer.ID)
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, withCode(o))
}

// mine lists the caller's orders, oldest first unless sort is new.
func (s *server) mine(w http.ResponseWriter, r *http.Request) error {
	buyer, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	page, err := api.PageOf(r, "sort")
	if err != nil {
		return err
	}
	from, err := page.Position()
	if err != nil {
		return err
	}
	list := s.buyers.Oldest
	switch sort := r.URL.Query().Get("sort"); {
	case sort == "new":
		list = s.buyers.Newest
	case r.URL.Query().Has("sort"):
		return fault.InField("sort", "sort must be new")
	}
	orders, next, err := dapr.Fill(from, page.Limit,
		func(from, limit int) ([]string, int, error) { return list(r.Context(), buyer.ID, from, limit) },
		func(ids []string) ([]sale.Order, error) { return s.findMany(r.Context(), ids) })
	if err != nil {
		return err
	}
	views := make([]shown, len(orders))
	for i, o := range orders {
		views[i] = shownTo(o)
	}
	if next > 0 {
		api.SetNext(w, r, strconv.Itoa(next))
	}
	return api.Write(w, http.StatusOK, views)
}

// owned finds an order that belongs to the user. It returns NotFound, or Forbidden for somebody else's.
func (s *server) owned(ctx context.Context, id, userID string) (sale.Order, error) {
	o, err := s.find(ctx, id)
	if err == nil && o.UserID != userID {
		err = fault.NotOwner()
	}
	return o, err
}

// find finds an order wherever it is kept.
func (s *server) find(ctx context.Context, id string) (sale.Order, error) {
	if err := api.CheckID(id); err != nil {
		return sale.Order{}, err
	}
	ticketID, err := sale.TicketOf(id)
	if err != nil {
		return sale.Order{}, err
	}
	sl, err := s.sales.Get(ctx, ticketID)
	if err != nil {
		return sale.Order{}, err
	}
	o, err := s.inSale(ctx, sl, id)
	if err != nil {
		return sale.Order{}, err
	}
	if o == nil {
		return s.archive.Get(ctx, id)
	}
	return *o, nil
}

// findMany is find for the ids of a list, leaving out those that name nothing: orders that were refused after all.
func (s *server) findMany(ctx context.Context, ids []string) ([]sale.Order, error) {
	var ticketIDs []string
	for _, id := range ids {
		if ticketID, err := sale.TicketOf(id); err == nil && !slices.Contains(ticketIDs, ticketID) {
			ticketIDs = append(ticketIDs, ticketID)
		}
	}
	sales, err := s.salesOf(ctx, ticketIDs)
	if err != nil {
		return nil, err
	}
	found := make(map[string]sale.Order, len(ids))
	var shelved []string // or names of nothing
	for _, id := range ids {
		ticketID, _ := sale.TicketOf(id)
		o, err := s.inSale(ctx, sales[ticketID], id)
		switch {
		case err != nil:
			return nil, err
		case o == nil:
			shelved = append(shelved, id)
		default:
			found[id] = *o
		}
	}
	kept, err := s.archive.GetMany(ctx, shelved)
	if err != nil {
		return nil, err
	}
	for _, o := range kept {
		found[o.ID] = o
	}
	var orders []sale.Order
	for _, id := range ids {
		if o, ok := found[id]; ok {
			orders = append(orders, o)
		}
	}
	return orders, nil
}

// salesOf are the sales of those tickets that have one.
func (s *server) salesOf(ctx context.Context, ticketIDs []string) (map[string]sale.Sale, error) {
	sales, err := s.sales.GetMany(ctx, ticketIDs)
	byTicket := make(map[string]sale.Sale, len(sales))
	for _, sl := range sales {
		byTicket[sl.Ticket.ID] = sl
	}
	return byTicket, err
}

// inSale finds an order in its sale, nil when it is not there: it is on the shelf then, or nowhere. One whose time is
// over ends here, whatever became of its timer.
func (s *server) inSale(ctx context.Context, sl sale.Sale, id string) (*sale.Order, error) {
	if o := sl.Order(id); o != nil && o.Overdue(s.now()) {
		ended, err := s.expire(ctx, dapr.ByNudge, id, time.Time{})
		switch {
		case err == nil:
			sl = ended
		case fault.KindOf(err) == fault.Unavailable: // the broker, say: it will end, and that much can be shown
			_ = sl.Expire(id, time.Time{}, s.now())
		case fault.KindOf(err) != fault.Early: // Early: it may just have been paid for
			return nil, err
		}
	}
	return sl.Order(id), nil
}
