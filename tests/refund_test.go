package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// Somebody returns the money for a sold ticket by hand, at the card network. The marketplace hears of it from there: the
// order ends, the ticket is no longer valid and does not come back to the market.
func TestMoneyReturnedByHand(t *testing.T) {
	s := market(t)
	seller, buyer, other := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Glyndebourne, rained off", "120")
	bought := buyer.orders(offered.ID)
	require.Equal(t, 201, buyer.pays(bought.ID, "tok_visa").Status)
	eventually(t, "it is sold", func() bool { return buyer.order(bought.ID).Status == "complete" })
	require.NotEmpty(t, buyer.order(bought.ID).Code)

	returnMoney(t, s, bought.ID)
	eventually(t, "the order has ended", func() bool { return buyer.order(bought.ID).Status == "refunded" })
	ended := buyer.order(bought.ID)
	assert.Equal(t, "refunded", ended.Reason)
	assert.Empty(t, ended.Code, "nobody gets in with it")
	var receipt struct{ Status, RefundedAt string }
	buyer.get("/api/payments/"+bought.ID).into(t, &receipt)
	assert.Equal(t, "refunded", receipt.Status)
	assert.NotEmpty(t, receipt.RefundedAt)
	assert.Equal(t, 0, charges(t, s, bought.ID))

	var mine []struct {
		ID, OrderID    string
		Sold, Refunded bool
	}
	eventually(t, "its seller sees it", func() bool {
		seller.get("/api/tickets/mine").into(t, &mine)
		return len(mine) == 1 && mine[0].Refunded
	})
	assert.True(t, mine[0].Sold)
	assert.Equal(t, bought.ID, mine[0].OrderID)
	assert.NotContains(t, string(visitor(t, s).get("/api/tickets?q=glyndebourne").Body), offered.ID, "it is off the market")
	for _, who := range []*person{other, buyer} {
		assert.Equal(t, 400, who.post("/api/orders", `{"ticketId":"`+offered.ID+`"}`).Status)
	}
	assert.Equal(t, 400, buyer.do("DELETE", "/api/orders/"+bought.ID, "").Status)
	assert.Equal(t, 400, seller.do("PUT", "/api/tickets/"+offered.ID, `{"title":"Once more","price":120}`).Status)
	assert.NotEqual(t, 201, buyer.pays(bought.ID, "tok_visa").Status)
	assert.Equal(t, 0, charges(t, s, bought.ID))
}

// returnMoney does what a person does at Stripe's dashboard.
func returnMoney(t *testing.T, s *stack.Stack, orderID string) {
	t.Helper()
	for _, i := range books(t, s) {
		if i.Metadata["order_id"] != orderID || !i.Charged {
			continue
		}
		req, err := http.NewRequest("POST", s.StripeURL+"/v1/refunds", strings.NewReader(url.Values{"payment_intent": {i.ID}}.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Bearer "+s.StripeKey())
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		return
	}
	require.Fail(t, "nothing was charged for "+orderID)
}
