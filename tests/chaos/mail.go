package main

import (
	"context"
	"maps"
	"regexp"
	"strings"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// written are the events of orders that ask for a mail to the buyer, by how its subject begins.
var written = map[string]string{"Yours: ": events.OrderCompleted, "Money back: ": events.OrderRefunded}

// mailWait is how long mail may take once all parts are back: what met a mail server that was away is tried less and less often.
const mailWait = 2 * time.Minute

// readMails counts the mails about each such event, by type and order. It waits until there is one for each that was published,
// or until it has been long enough.
func readMails(ctx context.Context, s *stack.Stack, published map[string]time.Time) (map[string]int, error) {
	for began := time.Now(); ; {
		found, err := mails(ctx, s)
		if err != nil || len(unwritten(found, published)) == 0 || time.Since(began) > mailWait || !clock.Wait(ctx, time.Second) {
			return found, err
		}
	}
}

func mails(ctx context.Context, s *stack.Stack) (map[string]int, error) {
	all, err := s.Mails(ctx, "")
	if err != nil {
		return nil, err
	}
	found := map[string]int{}
	for _, m := range all {
		for begins, kind := range written {
			if !strings.HasPrefix(m.Subject, begins) {
				continue
			}
			for _, link := range m.Links {
				if about := orderLink.FindStringSubmatch(link); about != nil {
					found[kind+" "+about[1]]++
				}
			}
		}
	}
	return found, nil
}

var orderLink = regexp.MustCompile(`/orders/([A-Z0-9-]+)$`)

// asked are the events that ask for a mail, by type and order.
func asked(published map[string]time.Time) map[string]bool {
	all := map[string]bool{}
	for key := range published {
		kind, rest, _ := strings.Cut(key, " ")
		order, _, _ := strings.Cut(rest, " ")
		for _, asks := range written {
			if kind == asks {
				all[kind+" "+order] = true
			}
		}
	}
	return all
}

// unwritten are those events that nobody was written about.
func unwritten(found map[string]int, published map[string]time.Time) []string {
	left := asked(published)
	maps.DeleteFunc(left, func(event string, _ bool) bool { return found[event] > 0 })
	return sorted(left)
}

// lostMail: each event that asks for a mail has one, at least, and no mail says what did not happen.
func lostMail(h history, found func(string, ...any)) {
	if h.Mails == nil {
		return // it goes elsewhere
	}
	for _, event := range unwritten(h.Mails, h.Events) {
		found("nobody was written to about %s", event)
	}
	for event := range h.Mails {
		if !asked(h.Events)[event] {
			found("somebody was written to about %s, which was never published", event)
		}
	}
}
