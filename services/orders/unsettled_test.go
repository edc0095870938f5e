package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/orders/sale"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// payments is what payments says of every order; away when it does not answer.
type payments struct {
	answer string
	away   bool
}

func (p *payments) Invoke(_ context.Context, app, _, _ string, _, out any) error {
	switch {
	case app != "payments":
		return fault.NoSuchThing()
	case p.away:
		return fault.Down(nil, "Please try again in a moment")
	}
	return json.Unmarshal([]byte(p.answer), out)
}

// The time ran out while ann was paying. What payments says decides, whoever finds it out; while it says nothing, the
// ticket stays hers, and nobody gets more than a refusal.
func TestWhoseTimeRanOutWhilePaying(t *testing.T) {
	type finder = func(t *testing.T, m *market, orderID string)
	finders := map[string]finder{
		"the timer": func(t *testing.T, m *market, orderID string) {
			assert.Equal(t, fault.Done, m.hears(t, events.Expiration{OrderID: orderID, ExpiresAt: clock.At(m.clock)}))
			if _, again := m.sidecar.Jobs()[overduePrefix+orderID]; again {
				_ = m.onOverdue(t.Context(), orderID)
			}
		},
		"tickets": func(t *testing.T, m *market, orderID string) {
			w := m.as(t, "", httptest.NewRequest("POST", "/internal/orders/"+orderID+"/overdue", nil), "tickets")
			assert.Contains(t, []int{http.StatusNoContent, http.StatusConflict}, w.Code)
		},
		"ann": func(t *testing.T, m *market, orderID string) {
			assert.Equal(t, http.StatusOK, m.ask(t, "ann", "GET", "/api/orders/"+orderID, "").Code)
		},
		"another buyer": func(t *testing.T, m *market, _ string) {
			assert.Contains(t, []int{http.StatusCreated, http.StatusOK, http.StatusBadRequest}, m.ask(t, "bob", "POST", "/api/orders", `{"ticketId":"T"}`).Code)
		},
	}
	for says, c := range map[string]struct {
		payments payments
		want     sale.Status
	}{
		"paid":             {payments{answer: `{"id":"P","status":"succeeded"}`}, sale.Complete},
		"declined":         {payments{answer: `{"id":"P","status":"declined"}`}, sale.Cancelled},
		"still under way":  {payments{answer: `{"id":"P","status":"pending"}`}, sale.Cancelled},
		"nobody has tried": {payments{answer: `{"id":"","status":"none"}`}, sale.Cancelled},
		"nothing":          {payments{answer: `{"id":"","status":"none"}`, away: true}, sale.Awaiting},
	} {
		for by, find := range finders {
			t.Run(says+", found by "+by, func(t *testing.T) {
				m := newMarket()
				m.services = &c.payments
				m.offers(t, "T")
				o := m.places(t, "ann", "T")
				_, err := m.sales.Update(t.Context(), dapr.ByRepeat, "T", func(sl *sale.Sale) error { return sl.BeginCheckout(o.ID, "c1", time.Minute, m.clock) })
				require.NoError(t, err)
				m.clock = m.clock.Add(time.Hour)
				find(t, m, o.ID)
				sl, err := m.sales.Get(t.Context(), "T")
				require.NoError(t, err)
				assert.Equal(t, c.want, sl.Order(o.ID).Status)

				c.payments.away = false // and when it is there again
				find(t, m, o.ID)
				sl, err = m.sales.Get(t.Context(), "T")
				require.NoError(t, err)
				assert.NotEqual(t, sale.Awaiting, sl.Order(o.ID).Status)
				c.payments.away = says == "nothing"
			})
		}
	}
}
