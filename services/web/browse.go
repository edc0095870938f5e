package main

import (
	"net/http"
	"net/url"
	"slices"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// onePage is how many tickets a page shows.
const onePage = "24"

// shelf is a page of what is for sale: events, each with the cheapest of its tickets.
type shelf struct {
	Events []event
	Asked  url.Values
	Pages  pages
}

// filters are what of the market a visitor can ask for. The API knows them by the same names.
var filters = []string{"q", "city", "from", "to"}

// Value is what was asked for.
func (s shelf) Value(name string) string { return s.Asked.Get(name) }

// Narrow tells whether it is less than all there is.
func (s shelf) Narrow() bool {
	return slices.ContainsFunc(filters, func(name string) bool { return s.Value(name) != "" })
}

// Placed tells whether it is about a place or a time.
func (s shelf) Placed() bool {
	return s.Value("city") != "" || s.Value("from") != "" || s.Value("to") != ""
}

// shelved is a ticket as it is shown now.
type shelved struct {
	Ticket ticket
	Now    clock.Time
}

// Sorts are the orders a visitor can choose from.
func (s shelf) Sorts() []choice {
	return sorts(s.Asked, filters, choice{Name: "Soonest first"}, choice{Name: "Newest first", Link: "new"}, choice{Name: "Lowest price", Link: "price"}, choice{Name: "Highest price", Link: "-price"})
}

// sorts fills in the links of choices, each of which names an order: what else was asked for stays.
func sorts(asked url.Values, keep []string, choices ...choice) []choice {
	for i, c := range choices {
		query := url.Values{}
		for _, name := range keep {
			if asked.Get(name) != "" {
				query.Set(name, asked.Get(name))
			}
		}
		if c.Link != "" {
			query.Set("sort", c.Link)
		}
		choices[i] = choice{c.Name, "/?" + query.Encode(), asked.Get("sort") == c.Link}
	}
	return choices
}

// choice is one of several links.
type choice struct {
	Name, Link string
	Here       bool // chosen
}

// browse lists what tickets can be bought for, or the tickets for one event.
func (s *site) browse(w http.ResponseWriter, r *http.Request) error {
	data := shelf{Asked: r.URL.Query()}
	if data.Value("event") != "" {
		return s.event(w, r)
	}
	header, err := s.ask(r, http.MethodGet, "/api/events?"+atCursor(r, wanted(r, append(filters, "sort")...)), nil, &data.Events)
	switch {
	case isBadPage(r, err):
		return fromTheStart(w, r)
	case fault.KindOf(err) == fault.Refused && data.Placed(): // dates that are none
		return s.again(w, r, "browse", view{Title: "Tickets", Data: data}, err)
	case fault.KindOf(err) == fault.Refused: // an old or made-up link: the list begins anew
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	case err != nil:
		return err
	}
	data.Pages = pagesOf(r, header)
	return s.show(w, r, http.StatusOK, "browse", view{Title: "Tickets", Data: data})
}

// wanted are those parameters of a page's address that the API has too.
func wanted(r *http.Request, names ...string) url.Values {
	query := url.Values{}
	for _, name := range names {
		if value := r.URL.Query().Get(name); value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// seats are the tickets for one event.
type seats struct {
	Tickets []ticket
	Asked   url.Values
	Pages   pages
}

// Sorts are the orders a visitor can choose from.
func (s seats) Sorts() []choice {
	return sorts(s.Asked, []string{"event"}, choice{Name: "Lowest price"}, choice{Name: "Highest price", Link: "-price"}, choice{Name: "Newest first", Link: "new"})
}

// event lists the tickets for one event.
func (s *site) event(w http.ResponseWriter, r *http.Request) error {
	data := seats{Asked: r.URL.Query()}
	query := wanted(r, "event", "sort")
	if query.Get("sort") == "" {
		query.Set("sort", "price")
	}
	header, err := s.ask(r, http.MethodGet, "/api/tickets?"+atCursor(r, query), nil, &data.Tickets)
	if isBadPage(r, err) {
		return fromTheStart(w, r)
	}
	if err != nil {
		return err
	}
	v := view{Title: "Tickets for one event"}
	if len(data.Tickets) > 0 {
		v.Title = listed(", ", data.Tickets[0].Title, data.Tickets[0].City)
	}
	data.Pages = pagesOf(r, header)
	v.Data = data
	return s.show(w, r, http.StatusOK, "event", v)
}

// offer is one ticket as a visitor sees it.
type offer struct {
	Ticket ticket
	Mine   bool   // the visitor sells it
	Order  string // the visitor's own order that holds or bought it, "" for none

	Attached *attachment // what is attached to the visitor's own; nil while that is not known
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
	if data.Mine {
		data.Attached = &attachment{}
		if _, err := s.ask(r, http.MethodGet, "/api/contents/"+data.Ticket.ID, nil, data.Attached); err != nil {
			data.Attached = nil
		}
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
