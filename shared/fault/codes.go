package fault

// Code names a refusal for programs: sentences may be worded anew, a code stays. It says more than the status does, and
// keeps when a refusal passes from service to service.
type Code string

// All there are. Clients decide by them: what one means must not change, and none may go.
const (
	// A kind's own, for what needs no other.
	internal           Code = "internal"               // ours to mend
	invalid            Code = "invalid"                // the request is malformed, or breaks a rule about its own content
	refused            Code = "refused"                // the state of things does not allow it
	notSignedIn        Code = "not_signed_in"          // there is no session, or one that is over
	notOwner           Code = "not_owner"              // it belongs to somebody else
	restricted         Code = "restricted"             // the caller has to do something else first
	notFound           Code = "not_found"              // no such thing, or no such path
	methodNotAllowed   Code = "method_not_allowed"     // the path is known, for the methods in Allow
	early              Code = "early"                  // what it builds on has not arrived yet
	conflict           Code = "conflict"               // another request is in the way
	preconditionFailed Code = "precondition_failed"    // it is not any more what If-Match says
	tooLarge           Code = "too_large"              // the body is over the limit
	notJSON            Code = "unsupported_media_type" // the body is not application/json
	tooMany            Code = "too_many_requests"      // slow down, until Retry-After has passed
	unavailable        Code = "unavailable"            // a part is down; nothing was done, or it is safe to repeat

	// Of any request.
	UnknownField     Code = "unknown_field"           // the body has a field that is none
	UnknownParameter Code = "unknown_parameter"       // the query has a parameter that is none
	CrossOrigin      Code = "cross_origin"            // another site's page asked for it
	KeyReused        Code = "idempotency_key_reused"  // the Idempotency-Key came with another request before
	KeyInProgress    Code = "idempotency_in_progress" // the request with this Idempotency-Key is still under way
	Overloaded       Code = "overloaded"              // more is asked for than can be done in time; nothing was done, until Retry-After has passed

	// Of accounts.
	EmailInUse         Code = "email_in_use"        // the address has an account already
	InvalidCredentials Code = "invalid_credentials" // no such account, or another password
	LinkOver           Code = "link_over"           // the link of a letter is used up, too old, or none of ours
	AddressVerified    Code = "address_verified"    // the address is known to be its owner's already
	AddressUnverified  Code = "address_unverified"  // the owner has to open the link that was sent to his address first
	AccountBusy        Code = "account_busy"        // the account has something under way that somebody else counts on

	// Of tickets and orders.
	TicketReserved    Code = "ticket_reserved"     // somebody holds the ticket, or has bought it
	TicketStarted     Code = "ticket_started"      // what the ticket is for has begun
	TicketWithdrawn   Code = "ticket_withdrawn"    // its seller does not offer it any more
	OwnTicket         Code = "own_ticket"          // sellers do not buy from themselves
	HoldsExceeded     Code = "holds_exceeded"      // the buyer holds as many unpaid tickets as one may
	HeldLately        Code = "held_lately"         // the buyer has let the ticket go; it is there for others until Retry-After has passed
	PriceChanged      Code = "price_changed"       // it is not any more what expectedPrice says
	OrderCancelled    Code = "order_cancelled"     // the order is over: given back, expired, or its money was returned
	OrderPaid         Code = "order_paid"          // the order is paid already
	PaymentInProgress Code = "payment_in_progress" // not while a payment for the order is under way

	// Of payments.
	CardDeclined     Code = "card_declined"     // the card network's reason is the message
	PriceNotPayable  Code = "price_not_payable" // no card can be charged this amount
	SignatureInvalid Code = "signature_invalid" // the Stripe-Signature is not Stripe's
	CaseSettled      Code = "case_settled"      // what needed a person is settled, or was looked at too often

	// Of handovers.
	NotHandedOver Code = "not_handed_over" // the seller has still to hand the ticket over
	NotOpened     Code = "not_opened"      // the buyer has still to open it
	HandoverOver  Code = "handover_over"   // the deadline has passed, or the money went back
	HandoverFixed Code = "handover_fixed"  // what is attached stays: the buyer has opened it or reported it
	ReportClosed  Code = "report_closed"   // there is no open report, or it is too late for one
)

// CodeOf is what a stranger is told of err in one word: the code of his first complaint.
func CodeOf(err error) Code {
	fields, _ := Public(err)
	return fields[0].Code
}
