package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/clock"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

// handed is a sold ticket on its way to its buyer, as handover tells its two sides.
type handed struct {
	OrderID  string `json:"orderId"`
	Version  int64  `json:"version"`
	Status   string `json:"status"`   // due, delivered, opened, reported, dismissed, failed or refunded
	SellerID string `json:"sellerId"` // for operators, as the next
	BuyerID  string `json:"buyerId"`
	Ticket   struct {
		ID    string       `json:"id"`
		Title string       `json:"title"`
		Price money.Amount `json:"price"`
		occasion.Occasion
	} `json:"ticket"`
	Content     *attached  `json:"content"`
	SoldAt      clock.Time `json:"soldAt"`
	DueAt       clock.Time `json:"dueAt"`
	DeliveredAt clock.Time `json:"deliveredAt"`
	OpenedAt    clock.Time `json:"openedAt"`
	ReportUntil clock.Time `json:"reportUntil"`
	ReportedAt  clock.Time `json:"reportedAt"`
	Report      string     `json:"report"`
	DecidedAt   clock.Time `json:"decidedAt"`
	Decision    string     `json:"decision"`
	DecidedBy   string     `json:"decidedBy"` // for operators
	Reason      string     `json:"reason"`    // why it failed
	EndedAt     clock.Time `json:"endedAt"`
	PayoutAt    clock.Time `json:"payoutAt"`
	Frozen      bool       `json:"frozen"`
}

// attached is what gets one in, without what is in it.
type attached struct {
	Type    string     `json:"type"`
	Size    int        `json:"size"`
	AddedAt clock.Time `json:"addedAt"`
}

// kinds of what is attached, in words.
var kinds = map[string]string{"pdf": "a PDF", "png": "a picture", "jpeg": "a picture", "pkpass": "a pass for a phone", "text": "a barcode's text"}

// Kind is what it is, in words.
func (a attached) Kind() string { return kinds[a.Type] }

// IsPicture tells whether a page can show it.
func (a attached) IsPicture() bool { return a.Type == "png" || a.Type == "jpeg" }

// Ended tells whether the money goes back, or has.
func (h handed) Ended() bool { return h.Status == "failed" || h.Status == "refunded" }

// Opened is when it was first opened, as a form carries it; "" for never.
func (h handed) Opened() string {
	if h.OpenedAt.IsZero() {
		return ""
	}
	return h.OpenedAt.String()
}

// handedOver is how the ticket of a paid order is on its way, nil while that is not known: the page is shown without it. A text
// that its buyer has opened comes with it.
func (s *site) handedOver(r *http.Request, o order) (h *handed, text string) {
	if o.Status != complete && o.Status != refunded {
		return nil, ""
	}
	h = &handed{}
	if _, err := s.ask(r, http.MethodGet, "/api/handovers/"+o.ID, nil, h); err != nil {
		return nil, ""
	}
	if h.Content != nil && h.Content.Type == "text" && !h.OpenedAt.IsZero() && !h.Ended() {
		if _, raw, err := s.send(r, http.MethodGet, "/api/contents/"+h.Ticket.ID+"/file", "", nil); err == nil {
			text = string(raw)
		}
	}
	return h, text
}

// Reportable tells whether the buyer can still say that it did not work.
func (p purchase) Reportable(now clock.Time) bool {
	h := p.Handed
	return h != nil && (h.Status == "delivered" || h.Status == "opened") && now.Before(h.ReportUntil.Time)
}

// steps are what happened to the ticket on its way.
func (h *handed) steps() (all []step) {
	if h == nil {
		return nil
	}
	for _, s := range []step{{"The seller handed it over", h.DeliveredAt}, {"You opened it", h.OpenedAt}, {"You reported that it did not work", h.ReportedAt}} {
		if !s.When.IsZero() {
			all = append(all, s)
		}
	}
	switch {
	case h.Reason == "missed":
		all = append(all, step{"The seller's time to hand it over ran out", h.EndedAt})
	case h.Decision == "refund":
		all = append(all, step{"Your report was looked at: your money goes back", h.DecidedAt})
	case h.Decision == "dismiss":
		all = append(all, step{"Your report was looked at and turned down", h.DecidedAt})
	}
	return all
}

// open lets the buyer have his ticket from now on.
func (s *site) open(w http.ResponseWriter, r *http.Request) error {
	return s.toOrder(w, r, "/open", nil, "")
}

// report is the buyer's word that it did not work.
func (s *site) report(w http.ResponseWriter, r *http.Request) error {
	f, err := typed(w, r)
	if err != nil {
		return err
	}
	return s.toOrder(w, r, "/report", map[string]string{"words": f.Get("words")}, "reported")
}

// toOrder does something to a handover and leads back to its order's page.
func (s *site) toOrder(w http.ResponseWriter, r *http.Request, what string, in any, done string) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	id := url.PathEscape(r.PathValue("id"))
	if _, err := s.ask(r, http.MethodPost, "/api/handovers/"+id+what, in, nil); err != nil {
		return s.leadBack(w, r, "/orders/"+id, err)
	}
	return s.lead(w, r, "/orders/"+id, done)
}

// sales lists what the visitor has sold, and what became of each.
func (s *site) sales(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	var data struct {
		Sales []handed
		Pages pages
	}
	header, err := s.ask(r, http.MethodGet, "/api/handovers?"+atCursor(r, url.Values{"as": {"seller"}}), nil, &data.Sales)
	if isBadPage(r, err) {
		return fromTheStart(w, r)
	}
	if err != nil {
		return err
	}
	data.Pages = pagesOf(r, header)
	return s.show(w, r, http.StatusOK, "sales", view{Title: "My sales", Data: data})
}
