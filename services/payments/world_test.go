package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"marketplace/services/orders/sale"
	"marketplace/services/payments/payment"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/recent"
	"marketplace/shared/service"
	"marketplace/shared/session"
)

// world is all that payments deals with, in memory: its sidecar, a card network, and orders with the sale of one ticket.
// Every call that payments makes goes through mortal, so that it can die at any of them.
type world struct {
	t       *testing.T
	at      time.Time
	sidecar *daprtest.Sidecar
	network *network
	sale    sale.Sale
	heard   int // payment events that orders has heard
	told    int64
	missed  bool // handover has said that the ticket did not get to its buyer, and payments has not heard it
	payments
}

// payments is one process of the service; what it knows in memory is gone when it dies.
type payments struct {
	*server
	*mortal
}

var signingKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))

const theOrder = "T-1"

var bob = session.User{ID: "bob"}

// newWorld has bob hold a ticket for 15 minutes.
func newWorld(t *testing.T) *world {
	w := &world{t: t, at: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), sidecar: &daprtest.Sidecar{}, told: -1}
	w.network = &network{now: w.now, intents: map[string]*stripeIntent{}}
	w.sale.Follow("ann", sale.Ticket{ID: "T", Title: "Chess", Price: 1999})
	require.NoError(t, w.sale.Place(sale.Order{ID: theOrder, UserID: bob.ID}, sale.Terms{Hold: 15 * time.Minute}, w.at))
	w.start()
	return w
}

func (w *world) now() time.Time { return w.at }

// start begins a new process.
func (w *world) start() {
	log := slog.New(slog.DiscardHandler)
	m := &mortal{left: -1}
	side := &sidecarOf{w.sidecar, m}
	outbox := dapr.NewOutbox("payments", side, side, w.now, log)
	sessions := session.NewVerifier(session.KeysOf(signingKey.Public().(ed25519.PublicKey)), w.now)
	w.payments = payments{&server{
		payments: dapr.NewAnnounced("payment", side, outbox, announce), cases: dapr.NewCollection[payment.Case]("case", side), open: dapr.NewList("cases", side), cards: &networkOf{w.network, m}, services: &ordersOf{w, m},
		timers: side, outbox: outbox, settled: recent.New(10), currency: "usd", now: w.now, log: log, webhookSecret: "whsec_test",
		sessions: sessions, once: service.NewOnce(side, sessions.Sender, w.now, log),
	}, m}
}

func (w *world) order() *sale.Order { return w.sale.Order(theOrder) }

// alive is a context that ends with the process.
func (w *world) alive() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	w.mortal.bury = cancel
	return ctx, cancel
}

// press is the buyer's button.
func (w *world) press(token, returnURL string) (payment.Payment, error) {
	ctx, cancel := w.alive()
	defer cancel()
	p, err := w.attempt(ctx, bob, request{OrderID: theOrder, Token: token, ReturnURL: returnURL})
	if errors.Is(err, dapr.ErrUnannounced) {
		err = nil
	}
	return p, err
}

// settleDown lets time pass, rings jobs and brings events until nothing is left to do. A process that dies is followed by
// another.
func (w *world) settleDown() {
	for range 200 {
		if w.dead {
			w.start()
		}
		busy := w.ring()
		busy = w.deliver() || busy
		if w.order().Overdue(w.at) {
			w.expire()
			busy = true
		}
		if !busy && len(w.sidecar.Jobs()) == 0 {
			return
		}
		w.at = w.at.Add(20 * time.Second)
	}
	w.t.Fatalf("never quiet: %v", w.sidecar.Jobs())
}

// expire is orders' timer: it asks payments before it ends an order that somebody was paying for.
func (w *world) expire() {
	if err := w.sale.Expire(theOrder, time.Time{}, w.at); err == nil {
		return
	}
	p, err := dapr.NewAnnounced("payment", w.sidecar, nil, announce).Get(context.Background(), theOrder)
	if err == nil && p.Status == payment.Succeeded {
		require.NoError(w.t, w.sale.Paid(theOrder, p.ID, "code"))
		return
	}
	w.sale.EndUnpaid(theOrder, w.at)
}

