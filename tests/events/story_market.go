package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/dapr"
)

// market is where the parts of a running stack are.
type market struct {
	grpc, http map[string]int // ports of sidecars, by app
	zipkin     string         // "" when no traces are kept
	stripe     string         // "" when it is Stripe itself
}

// market reads the file that the stack was started with.
func (b *bench) market() (*market, error) {
	file := filepath.Join(b.dir, ".local", "dapr.yaml")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		file = filepath.Join(b.dir, "dapr.yaml")
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var run struct {
		Apps []struct {
			ID       string            `yaml:"appID"`
			HTTPPort int               `yaml:"daprHTTPPort"`
			GRPCPort int               `yaml:"daprGRPCPort"`
			Env      map[string]string `yaml:"env"`
		} `yaml:"apps"`
	}
	if err := yaml.Unmarshal(text, &run); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m := &market{grpc: map[string]int{}, http: map[string]int{}}
	for _, a := range run.Apps {
		m.grpc[a.ID], m.http[a.ID] = a.GRPCPort, a.HTTPPort
		if to := a.Env["TRACES_TO"]; to != "" {
			m.zipkin, _, _ = strings.Cut(to, "/api/")
		}
	}
	env, err := os.ReadFile(filepath.Join(b.dir, ".local", "env"))
	if err != nil {
		return nil, fmt.Errorf("is the stack running? %w", err)
	}
	for line := range strings.Lines(string(env)) {
		if base, ok := strings.CutPrefix(line, "STRIPE_API_BASE="); ok {
			m.stripe = strings.Trim(base, "'\n")
		}
	}
	return m, nil
}

// load reads a document through the sidecar of its service. It reports false when there is none.
func load[T any](ctx context.Context, m *market, app, key string) (T, bool, error) {
	var doc struct{ Body T }
	sidecar, err := dapr.Connect(dapr.Config{HTTPPort: strconv.Itoa(m.http[app]), GRPCPort: strconv.Itoa(m.grpc[app])})
	if err != nil {
		return doc.Body, false, err
	}
	defer sidecar.Close()
	item, err := sidecar.Load(ctx, key)
	if err != nil {
		return doc.Body, false, fmt.Errorf("is the stack running? %w", err)
	}
	if item.Value == nil {
		return doc.Body, false, nil
	}
	if err := json.Unmarshal(item.Value, &doc); err != nil {
		return doc.Body, false, fmt.Errorf("%s: %w", key, err)
	}
	return doc.Body, true, nil
}

// finding is what documents say of what was asked for.
type finding struct {
	ids   []string // what lines of logs name: of a payment, its order's first
	heads []string
	facts []fact
}

// find looks for what id names: a ticket, an order, or a payment by our name or the card network's.
func (m *market) find(ctx context.Context, id string, lines []logLine) (finding, error) {
	t, isTicket, err := load[ticket.Ticket](ctx, m, "tickets", "ticket:"+id)
	if err != nil {
		return finding{}, err
	}
	if isTicket {
		return m.ticket(ctx, t)
	}
	for _, orderID := range append([]string{id}, m.orderOf(ctx, id, lines)...) {
		f, known, err := m.order(ctx, orderID)
		if err != nil || known {
			return f, err
		}
	}
	return finding{}, fmt.Errorf("nothing is known of %q: it is no ticket and no order, and no payment that the logs or the card network's books tell of", id)
}

// orderOf looks up the order that a payment is for.
func (m *market) orderOf(ctx context.Context, paymentID string, lines []logLine) []string {
	for _, l := range lines {
		if l.Order != "" && (l.Payment == paymentID || strings.Contains(l.ID, "/"+paymentID+"/")) {
			return []string{l.Order}
		}
	}
	intents, _ := m.intents(ctx) // whatever is wrong with them is told when they are shown
	for _, in := range intents {
		if in.ID == paymentID {
			return []string{in.Metadata["order_id"]}
		}
	}
	return nil
}

func (m *market) ticket(ctx context.Context, t ticket.Ticket) (finding, error) {
	state := "for sale"
	switch {
	case t.Refunded:
		state = "sold by order " + t.OrderID + ", and refunded"
	case t.Sold:
		state = "sold by order " + t.OrderID
	case t.OrderID != "" && time.Now().Before(t.HeldUntil):
		state = "held by order " + t.OrderID
	}
	f := finding{ids: []string{t.ID}, heads: []string{fmt.Sprintf("ticket %s, %q for %s, of seller %s: %s", t.ID, t.Title, t.Price, t.UserID, state)},
		facts: []fact{{t.CreatedAt, "tickets", "listed"}}}
	sl, _, err := load[sale.Sale](ctx, m, "orders", "sale:"+t.ID)
	for _, o := range sl.Orders {
		f.add(o)
	}
	return f, err
}

