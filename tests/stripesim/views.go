package main

import "cmp"

// The objects as Stripe shows them. Fields we never fill are there with null where Stripe always has
// them. A nil call is for events and errors, where nothing is expanded.

type object = map[string]any

func (s *simulator) intentView(c *call, in intent) object {
	v := object{
		"id": in.ID, "object": "payment_intent", "amount": in.Amount, "currency": in.Currency, "status": in.Status,
		"created": in.Created, "livemode": false, "metadata": in.Metadata, "description": orNull(in.Description),
		"amount_capturable": 0, "amount_received": 0, "amount_details": object{"tip": object{}}, "application": nil,
		"application_fee_amount": nil, "automatic_payment_methods": nil, "canceled_at": nil,
		"cancellation_reason": orNull(in.CancelReason), "capture_method": in.CaptureMethod,
		"client_secret": clientSecret(in), "confirmation_method": "automatic", "customer": nil,
		"last_payment_error": nil, "latest_charge": orNull(in.LatestCharge), "next_action": nil, "on_behalf_of": nil,
		"payment_method": orNull(in.PaymentMethod), "payment_method_options": object{}, "payment_method_types": in.Types,
		"processing": nil, "receipt_email": orNull(in.ReceiptEmail), "review": nil, "setup_future_usage": nil, "shipping": nil,
		"statement_descriptor": nil, "statement_descriptor_suffix": orNull(in.Descriptor),
		"transfer_data": nil, "transfer_group": nil,
	}
	if in.AllowRedirects != "" {
		v["automatic_payment_methods"] = object{"enabled": true, "allow_redirects": in.AllowRedirects}
	}
	if in.LastError != nil {
		v["last_payment_error"] = in.LastError
	}
	switch in.Status {
	case "succeeded":
		v["amount_received"] = in.Amount
	case "canceled":
		v["canceled_at"] = in.CanceledAt
	case "requires_action":
		v["next_action"] = object{"type": "use_stripe_sdk", "use_stripe_sdk": object{"type": "three_d_secure_redirect", "stripe_js": in.ActionURL}}
		if in.ReturnURL != "" {
			v["next_action"] = object{"type": "redirect_to_url", "redirect_to_url": object{"return_url": in.ReturnURL, "url": in.ActionURL}}
		}
	}
	if in.LatestCharge != "" && c.expands("latest_charge") {
		v["latest_charge"] = s.chargeView(nil, s.charge(c, in.LatestCharge))
	}
	return v
}

func clientSecret(in intent) string { return in.ID + "_secret_stripesim" }

func (s *simulator) chargeView(c *call, ch charge) object {
	paid := ch.Status == "succeeded"
	outcome := object{"type": "authorized", "network_status": "approved_by_network", "reason": nil, "seller_message": "Payment complete."}
	captured := ch.Amount
	if !paid {
		captured = 0
	}
	if ch.Status == "failed" {
		outcome = object{"type": "issuer_declined", "network_status": "declined_by_network", "reason": cmp.Or(ch.DeclineCode, ch.FailureCode),
			"seller_message": "The bank did not return any further details with this decline."}
	}
	v := object{
		"id": ch.ID, "object": "charge", "amount": ch.Amount, "amount_captured": captured, "amount_refunded": ch.AmountRefunded,
		"currency": ch.Currency, "status": ch.Status, "created": ch.Created, "livemode": false, "metadata": ch.Metadata,
		"description": orNull(ch.Description), "paid": paid, "captured": paid, "refunded": paid && ch.AmountRefunded == ch.Amount,
		"disputed": ch.Disputed, "failure_code": orNull(ch.FailureCode), "failure_message": orNull(ch.FailureMessage),
		"payment_intent": ch.Intent, "payment_method": ch.PaymentMethod, "outcome": outcome, "billing_details": billing(),
		"payment_method_details": object{"type": "card", "card": cardView(ch.Card, "network")}, "receipt_email": orNull(ch.ReceiptEmail),
		"application": nil, "application_fee": nil, "application_fee_amount": nil, "balance_transaction": nil,
		"calculated_statement_descriptor": "STRIPESIM", "customer": nil, "failure_balance_transaction": nil, "fraud_details": object{},
		"on_behalf_of": nil, "receipt_number": nil, "receipt_url": nil, "review": nil, "shipping": nil,
		"source_transfer": nil, "statement_descriptor": nil, "statement_descriptor_suffix": nil, "transfer_data": nil, "transfer_group": nil,
	}
	if c.expands("payment_intent") {
		v["payment_intent"] = s.intentView(nil, s.ledger.intents[ch.Intent])
	}
	return v
}

func (s *simulator) refundView(c *call, re refund) object {
	v := object{
		"id": re.ID, "object": "refund", "amount": re.Amount, "currency": re.Currency, "status": re.Status, "created": re.Created,
		"charge": re.Charge, "payment_intent": re.Intent, "metadata": re.Metadata, "reason": orNull(re.Reason),
		"balance_transaction": nil, "destination_details": object{"type": "card", "card": object{"type": "refund", "reference_status": "pending"}},
		"receipt_number": nil, "source_transfer_reversal": nil, "transfer_reversal": nil,
	}
	if re.FailureReason != "" {
		v["failure_reason"] = re.FailureReason
	}
	if c.expands("charge") {
		v["charge"] = s.chargeView(nil, s.charge(c, re.Charge))
	}
	if c.expands("payment_intent") {
		v["payment_intent"] = s.intentView(nil, s.ledger.intents[re.Intent])
	}
	return v
}

// disputeView is a dispute of the whole charge, as it begins.
func (s *simulator) disputeView(ch charge) object {
	return object{"id": newID("dp"), "object": "dispute", "amount": ch.Amount, "currency": ch.Currency, "charge": ch.ID, "payment_intent": ch.Intent,
		"created": s.now().Unix(), "livemode": false, "metadata": object{}, "reason": "fraudulent", "status": "needs_response",
		"is_charge_refundable": false, "balance_transactions": []any{}, "evidence": object{}, "evidence_details": object{}}
}

// methodView is the card of a declined payment, as the error shows it.
func methodView(in intent) object {
	return object{"id": in.PaymentMethod, "object": "payment_method", "type": "card", "created": in.Created, "livemode": false,
		"customer": nil, "metadata": object{}, "billing_details": billing(), "card": cardView(in.Card, "display_brand")}
}

func cardView(name, brandField string) object {
	used := cards[name]
	return object{"brand": used.brand, "last4": used.last4, "funding": used.funding, "country": "US", "exp_month": 12, "exp_year": 2034,
		"checks": object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": nil}, "fingerprint": "stripesim" + used.last4,
		"wallet": nil, brandField: used.brand}
}

func billing() object {
	return object{"address": object{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil},
		"email": nil, "name": nil, "phone": nil}
}

// expands tells whether the call asked for this field whole, in one object or in each of a list.
func (c *call) expands(field string) bool {
	if c == nil {
		return false
	}
	for _, name := range c.params.list("expand") {
		if name == field || name == "data."+field {
			return true
		}
	}
	return false
}

// charge finds a charge, also one that this very call is making or changing.
func (s *simulator) charge(c *call, id string) charge {
	for _, ch := range c.entry.Charges {
		if ch.ID == id {
			return ch
		}
	}
	return s.ledger.charges[id]
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
