package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// challenge sends the card's owner to his bank: with a return_url by a redirect, otherwise by Stripe.js, which we are not.
func (s *simulator) challenge(c *call, in *intent) {
	in.Status, in.LastError = "requires_action", nil
	in.ActionURL = "http://" + c.r.Host + "/3d_secure/" + in.ID + "/" + newID("src")
	s.announce(c, "payment_intent.requires_action", s.intentView(nil, *in), nil)
}

// The bank's page, as it stands with the payment.
const (
	asking   = "asking"
	approved = "approved"
	refused  = "refused"
	over     = "over" // canceled, or another card was tried since
)

//go:embed bank.html
var bankHTML string

var bankPage = template.Must(template.New("bank").Parse(bankHTML))

// challenged finds the intent that the page is about. It needs the lock.
func (s *simulator) challenged(r *http.Request) (in intent, state string, known bool) {
	in, known = s.ledger.intents[r.PathValue("id")]
	switch {
	case !strings.HasSuffix(in.ActionURL, r.URL.Path):
		state = over
	case in.Status == "requires_action":
		state = asking
	case in.Status == "succeeded":
		state = approved
	case in.Status == "requires_payment_method":
		state = refused
	default:
		state = over
	}
	return in, state, known
}

// showChallenge asks the card's owner whether it was he who pays.
func (s *simulator) showChallenge(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	in, state, known := s.challenged(r)
	s.mu.Unlock()
	if !known {
		http.NotFound(w, r)
		return
	}
	s.bank(w, http.StatusOK, in, state)
}

// answerChallenge takes the owner's answer=approve or answer=refuse and sends him back to the shop, as Stripe does. Only
// the first answer counts.
func (s *simulator) answerChallenge(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer := r.PostFormValue("answer")
	if answer != "approve" && answer != "refuse" {
		http.Error(w, "answer must be approve or refuse", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	in, state, known := s.challenged(r)
	var err error
	if known && state == asking {
		err = s.authenticated(&in, answer == "approve")
		_, state, _ = s.challenged(r)
	}
	s.mu.Unlock()
	switch {
	case !known:
		http.NotFound(w, r)
	case err != nil:
		http.Error(w, "the ledger cannot be written", http.StatusInternalServerError)
	case state == over:
		s.bank(w, http.StatusConflict, in, state)
	case in.ReturnURL == "":
		s.bank(w, http.StatusOK, in, state)
	default:
		http.Redirect(w, r, back(in, state), http.StatusSeeOther)
	}
}

// authenticated charges the card, or fails the intent because its owner said that it is not he who pays.
func (s *simulator) authenticated(in *intent, yes bool) error {
	c := &call{}
	if !yes {
		_ = s.fail(c, in, invalid("payment_intent_authentication_failure", "",
			"We are unable to authenticate your payment method. Please choose a different payment method and try again."))
	} else if refusal := s.conclude(c, in, s.newCharge(*in)); refusal == nil {
		c.entry.Intents = append(c.entry.Intents, *in)
	}
	return s.commit(c)
}

// back is where the shop wants its buyer, with what Stripe adds to it.
func back(in intent, state string) string {
	u, err := url.Parse(in.ReturnURL)
	if err != nil {
		return in.ReturnURL
	}
	status := map[string]string{approved: "succeeded"}[state]
	if status == "" {
		status = "failed"
	}
	added := url.Values{"payment_intent": {in.ID}, "payment_intent_client_secret": {clientSecret(in)}, "redirect_status": {status}}.Encode()
	u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+added, "&")
	return u.String()
}

func (s *simulator) bank(w http.ResponseWriter, status int, in intent, state string) {
	data := map[string]any{"State": state, "Amount": money(in.Amount, in.Currency), "What": in.Description, "Card": cards[in.Card].last4}
	if in.ReturnURL != "" {
		data["Back"] = back(in, state)
	}
	var page bytes.Buffer
	if err := bankPage.Execute(&page, data); err != nil {
		s.log.Error("bank page", "error", err)
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // whoever has gone can open it again
}
