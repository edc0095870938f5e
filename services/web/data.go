package main

import (
	"encoding/json"
	"net/http"
	"net/url"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// What is known of a visitor is gathered by asking the API as he could. It ends somewhere: nobody's download keeps the services
// busy for longer.
const (
	mostParts    = 50  // pages of a list
	mostReceipts = 500 // of the orders, each asked for by itself
)

// known is all that the services know of a visitor, in their own words.
type known struct {
	Account   json.RawMessage   `json:"account"`
	Tickets   []json.RawMessage `json:"tickets"`   // that he listed
	Sales     []json.RawMessage `json:"sales"`     // of these
	Orders    []json.RawMessage `json:"orders"`    // of others' tickets
	Payments  []json.RawMessage `json:"payments"`  // for these
	Handovers []json.RawMessage `json:"handovers"` // of what he sold, then of what he bought
	Complete  bool              `json:"complete"`  // false when there was more than fits here; the API has it
}

// data is a download of what is known of the visitor.
func (s *site) data(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	all := known{Payments: []json.RawMessage{}, Complete: true}
	if _, err := s.ask(r, http.MethodGet, "/api/users/me", nil, &all.Account); err != nil {
		return err
	}
	for _, list := range []struct {
		path, as string
		into     *[]json.RawMessage
	}{
		{"/api/tickets/mine", "", &all.Tickets}, {"/api/sales", "", &all.Sales}, {"/api/orders", "", &all.Orders},
		{"/api/handovers", "seller", &all.Handovers}, {"/api/handovers", "buyer", &all.Handovers},
	} {
		if err := s.gather(r, list.path, list.as, list.into, &all.Complete); err != nil {
			return err
		}
	}
	for i, raw := range all.Orders {
		if i == mostReceipts {
			all.Complete = false
			break
		}
		var o order
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		var receipt json.RawMessage
		_, err := s.ask(r, http.MethodGet, "/api/payments/"+url.PathEscape(o.ID), nil, &receipt)
		if fault.KindOf(err) == fault.NotFound {
			continue // nobody has tried to pay
		}
		if err != nil {
			return err
		}
		all.Payments = append(all.Payments, receipt)
	}
	w.Header().Set("Content-Disposition", `attachment; filename="standby.json"`)
	return api.Write(w, http.StatusOK, all)
}

// gather reads every page of a list, and adds it to what is there.
func (s *site) gather(r *http.Request, path, as string, into *[]json.RawMessage, complete *bool) error {
	*into = append([]json.RawMessage{}, *into...) // nothing is [], not null
	cursor := ""
	for range mostParts {
		query := url.Values{"limit": {"100"}}
		if as != "" {
			query.Set("as", as)
		}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var part []json.RawMessage
		header, err := s.ask(r, http.MethodGet, path+"?"+query.Encode(), nil, &part)
		if err != nil {
			return err
		}
		*into = append(*into, part...)
		if cursor = nextCursor(header); cursor == "" {
			return nil
		}
	}
	*complete = false
	return nil
}
