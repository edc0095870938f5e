package letter

import (
	"time"

	"marketplace/shared/events"
)

// Kind is what a mail is about.
type Kind string

// All there are. They are in notes and in the names of nothing else.
const (
	Receipt        Kind = "receipt"
	HoldEnding     Kind = "hold-ending"
	MoneyBack      Kind = "money-back"       // to the buyer
	SaleRefunded   Kind = "sale-refunded"    // to the seller
	Sold           Kind = "sold"             // hand it over now
	SoldAndThere   Kind = "sold-and-there"   // it was attached when it was listed
	HandedOver     Kind = "handed-over"      // to the buyer
	Doubted        Kind = "doubted"          // to the seller: the buyer says that it did not work
	LookingInto    Kind = "looking-into"     // to that buyer
	Stands         Kind = "stands"           // to the seller: the report was dismissed
	Dismissed      Kind = "dismissed"        // to the buyer
	SaleOff        Kind = "sale-off"         // to the seller: he missed the deadline, or the report was upheld
	Upheld         Kind = "upheld"           // to the buyer
	Verify         Kind = "verify"           // the first one
	VerifyAgain    Kind = "verify-again"     // asked for
	Forgotten      Kind = "forgotten"        // a link to choose a new password
	PasswordNew    Kind = "password-changed" // in case it was not the owner
	NewDevice      Kind = "new-device"       // likewise
	AccountDeleted Kind = "account-deleted"
)

// Lasts is how long after the event a mail is still tried.
func (k Kind) Lasts() time.Duration {
	switch k {
	case Forgotten:
		return 30 * time.Minute // as long as its link is good
	case Verify, VerifyAgain, AccountDeleted: // auth forgets an address after a day
		return 24 * time.Hour
	}
	return 3 * 24 * time.Hour
}

// Opens is the purpose of the link that a mail carries, "" when it carries none that opens an account.
func (k Kind) Opens() string {
	switch k {
	case Verify, VerifyAgain:
		return "verify"
	case Forgotten:
		return "reset"
	}
	return ""
}

// News is what one mail has to say, and to whom: one of the three payloads is there.
type News struct {
	Kind     Kind             `json:"kind"`
	To       string           `json:"to"` // whose account
	Order    *events.Order    `json:"order,omitempty"`
	Handover *events.Handover `json:"handover,omitempty"`
	Account  *events.Account  `json:"account,omitempty"`
}

// Event is the id of the event that asks for it. An order's hold ends once, however often its deadline moves.
func (n News) Event() string {
	switch {
	case n.Kind == HoldEnding:
		return n.Order.ID
	case n.Order != nil:
		return events.New(*n.Order).ID
	case n.Handover != nil:
		return events.New(*n.Handover).ID
	}
	return events.New(*n.Account).ID
}

// Once names the mail among all mails: news with the same name is one mail, whichever comes first. A sale that ends is told
// its seller once: a handover that failed, and the money that goes back for it, are two events.
func (n News) Once() string {
	switch n.Kind {
	case SaleOff:
		return string(SaleRefunded) + " " + n.Handover.ID
	case SaleRefunded:
		return string(SaleRefunded) + " " + n.Order.ID
	}
	return string(n.Kind) + " " + n.Event()
}

// Until is when the mail has nothing to say any more, zero for no such time.
func (n News) Until() time.Time {
	if n.Kind == HoldEnding {
		return n.Order.ExpiresAt.Time
	}
	return time.Time{}
}

// OfOrder is whom an order's change is told. A hold that ends is a matter of time, not of an event.
func OfOrder(o events.Order) []News {
	var all []News
	add := func(k Kind, to string) {
		if to != "" { // the seller's name is missing in orders of before there was mail
			all = append(all, News{Kind: k, To: to, Order: &o})
		}
	}
	switch o.Status {
	case events.StatusComplete:
		add(Receipt, o.UserID)
	case events.StatusRefunded:
		add(MoneyBack, o.UserID)
		add(SaleRefunded, o.Ticket.SellerID)
	}
	return all
}

// OfHandover is whom a change on a sold ticket's way to its buyer is told.
func OfHandover(h events.Handover) []News {
	to := func(seller, buyer Kind) []News {
		var all []News
		if seller != "" {
			all = append(all, News{Kind: seller, To: h.SellerID, Handover: &h})
		}
		if buyer != "" {
			all = append(all, News{Kind: buyer, To: h.BuyerID, Handover: &h})
		}
		return all
	}
	switch h.Status {
	case events.HandoverIsDue:
		return to(Sold, "")
	case events.HandoverIsDelivered:
		if h.Version == 0 { // it was there before it was sold: nothing was due
			return to(SoldAndThere, HandedOver)
		}
		return to("", HandedOver)
	case events.HandoverIsReported:
		return to(Doubted, LookingInto)
	case events.HandoverIsDismissed:
		return to(Stands, Dismissed)
	case events.HandoverHasFailed:
		if h.Reason == events.HandoverUpheld {
			return to(SaleOff, Upheld)
		}
		return to(SaleOff, "") // the buyer hears of it with his money
	}
	return nil
}

// OfAccount is whether its owner is told what happened to an account.
func OfAccount(a events.Account) []News {
	kind, known := map[string]Kind{
		events.AccountCreated: Verify, events.AccountVerifying: VerifyAgain, events.AccountForgotten: Forgotten,
		events.AccountPasswordChanged: PasswordNew, events.AccountSignedIn: NewDevice, events.AccountDeleted: AccountDeleted,
	}["account."+a.News]
	if !known {
		return nil
	}
	return []News{{Kind: kind, To: a.ID, Account: &a}}
}