// ring rings the jobs that are due; one that fails stays.
func (w *world) ring() (rang bool) {
	for name, due := range w.sidecar.Jobs() {
		if due.After(w.at) {
			continue
		}
		rang = true
		ctx, cancel := w.alive()
		var err error
		if rest, settles := strings.CutPrefix(name, settlePrefix); settles {
			err = w.onSettle(ctx, rest)
		} else {
			err = w.onRefund(ctx, strings.TrimPrefix(name, refundPrefix))
		}
		cancel()
		if err == nil && w.sidecar.Jobs()[name].Equal(due) {
			require.NoError(w.t, w.sidecar.Unschedule(context.Background(), name))
		}
	}
	return rang
}

// deliver brings payments' events to orders, and what orders says to payments.
func (w *world) deliver() (busy bool) {
	for _, e := range w.sidecar.Published(events.PaymentsTopic)[w.heard:] {
		var p events.Payment
		require.NoError(w.t, json.Unmarshal(e.Data, &p))
		if p.Refunded {
			require.NoError(w.t, w.sale.Refund(p.OrderID, p.ID))
		} else {
			require.NoError(w.t, w.sale.Paid(p.OrderID, p.ID, "code"))
		}
		w.heard++
		busy = true
	}
	if w.missed {
		ctx, cancel := w.alive()
		defer cancel()
		w.missed = w.onHandover(ctx, events.Handover{ID: theOrder, Version: 1, Status: events.HandoverHasFailed, Reason: events.HandoverMissed}) != nil
		busy = true
	}
	if o := w.order(); o.Version != w.told {
		ctx, cancel := w.alive()
		defer cancel()
		if err := w.onOrder(ctx, events.Order{ID: o.ID, Version: o.Version, Status: events.Status(o.Status)}); err == nil {
			w.told = o.Version
		}
		busy = true
	}
	return busy
}

// mortal dies at a call.
type mortal struct {
	left      int  // calls until it dies, below 0: never
	effective bool // whether that call takes effect: then only its answer is lost
	dead      bool
	calls     int
	bury      func() // what happens to work under way when it dies
}

var errDead = errors.New("the process is dead")

func (m *mortal) call(do func() error) error {
	m.calls++
	switch {
	case m.dead:
		return errDead
	case m.left < 0:
		return do()
	}
	if m.left--; m.left >= 0 {
		return do()
	}
	m.dead = true
	if m.effective {
		_ = do()
	}
	m.bury()
	return errDead
}

func through[T any](m *mortal, do func() (T, error)) (out T, err error) {
	err = m.call(func() error { out, err = do(); return err })
	return out, err
}

type sidecarOf struct {
	*daprtest.Sidecar
	m *mortal
}

func (s *sidecarOf) Load(ctx context.Context, key string) (dapr.Item, error) {
	return through(s.m, func() (dapr.Item, error) { return s.Sidecar.Load(ctx, key) })
}
func (s *sidecarOf) Save(ctx context.Context, key string, value []byte, etag string, ttl time.Duration) error {
	return s.m.call(func() error { return s.Sidecar.Save(ctx, key, value, etag, ttl) })
}
func (s *sidecarOf) Publish(ctx context.Context, e events.Event) error {
	return s.m.call(func() error { return s.Sidecar.Publish(ctx, e) })
}
func (s *sidecarOf) Schedule(ctx context.Context, name string, due time.Time) error {
	return s.m.call(func() error { return s.Sidecar.Schedule(ctx, name, due) })
}
func (s *sidecarOf) Unschedule(ctx context.Context, name string) error {
	return s.m.call(func() error { return s.Sidecar.Unschedule(ctx, name) })
}

// ordersOf is orders' internal routes.
type ordersOf struct {
	w *world
	m *mortal
}

func (o *ordersOf) Invoke(_ context.Context, _, method, path string, in, out any) error {
	return o.m.call(func() error {
		if method == http.MethodDelete {
			return o.w.sale.EndCheckout(theOrder, path[strings.LastIndexByte(path, '/')+1:])
		}
		if err := o.w.sale.BeginCheckout(theOrder, in.(map[string]string)["checkout"], time.Minute, o.w.at); err != nil {
			return err
		}
		at := o.w.order()
		raw, err := json.Marshal(map[string]any{"id": at.ID, "userId": at.UserID, "expiresAt": clock.At(at.ExpiresAt), "ticket": at.Ticket})
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, out)
	})
}

// network is a card network that keeps books. What a card does its token says.
type network struct {
	now     clock.Now
	intents map[string]*stripeIntent // by the attempt's name
	byKey   []string                 // creates, each once
	refunds int
	asked   func() // what happens while the network is asked for a charge, nil for nothing

	chargedBefore int // creates when the story was told
}

