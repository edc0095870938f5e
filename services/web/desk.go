package main

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

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

// deadLetter is an event that a service could not handle, as desk tells operators.
type deadLetter struct {
	ID         string     `json:"id"`
	Service    string     `json:"service"`
	Topic      string     `json:"topic"`
	EventID    string     `json:"eventId"`
	Type       string     `json:"type"`
	Subject    string     `json:"subject"`
	Trace      string     `json:"trace"`
	Why        string     `json:"why"`
	State      string     `json:"state"`
	Since      clock.Time `json:"since"`
	Replayable bool       `json:"replayable"`
	Replays    int        `json:"replays"`
	Notes      []deskNote `json:"notes"`
}

// TraceID is what finds its trace and the lines of the logs.
func (l deadLetter) TraceID() string {
	if parts := strings.Split(l.Trace, "-"); len(parts) == 4 {
		return parts[1]
	}
	return ""
}

// endlessOrder is one past its deadline that nobody ended.
type endlessOrder struct {
	OrderID  string     `json:"orderId"`
	TicketID string     `json:"ticketId"`
	Title    string     `json:"title"`
	Until    clock.Time `json:"until"`
	Notes    []deskNote `json:"notes"`
}

// deskNote is a line of what was done.
type deskNote struct {
	At    clock.Time `json:"at"`
	By    string     `json:"by"`
	What  string     `json:"what"`
	Words string     `json:"words"`
}

// dayFigures are the market's of today.
type dayFigures struct {
	Source   string           `json:"source"`
	Currency string           `json:"currency"`
	Figures  map[string]int64 `json:"figures"`
}

// figuresShown are what a page shows of them, in this order.
var figuresShown = []struct{ name, words string }{
	{"listed", "Tickets listed"}, {"placed", "Orders placed"}, {"completed", "Orders paid"}, {"expired", "Orders expired"},
	{"refused", "Orders refused"}, {"charged", "Charged"}, {"refunded", "Sent back"}, {"mailsSent", "Mails sent"}, {"mailsFailed", "Mails not sent"},
}

// figure is one of them in words; money is one of the two that are a sum.
type figure struct {
	Words  string
	Known  bool
	Money  bool
	Count  int64
	Amount money.Amount
}

// Shown are the figures in their order.
func (d dayFigures) Shown() (all []figure) {
	for _, f := range figuresShown {
		n, known := d.Figures[f.name]
		all = append(all, figure{f.words, known, f.name == "charged" || f.name == "refunded", n, money.Currency(d.Currency).Amount(n)})
	}
	return all
}

// desk is what operators see.
type desk struct {
	Reports, Cases, Letters, Orders pile
	Reported                        []handed
	Troubled                        []troubled
	Dead                            []deadLetter
	Endless                         []endlessOrder
	Today                           dayFigures
	Lately                          []deed
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
	d.Dead, d.Letters = onDesk[deadLetter](s, r, "/api/desk/letters", "waiting", deskMost)
	d.Endless, d.Orders = onDesk[endlessOrder](s, r, "/api/desk/orders", "open", deskMost)
	buried, _ := onDesk[deadLetter](s, r, "/api/desk/letters", "settled", latelyOf)
	looked, _ := onDesk[endlessOrder](s, r, "/api/desk/orders", "looked", latelyOf)
	if _, err := s.ask(r, http.MethodGet, "/api/desk/figures", nil, &d.Today); err != nil {
		d.Today = dayFigures{Source: "away"}
		s.log.Warn("the desk is without figures", "error", err)
	}
	d.Lately = doneLately(decided, slices.Concat(d.Troubled, settled), slices.Concat(d.Dead, buried), looked, s.user(r).ID)
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
	"replayed": "sent an event again", "dropped": "dropped an event", "orderLooked": "had an order looked at again",
}

// doneLately is what operators did, the latest first: from what is kept with each report and payment, and changes no more.
func doneLately(decided []handed, worked []troubled, letters []deadLetter, looked []endlessOrder, me string) (all []deed) {
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
	for _, l := range letters {
		for _, n := range l.Notes {
			if n.By != "" {
				all = append(all, deed{When: n.At, By: n.By, What: deeds[n.What], OrderID: cmp.Or(l.Subject, l.Service), Words: l.Type})
			}
		}
	}
	for _, o := range looked {
		for i, n := range o.Notes {
			if n.By == "" {
				continue
			}
			words := ""
			if i+1 < len(o.Notes) {
				words = o.Notes[i+1].Words
			}
			all = append(all, deed{When: n.At, By: n.By, What: deeds["orderLooked"], OrderID: o.OrderID, Words: words})
		}
	}
	for i := range all {
		all[i].Mine = all[i].By == me
	}
	slices.SortStableFunc(all, func(a, b deed) int { return b.When.Compare(a.When.Time) })
	return all[:min(len(all), deskMost)]
}
