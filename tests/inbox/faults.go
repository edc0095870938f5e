package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// fault is something that goes wrong with the next mails it matches.
//
//	{"code":451,"times":3}                             refused for now, three times
//	{"to":"gone@example.com","code":550,"times":100}   there is no such mailbox
//	{"at":"data","code":554}                           not this mail
//	{"at":"answer","code":451}                         taken, and the sender does not know
//	{"delay":"5s"}                                     answered late
type fault struct {
	To    string `json:"to,omitempty"`    // part of the address; empty matches all
	At    string `json:"at,omitempty"`    // "rcpt", the default, "data" or "answer"
	Times int    `json:"times"`           // how many mails are left; 1 when not given
	Code  int    `json:"code,omitempty"`  // 4xx or 5xx
	Delay string `json:"delay,omitempty"` // a Go duration, waited first
}

type faults struct {
	log     *slog.Logger
	mu      sync.Mutex
	waiting []fault
}

// strike is what goes wrong at a stage with a mail to an address, nil for nothing.
func (f *faults) strike(at, to string) error {
	f.mu.Lock()
	var hit fault
	for i := range f.waiting {
		if w := &f.waiting[i]; w.Times > 0 && w.At == at && strings.Contains(to, w.To) {
			w.Times--
			hit = *w
			break
		}
	}
	f.mu.Unlock()
	if hit.At == "" {
		return nil
	}
	f.log.Info("fault", "to", to, "fault", fmt.Sprintf("%+v", hit))
	if delay, err := time.ParseDuration(hit.Delay); err == nil {
		time.Sleep(delay)
	}
	if hit.Code == 0 {
		return nil
	}
	return &smtp.SMTPError{Code: hit.Code, EnhancedCode: smtp.EnhancedCode{hit.Code / 100, 1, 0}, Message: "inbox: a scripted fault"}
}

// add puts one behind those that wait, and answers with all of them.
func (f *faults) add(w http.ResponseWriter, r *http.Request) {
	next := fault{Times: 1, At: "rcpt"}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	body.DisallowUnknownFields()
	if err := errors.Join(body.Decode(&next), next.check()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	left := []fault{}
	for _, old := range append(f.waiting, next) {
		if old.Times > 0 {
			left = append(left, old)
		}
	}
	f.waiting = left
	writeJSON(w, http.StatusCreated, left)
}

func (f fault) check() error {
	if f.Delay != "" {
		if _, err := time.ParseDuration(f.Delay); err != nil {
			return err
		}
	}
	switch {
	case f.Times < 1:
		return errors.New("times must be 1 or more")
	case f.At != "rcpt" && f.At != "data" && f.At != "answer":
		return errors.New(`at must be "rcpt", "data" or "answer"`)
	case f.Code != 0 && (f.Code < 400 || f.Code > 599):
		return errors.New("code must be 4xx or 5xx")
	case f.Code == 0 && f.Delay == "":
		return errors.New("one of code and delay is needed")
	}
	return nil
}

func (f *faults) clear(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = nil
	w.WriteHeader(http.StatusNoContent)
}
