package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// event is a webhook to deliver; Body is what the receiver gets, the same at every attempt.
type event struct {
	ID   string          `json:"id"`
	Body json.RawMessage `json:"body"`
}

// announce adds an event about what this call does. It leaves once the call is in the ledger.
func (s *simulator) announce(c *call, kind string, about, before object) {
	if s.conf.WebhookURL == "" {
		return
	}
	data := object{"object": about}
	if before != nil {
		data["previous_attributes"] = before
	}
	id := newID("evt")
	body, err := json.Marshal(object{
		"id": id, "object": "event", "type": kind, "api_version": apiVersion, "created": s.now().Unix(), "livemode": false,
		"pending_webhooks": 1, "request": object{"id": orNull(c.id), "idempotency_key": orNull(c.key)}, "data": data,
	})
	if err != nil {
		s.log.Error("encode event", "type", kind, "error", err)
		return
	}
	c.entry.Events = append(c.entry.Events, event{ID: id, Body: body})
}

// delivered notes that the receiver has the event, so that a restart does not send it again.
func (s *simulator) delivered(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ledger.commit(entry{Delivered: id}); err != nil {
		s.log.Error("ledger", "error", err)
	}
}

// pauses lie between the attempts to deliver one event: eight retries in about three minutes. Then it is
// left, until the next start of the simulator tries anew.
var pauses = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second,
	40 * time.Second, time.Minute, time.Minute}

// courier delivers events at least once and in no particular order, each on its own goroutine.
type courier struct {
	conf      config
	now       func() time.Time
	log       *slog.Logger
	delivered func(id string)
	client    *http.Client
	slots     chan struct{} // as many posts at the same time
	ctx       context.Context
	stop      context.CancelFunc
	under     sync.WaitGroup
}

func newCourier(conf config, now func() time.Time, log *slog.Logger, delivered func(id string)) *courier {
	k := &courier{conf: conf, now: now, log: log, delivered: delivered, slots: make(chan struct{}, 16),
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	k.ctx, k.stop = context.WithCancel(context.Background())
	return k
}

// close waits for the posts under way to be broken off.
func (k *courier) close() {
	k.stop()
	k.under.Wait()
	k.client.CloseIdleConnections()
}

// send delivers the event in the background, and again until the receiver answers 2xx.
func (k *courier) send(e event) {
	if k.conf.WebhookURL == "" {
		return // it stays in the ledger, for a start with a URL
	}
	k.under.Go(func() {
		select {
		case <-time.After(k.conf.WebhookDelay):
		case <-k.ctx.Done():
			return
		}
		for attempt := 0; ; attempt++ {
			err := k.post(e)
			if err == nil {
				k.delivered(e.ID)
				return
			}
			if k.ctx.Err() != nil {
				return
			}
			if attempt == len(pauses) {
				k.log.Error("webhook given up", "event", e.ID, "error", err)
				return
			}
			k.log.Warn("webhook", "event", e.ID, "error", err, "again in", pauses[attempt])
			select {
			case <-time.After(pauses[attempt]):
			case <-k.ctx.Done():
				return
			}
		}
	})
}

func (k *courier) post(e event) error {
	select {
	case k.slots <- struct{}{}:
	case <-k.ctx.Done():
		return k.ctx.Err()
	}
	defer func() { <-k.slots }()
	r, err := http.NewRequestWithContext(k.ctx, http.MethodPost, k.conf.WebhookURL, bytes.NewReader(e.Body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Stripe/1.0 (stripesim)")
	r.Header.Set("Stripe-Signature", sign(e.Body, k.now(), k.conf.WebhookSecret))
	answer, err := k.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody)) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %s", answer.Status)
	}
	return nil
}

// sign makes the Stripe-Signature header: the time, and the body and time under the secret.
func sign(body []byte, at time.Time, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
