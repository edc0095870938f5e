package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/session"
	"marketplace/tests/stack"
)

// market is a running marketplace with buyers in it.
type market struct {
	*stack.Stack
	tickets, orders, payments *dapr.Sidecar // to read and write the services' documents
	client                    *http.Client
	cookies                   []string          // the buyers' sessions
	cookieOf                  map[string]string // by user id
}

// buyers is how many people buy. Signing up is slow on purpose, so they buy more than once.
const buyers = 50

// openMarket signs everybody up.
func openMarket(ctx context.Context, s *stack.Stack) (*market, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = 1000, 0
	m := &market{Stack: s, client: &http.Client{Transport: transport, Timeout: 30 * time.Second}, cookieOf: map[string]string{}}
	for app, sidecar := range map[string]**dapr.Sidecar{"tickets": &m.tickets, "orders": &m.orders, "payments": &m.payments} {
		var err error
		if *sidecar, err = connect(s, app); err != nil {
			return nil, err
		}
	}
	var mu sync.Mutex
	err := each(make([]struct{}, buyers), 4, func(i int, _ struct{}) error {
		var me struct{ ID string }
		cookie, err := m.signUp(ctx, fmt.Sprintf("buyer%d", i), &me)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		m.cookies, m.cookieOf[me.ID] = append(m.cookies, cookie), cookie
		return nil
	})
	return m, err
}

// signUp returns the session of a new account and reads the account into out.
func (m *market) signUp(ctx context.Context, name string, out any) (string, error) {
	status, cookie, err := m.call(ctx, http.MethodPost, "/api/users/signup", "", `{"email":"`+name+`@example.com","password":"correct horse"}`, out)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("signing up is answered with %d", status)
	}
	return cookie, err
}

func connect(s *stack.Stack, app string) (*dapr.Sidecar, error) {
	at := s.App(app)
	return dapr.Connect(dapr.Config{HTTPPort: strconv.Itoa(at.HTTPPort), GRPCPort: strconv.Itoa(at.GRPCPort)})
}

// order is what the API says of one.
type order struct {
	ID, UserID string
	ExpiresAt  clock.Time
	Ticket     struct{ ID string }
}

// place orders a ticket as the i-th buyer.
func (m *market) place(ctx context.Context, i int, ticketID string) (o order, err error) {
	status, _, err := m.call(ctx, http.MethodPost, "/api/orders", m.cookies[i%len(m.cookies)], `{"ticketId":"`+ticketID+`"}`, &o)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("placing an order is answered with %d", status)
	}
	return o, err
}

// call makes a request and reads a 2xx answer into out. cookie is the session it is made in, or that it opened.
func (m *market) call(ctx context.Context, method, path, as, body string, out any) (status int, cookie string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, m.URL+path, bytes.NewBufferString(body))
	if err != nil {
		return 0, "", err
	}
	req.Header = head(as)
	resp, err := m.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 == 2 && out != nil {
		err = json.Unmarshal(raw, out)
	}
	for _, c := range resp.Cookies() {
		if c.Name == session.Cookie {
			cookie = c.Name + "=" + c.Value
		}
	}
	return resp.StatusCode, cookie, err
}

// each does something with every item, some at a time, and returns what went wrong.
func each[T any](items []T, atOnce int, do func(i int, item T) error) error {
	var mu sync.Mutex
	var errs []error
	var all sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i, item := range items {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if err := do(i, item); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(errs) > 3 {
		errs = append(errs[:3], fmt.Errorf("and %d more", len(errs)-3))
	}
	return errors.Join(errs...)
}