type stripeIntent struct {
	intent
	made     time.Time
	refunded *refund
}

func (n *network) get(id string) *stripeIntent {
	for _, in := range n.intents {
		if in.State == processing && n.now().Sub(in.made) > time.Minute {
			in.State = charged
		}
		if in.ID == id {
			return in
		}
	}
	return nil
}

// standing is how many charges stand.
func (n *network) standing() (count int) {
	for _, in := range n.intents {
		if in.State == charged && (in.refunded == nil || in.refunded.State != returned) {
			count++
		}
	}
	return count
}

// networkOf implements cards as the network's client.
type networkOf struct {
	n *network
	m *mortal
}

func (c *networkOf) Charge(_ context.Context, p payment.Payment) (intent, error) {
	return through(c.m, func() (intent, error) {
		if c.n.asked != nil {
			c.n.asked()
		}
		if known := c.n.intents[p.ChargeKey()]; known != nil {
			if known.State == declined {
				return intent{}, cardError(known.Reason)
			}
			return known.intent, nil
		}
		in := &stripeIntent{made: c.n.now(), intent: intent{ID: "pi_" + p.ChargeKey(), OrderID: p.OrderID, State: charged}}
		switch p.Token {
		case "declined":
			in.State, in.Reason = declined, "Your card was declined."
		case "processing":
			in.State = processing
		case "3ds":
			in.State, in.ActionURL = waiting, "https://bank.example/"+in.ID
			if p.ReturnURL == "" {
				in.State, in.Reason = declined, "Your card needs your bank's confirmation."
			}
		}
		c.n.intents[p.ChargeKey()] = in
		c.n.byKey = append(c.n.byKey, p.ChargeKey())
		if in.State == declined {
			return intent{}, cardError(in.Reason)
		}
		return in.intent, nil
	})
}

func cardError(words string) error {
	return &stripe.Error{Type: stripe.ErrorTypeCard, HTTPStatusCode: http.StatusPaymentRequired, Msg: words}
}

func (c *networkOf) Find(_ context.Context, p payment.Payment) (intent, error) {
	return through(c.m, func() (intent, error) {
		if in := c.n.get("pi_" + p.ChargeKey()); in != nil {
			return in.intent, nil
		}
		return intent{}, errNone
	})
}

func (c *networkOf) Look(_ context.Context, id string) (intent, error) {
	return through(c.m, func() (intent, error) {
		if in := c.n.get(id); in != nil {
			return in.intent, nil
		}
		return intent{}, &stripe.Error{HTTPStatusCode: http.StatusNotFound}
	})
}

func (c *networkOf) Cancel(_ context.Context, id string) (intent, error) {
	return through(c.m, func() (intent, error) {
		in := c.n.get(id)
		if in.State == waiting {
			in.State, in.Reason = declined, notFinished
		}
		return in.intent, nil
	})
}

func (c *networkOf) Refund(_ context.Context, id, _ string, _ int) (refund, error) {
	return through(c.m, func() (refund, error) {
		in := c.n.get(id)
		if in.refunded != nil && in.refunded.State == returned {
			return refund{}, &stripe.Error{Code: stripe.ErrorCodeChargeAlreadyRefunded, HTTPStatusCode: http.StatusBadRequest}
		}
		c.n.refunds++
		in.refunded = &refund{ID: "re_" + id, State: returned}
		return *in.refunded, nil
	})
}

func (c *networkOf) Refunded(_ context.Context, id string) (refund, error) {
	return through(c.m, func() (refund, error) {
		in := c.n.get(id)
		if in == nil || in.refunded == nil {
			return refund{}, errNone
		}
		return *in.refunded, nil
	})
}

// announced tells whether the payment's version was published.
func (w *world) announced(version int64) bool {
	return slices.ContainsFunc(w.sidecar.Published(events.PaymentsTopic), func(e events.Event) bool {
		var p events.Payment
		return json.Unmarshal(e.Data, &p) == nil && p.Version == version
	})
}

// saved is the payment as it is in the store; the zero payment when there is none.
func (w *world) saved() payment.Payment {
	w.start()
	p, err := w.server.payments.Get(context.Background(), theOrder)
	if fault.KindOf(err) != fault.NotFound {
		require.NoError(w.t, err)
	}
	return p
}