// order tells of an order and its payment. It reports false when there is none.
func (m *market) order(ctx context.Context, id string) (finding, bool, error) {
	ticketID, err := sale.TicketOf(id)
	if err != nil {
		return finding{}, false, nil
	}
	sl, _, err := load[sale.Sale](ctx, m, "orders", "sale:"+ticketID)
	if err != nil {
		return finding{}, false, err
	}
	o := sl.Order(id)
	if o == nil { // ended so long ago that it was shelved
		shelved, known, err := load[sale.Order](ctx, m, "orders", "order:"+id)
		if err != nil || !known {
			return finding{}, false, err
		}
		o = &shelved
	}
	f := finding{ids: []string{id}}
	f.add(*o)
	p, tried, err := load[payment.Payment](ctx, m, "payments", "payment:"+id)
	if err != nil {
		return finding{}, false, err
	}
	for _, kind := range payment.Kinds {
		c, told, err := load[payment.Case](ctx, m, "payments", "case:"+payment.CaseID(kind, id))
		if err != nil {
			return finding{}, false, err
		}
		if told {
			f.addCase(c)
		}
	}
	if !tried {
		f.heads = append(f.heads, "payment: nobody has tried to pay")
		return f, true, nil
	}
	f.ids = append(f.ids, p.ID)
	head := fmt.Sprintf("payment %s: %s, %d %s (smallest unit), attempt %d", p.ID, p.Status, p.Smallest(), p.Currency, p.Attempt)
	for _, more := range []string{p.StripeID, p.Reason, p.RefundID, p.Trouble} {
		if more != "" {
			head += ", " + more
		}
	}
	f.heads = append(f.heads, head)
	f.facts = append(f.facts, fact{p.BegunAt, "payments", fmt.Sprintf("attempt %d to pay begins", p.Attempt)})
	if !p.RefundedAt.IsZero() {
		f.facts = append(f.facts, fact{p.RefundedAt, "payments", "the money is on its way back"})
	}
	return f, true, nil
}

// addCase tells what needed a person, and who did what about it.
func (f *finding) addCase(c payment.Case) {
	for _, n := range c.Notes {
		words := string(n.What)
		if n.By != "" {
			words += " by operator " + n.By
		}
		if n.Words != "" {
			words += ": " + n.Words
		}
		f.facts = append(f.facts, fact{n.At, "payments", fmt.Sprintf("needs a person (%s): %s", c.Kind, words)})
	}
}

func (f *finding) add(o sale.Order) {
	head := fmt.Sprintf("order %s of buyer %s: %s", o.ID, o.UserID, o.Status)
	if o.Reason != "" {
		head += " (" + o.Reason + ")"
	}
	f.heads = append(f.heads, head+fmt.Sprintf(", %q for %s, to be paid until %s", o.Ticket.Title, o.Ticket.Price, o.ExpiresAt.Local().Format(time.DateTime)))
	if !o.PlacedAt.IsZero() {
		f.facts = append(f.facts, fact{o.PlacedAt, "orders", "order " + o.ID + " is placed"})
	}
	if !o.EndedAt.IsZero() {
		f.facts = append(f.facts, fact{o.EndedAt, "orders", "order " + o.ID + " ends: " + o.Reason})
	}
}

// showTraces tells where to look further: the traces in which id is named, as far as they are kept.
func (m *market) showTraces(ctx context.Context, b *bench, id string, named []string) {
	if m.zipkin == "" {
		fmt.Fprintf(b.out, "traces are not kept here (`make run TRACES=1`); the lines of the logs have %s\n", or(strings.Join(named, ", "), "none"))
		return
	}
	for _, tag := range []string{"order", "ticket"} {
		var found [][]struct{ TraceID string }
		if err := ask(ctx, m.zipkin+"/api/v2/traces?limit=50&lookback=604800000&annotationQuery="+url.QueryEscape(tag+"="+id), &found); err != nil {
			fmt.Fprintln(b.out, "traces:", err)
			return
		}
		for _, spans := range found {
			if len(spans) > 0 && !slices.Contains(named, spans[0].TraceID) {
				named = append(named, spans[0].TraceID)
			}
		}
	}
	for _, trace := range named {
		fmt.Fprintf(b.out, "trace: %s/zipkin/traces/%s\n", m.zipkin, trace)
	}
}

// ask reads an answer of JSON into out.
func ask(ctx context.Context, url string, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", req.URL.Host, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
