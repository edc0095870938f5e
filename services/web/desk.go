package main

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// troubled is a payment that needs a person, as payments tells operators.
type troubled struct {
	ID       string     `json:"id"`
	OrderID  string     `json:"orderId"`
	Kind     string     `json:"kind"` // open, unmade, refund, stray, disputed or unknown
	Reason   string     `json:"reason"`
	Since    clock.Time `json:"since"`
	StripeID string     `json:"stripeId"`
	Status   string     `json:"status"`   // of the payment, "" for none
	Smallest int64      `json:"amount"`   // 0 when it is for no payment
	Currency string     `json:"currency"` // the market's
	Notes    []struct {
		At    clock.Time `json:"at"`
		By    string     `json:"by"`
		What  string     `json:"what"` // told, looked, found, done or settled
		Words string     `json:"words"`
	} `json:"notes"`
}

// troubles are the kinds in words. One that the site does not know yet is said as it is.
var troubles = map[string]string{
	"open":     "The card network does not say whether it has charged",
	"unmade":   "The card network refuses us",
	"refund":   "The money does not go back",
	"stray":    "A charge that nobody wanted does not go back",
	"disputed": "The card's owner disputes the charge",
	"unknown":  "A charge for no payment that we know",
}

// Amount is what it is about.
func (c troubled) Amount() money.Amount { return money.Currency(c.Currency).Amount(c.Smallest) }

// desk is what operators see.
type desk struct {
	Reports, Cases pile
	Reported       []handed
	Troubled       []troubled
	Lately         []deed
}

// pile says how much of a list is on the page.
type pile struct {
	Away bool // nobody has said: the page is shown without it
	More bool // there are more behind these
}

// Of the oldest there may be many: a page shows so many, and asks no more often than that for them.
const (
	deskMost  = 50
	deskLooks = 10
	latelyOf  = 20 // of each list
)

// operator refuses whoever is none: for him there is nothing here.
func (s *site) operator(r *http.Request) error {
	u, err := s.sessions.User(r)
	if err == nil && !u.Operator {
		err = fault.NoSuchThing()
	}
	return err
}

// desk shows operators what needs a person, and what they have done about it. A service that does not answer takes only its own
// part off the page.
func (s *site) desk(w http.ResponseWriter, r *http.Request) error {
	if err := s.operator(r); err != nil {
		return err
	}
	var d desk
	d.Reported, d.Reports = onDesk[handed](s, r, "/api/handovers/reports", "open", deskMost)
	d.Troubled, d.Cases = onDesk[troubled](s, r, "/api/payments/cases", "open", deskMost)
	decided, _ := onDesk[handed](s, r, "/api/handovers/reports", "decided", latelyOf)
	settled, _ := onDesk[troubled](s, r, "/api/payments/cases", "settled", latelyOf)
	d.Lately = doneLately(decided, slices.Concat(d.Troubled, settled), s.user(r).ID)
	return s.show(w, r, http.StatusOK, "desk", view{Title: "Desk", Data: d})
}

// onDesk reads a list of which a page may be empty and not the last.
func onDesk[T any](s *site, r *http.Request, path, state string, most int) (all []T, on pile) {
	query := url.Values{"state": {state}, "limit": {strconv.Itoa(most)}}
	for range deskLooks {
		var some []T
		header, err := s.ask(r, http.MethodGet, path+"?"+query.Encode(), nil, &some)
		if err != nil {
			s.log.Warn("the desk is without a list", "list", path, "state", state, "error", err)
			return all, pile{Away: true}
		}
		all = append(all, some...)
		next := nextCursor(header)
		if on.More = next != ""; !on.More || len(all) >= most {
			return all, on
		}
		query.Set("cursor", next)
	}
	return all, on
}

// deed is something that an operator has done.
type deed struct {
	When    clock.Time
	Mine    bool // of who looks at the page
	By      string
	What    string
	OrderID string
	Words   string
}

// deeds in words.
var deeds = map[string]string{
	"refund": "decided for the buyer", "dismiss": "decided for the seller",
	"looked": "had the card network asked again", "done": "settled it by hand",
}

// doneLately is what operators did, the latest first: from what is kept with each report and payment, and changes no more.
func doneLately(decided []handed, worked []troubled, me string) (all []deed) {
	for _, h := range decided {
		all = append(all, deed{When: h.DecidedAt, By: h.DecidedBy, What: deeds[h.Decision], OrderID: h.OrderID, Words: h.Report})
	}
	for _, c := range worked {
		for i, n := range c.Notes {
			if n.By == "" {
				continue
			}
			words := n.Words
			if n.What == "looked" && i+1 < len(c.Notes) && c.Notes[i+1].What == "found" {
				words = c.Notes[i+1].Words
			}
			all = append(all, deed{When: n.At, By: n.By, What: deeds[n.What], OrderID: c.OrderID, Words: words})
		}
	}
	for i := range all {
		all[i].Mine = all[i].By == me
	}
	slices.SortStableFunc(all, func(a, b deed) int { return b.When.Compare(a.When.Time) })
	return all[:min(len(all), deskMost)]
}
