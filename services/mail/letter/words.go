package letter

import (
	"marketplace/shared/events"
)

// words are what a kind of mail says. The ticket that it is about stands between Lead and After.
type words struct {
	Subject string
	Heading string
	Lead    []string
	Quote   string // somebody's words
	Button  string // "" for no link
	Path    string // where it leads
	After   []string
}

// sales is where a seller sees what he has sold, and hands it over.
const sales = "/sales"

func orderPath(id string) string { return "/orders/" + id }

// wordings have one for each kind. An order's and a handover's id are the same.
var wordings = map[Kind]func(d Desk, n News) words{
	Receipt: func(d Desk, n News) words {
		return words{
			Subject: "Yours: " + n.Order.Ticket.Title, Heading: "It is yours",
			Lead:   []string{"You have paid " + d.Currency.Print(n.Order.Ticket.Price) + ". This is your receipt."},
			Button: "Show the purchase", Path: orderPath(n.Order.ID),
			After: []string{"The seller hands the ticket over next; we write to you when it is there. If that does not happen in time, your money goes back by itself."},
		}
	},
	HoldEnding: func(d Desk, n News) words {
		return words{
			Subject: "Not paid yet: " + n.Order.Ticket.Title, Heading: "Held for you a few minutes more",
			Lead:   []string{"Pay by " + clockOf(n.Order.ExpiresAt, n.Order.Ticket.Zone) + ". After that the ticket goes back on the market."},
			Button: "Go to the checkout", Path: orderPath(n.Order.ID),
			After: []string{"If you do not want it any more there is nothing to do. Nothing was charged."},
		}
	},
	MoneyBack: func(d Desk, n News) words {
		return words{
			Subject: "Money back: " + n.Order.Ticket.Title, Heading: "Your money goes back",
			Lead:   []string{d.Currency.Print(n.Order.Ticket.Price) + " goes back to the card that you paid with. Banks take up to ten days to show it.", "The ticket is not valid any more."},
			Button: "Show the purchase", Path: orderPath(n.Order.ID),
		}
	},
	SaleRefunded: func(d Desk, n News) words {
		return words{
			Subject: "Refunded: " + n.Order.Ticket.Title, Heading: "A sale of yours was refunded",
			Lead:   []string{"The buyer has the money back, and the ticket is not valid any more. You are not paid for it."},
			Button: "Show what you sold", Path: sales,
		}
	},
	Sold: func(d Desk, n News) words {
		due := when(n.Handover.DueAt, n.Handover.Ticket.Zone)
		return words{
			Subject: "Sold, hand it over now: " + n.Handover.Ticket.Title, Heading: "Sold. Hand it over now",
			Lead:   []string{"Somebody has paid " + d.Currency.Print(n.Handover.Ticket.Price) + " for your ticket. Give them what gets them in: the file, or the barcode.", "You have until " + due + "."},
			Button: "Hand it over", Path: sales,
			After: []string{"If it is not handed over by then the sale is off and the buyer has the money back."},
		}
	},
	SoldAndThere: func(d Desk, n News) words {
		return words{
			Subject: "Sold: " + n.Handover.Ticket.Title, Heading: "Sold, and handed over",
			Lead:   []string{"Somebody has paid " + d.Currency.Print(n.Handover.Ticket.Price) + " for your ticket, and has what you attached to it. Nothing is left to do."},
			Button: "Show what you sold", Path: sales,
		}
	},
	HandedOver: func(d Desk, n News) words {
		return words{
			Subject: "Here is your ticket: " + n.Handover.Ticket.Title, Heading: "Your ticket is here",
			Lead:   []string{"The seller has handed it over. Open it before you go, and look whether it is what you bought."},
			Button: "Open the ticket", Path: orderPath(n.Handover.ID),
			After: []string{"If it does not work, say so on that page within seven days. We look into it, and the seller is not paid meanwhile."},
		}
	},
	Doubted: func(d Desk, n News) words {
		return words{
			Subject: "Reported: " + n.Handover.Ticket.Title, Heading: "Your buyer says that it did not work",
			Lead:   []string{"We look into it. Until that is decided you are not paid for this ticket."},
			Quote:  n.Handover.Report,
			Button: "Show the sale", Path: sales,
		}
	},
	LookingInto: func(d Desk, n News) words {
		return words{
			Subject: "We look into it: " + n.Handover.Ticket.Title, Heading: "We look into it",
			Lead:   []string{"You have told us that this ticket did not work. The seller is not paid until that is decided, and we write to you then."},
			Quote:  n.Handover.Report,
			Button: "Show the purchase", Path: orderPath(n.Handover.ID),
		}
	},
	Stands: func(d Desk, n News) words {
		return words{
			Subject: "The sale stands: " + n.Handover.Ticket.Title, Heading: "The sale stands",
			Lead:   []string{"We have looked into what your buyer reported, and decided that the ticket was good. You are paid as agreed."},
			Button: "Show the sale", Path: sales,
		}
	},
	Dismissed: func(d Desk, n News) words {
		return words{
			Subject: "Decided: " + n.Handover.Ticket.Title, Heading: "We found the ticket to be good",
			Lead:   []string{"We have looked into your report, and found nothing wrong with the ticket. The sale stands."},
			Button: "Show the purchase", Path: orderPath(n.Handover.ID),
		}
	},
	SaleOff: func(d Desk, n News) words {
		w := words{
			Subject: "The sale is off: " + n.Handover.Ticket.Title, Heading: "The sale is off",
			Lead:   []string{"The ticket was not handed over by " + when(n.Handover.DueAt, n.Handover.Ticket.Zone) + ", so the buyer has the money back. You are not paid for it."},
			Button: "Show what you sold", Path: sales,
		}
		if n.Handover.Reason == events.HandoverUpheld {
			w.Lead = []string{"We have looked into what your buyer reported, and decided that the ticket did not work. The buyer has the money back, and you are not paid for it."}
		}
		return w
	},
	Upheld: func(d Desk, n News) words {
		return words{
			Subject: "Decided for you: " + n.Handover.Ticket.Title, Heading: "You get your money back",
			Lead:   []string{"We have looked into your report, and decided that the ticket did not work. " + d.Currency.Print(n.Handover.Ticket.Price) + " goes back to the card that you paid with."},
			Button: "Show the purchase", Path: orderPath(n.Handover.ID),
		}
	},
	Verify: func(Desk, News) words {
		return words{
			Subject: "Is this your address?", Heading: "Welcome to Standby",
			Lead:   []string{"Somebody, you we hope, has made an account with this address. Say that it is yours: selling needs that, and so does getting back in when you forget your password."},
			Button: "It is my address",
			After:  []string{"If it was not you there is nothing to do."},
		}
	},
	VerifyAgain: func(Desk, News) words {
		return words{
			Subject: "Is this your address?", Heading: "Say that this address is yours",
			Lead:   []string{"Selling needs an address that is known to be yours, and so does getting back in when you forget your password."},
			Button: "It is my address",
			After:  []string{"If you have no account here there is nothing to do."},
		}
	},
	Forgotten: func(Desk, News) words {
		return words{
			Subject: "Choose a new password", Heading: "Choose a new password",
			Lead:   []string{"Somebody, you we hope, has asked for this. The link is good once, and for 30 minutes."},
			Button: "Choose a new password",
			After:  []string{"If it was not you there is nothing to do: without this mail nobody can change your password."},
		}
	},
	PasswordNew: func(_ Desk, n News) words {
		return words{
			Subject: "Your password was changed", Heading: "Your password was changed",
			Lead:   []string{"That was on " + when(n.Account.At, "") + "."},
			Button: "It was not me", Path: "/forgot",
			After: []string{"If it was you there is nothing to do. If not, choose a new one at once: that also ends every session."},
		}
	},
	NewDevice: func(_ Desk, n News) words {
		lead := "Somebody has signed in to your account on a device that it had not seen before, on " + when(n.Account.At, "") + "."
		return words{
			Subject: "A new sign-in to your account", Heading: "A new sign-in",
			Lead:   []string{lead},
			Quote:  n.Account.Device,
			Button: "It was not me", Path: "/forgot",
			After: []string{"If it was you there is nothing to do. If not, choose a new password at once: that also ends every session."},
		}
	},
	AccountDeleted: func(_ Desk, n News) words {
		return words{
			Subject: "Your account is deleted", Heading: "Your account is deleted",
			Lead: []string{"As you asked, on " + when(n.Account.At, "") + ". What others need of a purchase or a sale stays, without your name.", "This is the last mail from us."},
		}
	},
}
