package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"

	"marketplace/services/desk/letter"
	"marketplace/services/handover/handover"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// operatorsAddress is one of dapr.yaml's OPERATORS.
const operatorsAddress = "operator@example.com"

// praised is an event that nobody knows, so that it can be sent again without anything coming of it.
const praised = "handover.praised"

// hireOperator has somebody at the desk for the time of the trade, who settles what it shows, each command twice at the same time.
// Letters come there that he has to replay or to drop.
func (t *trade) hireOperator(ctx context.Context, s *stack.Stack) error {
	entry := `{"email":"` + operatorsAddress + `","password":"correct horse"}`
	if status, _ := t.call("POST", "/api/users/signup", "", entry, nil); status != http.StatusCreated {
		return fmt.Errorf("the operator's sign-up was answered with %d", status)
	}
	auth := s.App("auth")
	verify := exec.CommandContext(ctx, auth.Command[0], "verify", operatorsAddress)
	verify.Env = append(os.Environ(), fmt.Sprint("DAPR_HTTP_PORT=", auth.HTTPPort), fmt.Sprint("DAPR_GRPC_PORT=", auth.GRPCPort))
	if said, err := verify.CombinedOutput(); err != nil {
		return fmt.Errorf("verify the operator: %w\n%s", err, said)
	}
	status, session := t.call("POST", "/api/users/signin", "", entry, nil)
	if session == "" {
		return fmt.Errorf("the operator's sign-in was answered with %d", status)
	}
	t.promised.Operator = subject(session)
	random := rand.New(rand.NewPCG(t.seed, 99))
	ctx, cancel := context.WithCancel(ctx)
	t.operatorLeaves = cancel
	t.all.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			t.bury(s, n)
			t.operate(session)
			clock.Wait(ctx, between(random, 200, 1500))
		}
	})
	return nil
}

// bury puts a letter among the dead ones of orders.
func (t *trade) bury(s *stack.Stack, n int) {
	event := fmt.Sprintf(`{"id":"%s/N%d/0","type":%q,"specversion":"1.0","source":"chaos","topic":%q,"subject":"N%d","datacontenttype":"application/json","data":{"version":0}}`,
		praised, n, praised, events.HandoversTopic, n)
	url := fmt.Sprintf("http://127.0.0.1:%d/v1.0/publish/%s/%s", s.App("tickets").HTTPPort, dapr.PubSub, events.DeadTopic("orders"))
	client := http.Client{Timeout: 2 * time.Second}
	if resp, err := client.Post(url, "application/cloudevents+json", bytes.NewBufferString(event)); err == nil { // else there is one letter less
		resp.Body.Close()
	}
}

// operate settles what the desk shows: half of each one way and half the other, and the same one the same way when asked again.
func (t *trade) operate(session string) {
	var reports []struct{ OrderID string }
	t.call("GET", "/api/handovers/reports?limit=200", session, "", &reports)
	for _, r := range reports {
		verdict := handover.Dismiss
		if heads(r.OrderID) {
			verdict = handover.Refund
		}
		if t.twice("/api/handovers/"+r.OrderID+"/decision", session, fmt.Sprintf(`{"decision":%q}`, verdict)) {
			t.mu.Lock()
			t.promised.Decided[r.OrderID] = verdict
			t.mu.Unlock()
		}
	}
	var letters []struct{ ID, Type string }
	t.call("GET", "/api/desk/letters?limit=200", session, "", &letters)
	for _, l := range letters {
		if l.Type != praised { // one of the marketplace's own: a finding
			continue
		}
		command, step := "drop", letter.LetGo
		if heads(l.ID) {
			command, step = "replay", letter.SentOn
		}
		if t.twice("/api/desk/letters/"+l.ID+"/"+command, session, "") {
			t.mu.Lock()
			t.promised.Settled[l.ID] = step
			t.mu.Unlock()
		}
	}
	var endless struct{ Orders []struct{ ID string } }
	t.call("GET", "/api/desk/orders", session, "", &endless)
	for _, o := range endless.Orders {
		t.twice("/api/desk/orders/"+o.ID+"/look", session, "")
	}
	var cases []struct{ ID string }
	t.call("GET", "/api/payments/cases?limit=200", session, "", &cases)
	for _, c := range cases {
		t.twice("/api/payments/cases/"+c.ID+"/look", session, "")
	}
}

// twice sends a command two times at once and tells whether one was confirmed.
func (t *trade) twice(path, session, body string) bool {
	var confirmed [2]bool
	var both sync.WaitGroup
	for i := range confirmed {
		both.Go(func() {
			status, _ := t.call("POST", path, session, body, nil)
			confirmed[i] = status == http.StatusOK
		})
	}
	both.Wait()
	return confirmed[0] || confirmed[1]
}

// heads is a coin that falls the same way for the same id.
func heads(id string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32()&1 == 1
}

// report is a buyer who says that his ticket did not work.
func (t *trade) report(random *rand.Rand) {
	if id, buyer := t.somePaid(random); id != "" {
		t.call("POST", "/api/handovers/"+id+"/report", buyer, `{"words":"It was used"}`, nil)
	}
}

// somePaid is one of the paid orders and its buyer's session, "" when there is none.
func (t *trade) somePaid(random *rand.Rand) (id, buyer string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.buyers) == 0 {
		return "", ""
	}
	all := sorted(t.buyers)
	id = all[random.IntN(len(all))]
	return id, t.buyers[id]
}

// upheld tells whether the money for a ticket went back because an operator decided so.
func (h history) upheld(ticketID string) bool {
	s := h.Handovers[ticketID].Sale
	return s != nil && s.Reason == handover.Upheld && s.DecidedBy == h.Promised.Operator
}

// deskUndone: what an operator was told is done was done once, stands, and is under his name.
func deskUndone(h history, found func(string, ...any)) {
	decided := map[string]handover.Sale{}
	for _, at := range h.Handovers {
		if at.Sale != nil {
			decided[at.Sale.OrderID] = *at.Sale
		}
	}
	for id, verdict := range h.Promised.Decided {
		s := decided[id]
		switch {
		case s.Verdict != verdict || s.DecidedBy != h.Promised.Operator:
			found("the report on order %s was decided as %s, and is %s by %q", id, verdict, or(string(s.Verdict), "open"), s.DecidedBy)
		case verdict == handover.Refund && s.Status != handover.Refunded:
			found("the report on order %s was decided for its buyer, and its handover is %s", id, s.Status)
		}
	}
	for id, step := range h.Promised.Settled {
		l, times := h.Letters[id], 0
		for _, n := range l.Notes {
			if n.What == step && n.By == h.Promised.Operator {
				times++
			}
		}
		_, sent := h.Events[eventKey(praised, l.Subject, 0)]
		if times != 1 || sent != (step == letter.SentOn) || l.State == letter.Waiting {
			found("letter %s was %s, which is noted %d times; it is %s, and was sent again: %v", id, step, times, l.State, sent)
		}
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// gatherLetters reads every letter that was settled.
func gatherLetters(ctx context.Context, s *stack.Stack, settled map[string]letter.Step) (map[string]letter.Letter, error) {
	ids := map[string]bool{}
	for id := range settled {
		ids[id] = true
	}
	found, err := documents[letter.Letter](ctx, s, "desk", "letter", ids)
	if err != nil {
		return nil, errors.Join(errors.New("the desk's letters"), err)
	}
	return found, nil
}
