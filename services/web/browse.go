package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// onePage is how many tickets a page shows.
const onePage = "24"

// shelf is a page of tickets.
type shelf struct {
	Tickets []ticket
	Query   string
	Sort    string
	Pages   pages
}

// shelved is a ticket as it is shown now.
type shelved struct {
	Ticket ticket
	Now    clock.Time
}

// Sorts are the orders a visitor can choose from.
func (s shelf) Sorts() []choice {
	var all []choice
	for _, c := range []choice{{"Newest first", "", false}, {"Lowest price", "price", false}, {"Highest price", "-price", false}} {
		query := url.Values{}
		if s.Query != "" {
			query.Set("q", s.Query)
		}
		if c.Link != "" {
			query.Set("sort", c.Link)
		}
		all = append(all, choice{c.Name, "/?" + query.Encode(), s.Sort == c.Link || s.Sort == "new" && c.Link == ""})
	}
	return all
}

// choice is one of several links.
type choice struct {
	Name, Link string
	Here       bool // chosen
}

// browse lists tickets that can be bought.
func (s *site) browse(w http.ResponseWriter, r *http.Request) error {
	asked := r.URL.Query()
	data := shelf{Query: asked.Get("q"), Sort: asked.Get("sort")}
	query := url.Values{}
	for _, name := range []string{"q", "sort"} {
		if value := asked.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	header, err := s.ask(r, http.MethodGet, "/api/tickets?"+atCursor(r, query), nil, &data.Tickets)
	if isBadPage(r, err) {
		return fromTheStart(w, r)
	}
	if fault.KindOf(err) == fault.Refused { // an old or made-up link: the list begins anew
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	data.Pages = pagesOf(r, header)
	return s.show(w, r, http.StatusOK, "browse", view{Title: "Tickets", Data: data})
}

// offer is one ticket as a visitor sees it.
type offer struct {
	Ticket ticket
	Mine   bool   // the visitor sells it
	Order  string // the visitor's own order that holds or bought it, "" for none
}

// ticket shows one ticket.
func (s *site) ticket(w http.ResponseWriter, r *http.Request) error {
	v, err := s.offer(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "ticket", v)
}

func (s *site) offer(r *http.Request) (view, error) {
	var data offer
	if r.PathValue("id") == "mine" {
		return view{}, fault.NoSuchThing() // the API has a list there
	}
	if _, err := s.ask(r, http.MethodGet, "/api/tickets/"+url.PathEscape(r.PathValue("id")), nil, &data.Ticket); err != nil {
		return view{}, err
	}
	if u := s.user(r); u != nil {
		data.Mine = u.ID == data.Ticket.UserID
		data.Order = s.ownOrder(r, data.Ticket)
	}
	return view{Title: data.Ticket.Title, Data: data}, nil
}

// ownOrder is the visitor's order that holds or bought the ticket, "" when it is somebody else's or nobody's.
func (s *site) ownOrder(r *http.Request, t ticket) string {
	if t.OrderID == "" || t.UserID == s.user(r).ID {
		return ""
	}
	if _, err := s.ask(r, http.MethodGet, "/api/orders/"+t.OrderID, nil, nil); err != nil {
		return ""
	}
	return t.OrderID
}
