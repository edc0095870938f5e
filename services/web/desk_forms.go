package main

import (
	"net/http"
	"net/url"

	"marketplace/shared/fault"
)

// toDesk leads from a form's own address, which shows nothing, to the desk.
func (s *site) toDesk(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/desk", http.StatusSeeOther)
	return nil
}

// decide is an operator's word on a report, as the desk showed it to him: a buyer who opens meanwhile what he had reported unopened
// is not decided about unseen.
func (s *site) decide(w http.ResponseWriter, r *http.Request) error {
	f, err := s.atDesk(w, r)
	if err != nil {
		return err
	}
	var now handed
	header, err := s.ask(r, http.MethodGet, "/api/handovers/"+url.PathEscape(r.PathValue("id")), nil, &now)
	if err != nil {
		return s.leadBack(w, r, "/desk", err)
	}
	if now.Opened() != f.Get("opened") {
		return s.leadBack(w, r, "/desk", fault.New(fault.Refused, "The buyer has opened it since you looked. Look at it again"))
	}
	if tag := header.Get("ETag"); tag != "" {
		r = r.Clone(r.Context())
		r.Header.Set("If-Match", tag)
	}
	decision := f.Get("decision")
	return s.doneAtDesk(w, r, "/api/handovers/"+url.PathEscape(r.PathValue("id"))+"/decision", map[string]string{"decision": decision},
		map[string]string{"refund": "upheld", "dismiss": "dismissed"}[decision])
}

// lookAgain has the card network asked again about a payment.
func (s *site) lookAgain(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.atDesk(w, r); err != nil {
		return err
	}
	return s.doneAtDesk(w, r, "/api/payments/cases/"+url.PathEscape(r.PathValue("id"))+"/look", struct{}{}, "looked")
}

// doneByHand notes how an operator has settled a payment outside.
func (s *site) doneByHand(w http.ResponseWriter, r *http.Request) error {
	f, err := s.atDesk(w, r)
	if err != nil {
		return err
	}
	return s.doneAtDesk(w, r, "/api/payments/cases/"+url.PathEscape(r.PathValue("id"))+"/done", map[string]string{"words": f.Get("words")}, "settled")
}

// atDesk reads an operator's form.
func (s *site) atDesk(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if err := s.operator(r); err != nil {
		return nil, err
	}
	return typed(w, r)
}

func (s *site) doneAtDesk(w http.ResponseWriter, r *http.Request, path string, in any, done string) error {
	if _, err := s.ask(r, http.MethodPost, path, in, nil); err != nil {
		return s.leadBack(w, r, "/desk", err)
	}
	return s.lead(w, r, "/desk", done)
}

// settleLetter sends a dead letter's event to its topic again, or drops it, as the desk showed it: one that has died again meanwhile
// is not decided about unseen.
func (s *site) settleLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := s.atDesk(w, r)
	if err != nil {
		return err
	}
	how := map[string]string{"replay": "replayed", "drop": "dropped"}[f.Get("how")]
	if how == "" {
		return s.leadBack(w, r, "/desk", fault.InField("how", "Send it again, or drop it"))
	}
	path := "/api/desk/letters/" + url.PathEscape(r.PathValue("id"))
	var now deadLetter
	header, err := s.ask(r, http.MethodGet, path, nil, &now)
	if err != nil {
		return s.leadBack(w, r, "/desk", err)
	}
	if now.State == "waiting" && now.Since.String() != f.Get("since") {
		return s.leadBack(w, r, "/desk", fault.New(fault.Refused, "It has come back since you looked. Look at it again"))
	}
	if tag := header.Get("ETag"); tag != "" {
		r = r.Clone(r.Context())
		r.Header.Set("If-Match", tag)
	}
	return s.doneAtDesk(w, r, path+"/"+f.Get("how"), struct{}{}, how)
}

// lookAtOrder has an order looked at that does not end.
func (s *site) lookAtOrder(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.atDesk(w, r); err != nil {
		return err
	}
	return s.doneAtDesk(w, r, "/api/desk/orders/"+url.PathEscape(r.PathValue("id"))+"/look", struct{}{}, "ended")
}
