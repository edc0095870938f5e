package tests

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endlessOrder is one that does not end, as operators read it.
type endlessOrder struct {
	OrderID, TicketID, Title string
	Notes                    []struct{ By, What, Words string }
}

func (p *person) endless(orderID, state string) *endlessOrder {
	p.t.Helper()
	var all []endlessOrder
	if got := p.get("/api/desk/orders?state=" + state); got.Status == 200 {
		got.into(p.t, &all)
	}
	if i := slices.IndexFunc(all, func(o endlessOrder) bool { return o.OrderID == orderID }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Somebody was paying when payments went away: his order cannot end. Operators see it, look at it in vain, and again when payments
// is back.
func TestAnOrderWithoutEndOnTheDesk(t *testing.T) {
	s := hasty(t)
	olga, seller, buyer := operator(t, s), newcomer(t, s), newcomer(t, s)
	early := buyer.orders(seller.sells("Just held", "10").ID)
	refused := olga.post("/api/desk/orders/"+early.ID+"/look", "")
	assert.Equal(t, 400, refused.Status, "there is time to pay")
	assert.Equal(t, 404, olga.post("/api/desk/orders/nosuch-order/look", "").Status)
	assert.Equal(t, 400, olga.get("/api/desk/orders?state=x").Status)

	placed := buyer.orders(seller.sells("Held for ever", "10").ID)
	begins := fmt.Sprintf("http://127.0.0.1:%d/internal/orders/%s/checkout", s.App("payments").HTTPPort, placed.ID)
	require.Equal(t, 200, call(t, "POST", begins, `{"userId":"`+buyer.whoIs()+`","checkout":"try"}`, map[string]string{"dapr-app-id": "orders"}))
	for _, name := range replicasOf(s, "payments") {
		require.NoError(t, s.Kill(name))
	}
	require.Eventually(t, func() bool { return olga.endless(placed.ID, "open") != nil }, 90*time.Second, time.Second, "it is on the desk")
	assert.Equal(t, "Held for ever", olga.endless(placed.ID, "open").Title)
	got := olga.post("/api/desk/orders/"+placed.ID+"/look", "")
	require.Equal(t, 200, got.Status)
	var o endlessOrder
	got.into(t, &o)
	assert.Contains(t, o.Notes[len(o.Notes)-1].Words, "It cannot end yet")

	for _, name := range replicasOf(s, "payments") {
		require.NoError(t, s.Revive(t.Context(), name))
	}
	eventually(t, "looking ends it", func() bool {
		time.Sleep(time.Second)
		olga.post("/api/desk/orders/"+placed.ID+"/look", "").into(t, &o)
		return o.Notes[len(o.Notes)-1].Words == "It has ended: cancelled (expired)"
	})
	eventually(t, "it is off the list", func() bool { return olga.endless(placed.ID, "open") == nil })
	looked := olga.endless(placed.ID, "looked")
	require.NotNil(t, looked)
	for i, n := range looked.Notes {
		assert.Equal(t, []string{"looked", "found"}[i%2], n.What)
		if n.What == "looked" {
			assert.Equal(t, olga.whoIs(), n.By)
		}
	}
	assert.Equal(t, "cancelled", buyer.order(placed.ID).Status)
}
