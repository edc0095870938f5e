package tests

import (
	"bytes"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
	"marketplace/tests/stack"
)

func TestPayment(t *testing.T) {
	s := market(t)
	seller, buyer, other := newcomer(t, s), newcomer(t, s), newcomer(t, s)

	t.Run("by the wrong buyer", func(t *testing.T) {
		placed := buyer.orders(seller.sells("One", "10").ID)
		got := other.pays(placed.ID, "tok_visa")
		assert.Equal(t, 401, got.Status)
		assert.Equal(t, "Not authorized", got.says())
		assert.Equal(t, 401, visitor(t, s).pays(placed.ID, "tok_visa").Status)
		assert.Equal(t, 404, buyer.get("/api/payments/"+placed.ID).Status, "nothing was charged")
	})

	t.Run("a declined card, then a good one", func(t *testing.T) {
		placed := buyer.orders(seller.sells("Two", "10").ID)
		declined := buyer.pays(placed.ID, "tok_chargeDeclinedInsufficientFunds")
		assert.Equal(t, 400, declined.Status)
		assert.Equal(t, "Your card has insufficient funds.", declined.says())
		assert.Equal(t, "awaiting:payment", buyer.order(placed.ID).Status)
		require.Equal(t, 201, buyer.pays(placed.ID, "pm_card_visa").Status)
		eventually(t, "complete", func() bool { return buyer.order(placed.ID).Status == "complete" })
		assert.Equal(t, 1, charges(t, s, placed.ID))
	})

	t.Run("a declined card, then a cancel", func(t *testing.T) {
		placed := buyer.orders(seller.sells("Three", "10").ID)
		assert.Equal(t, 400, buyer.pays(placed.ID, "tok_chargeDeclined").Status)
		assert.Equal(t, 204, buyer.do("DELETE", "/api/orders/"+placed.ID, "").Status)
		assert.Equal(t, "Cannot pay for a cancelled order", buyer.pays(placed.ID, "tok_visa").says())
	})

	t.Run("a card that does not exist", func(t *testing.T) {
		placed := buyer.orders(seller.sells("Four", "10").ID)
		got := buyer.pays(placed.ID, "tok_nonsense")
		assert.Equal(t, 400, got.Status)
		assert.Contains(t, got.says(), "tok_nonsense")
	})

	t.Run("many times at once", func(t *testing.T) {
		placed := buyer.orders(seller.sells("Five", "10").ID)
		answers := make(chan answer, 8)
		for range cap(answers) {
			go func() {
				got, _ := buyer.try("POST", "/api/payments", `{"orderId":"`+placed.ID+`","token":"tok_visa"}`)
				answers <- got
			}()
		}
		for range cap(answers) {
			got := <-answers
			assert.Equal(t, 201, got.Status, "%s", got.Body)
		}
		assert.Equal(t, 1, charges(t, s, placed.ID))
	})

	t.Run("the network breaks off after the charge", func(t *testing.T) {
		placed := buyer.orders(seller.sells("Six", "10").ID)
		fault(t, s, `{"path":"/v1/payment_intents","method":"POST","times":1,"status":500}`)
		require.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status, "found among the latest charges")
		assert.Equal(t, 1, charges(t, s, placed.ID))
	})
}

// A card whose bank wants to ask its owner: a client that says where the bank may send him back to is told where to send him.
func TestTheBankAsks(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	placed := buyer.orders(seller.sells("Asked by the bank", "40").ID)
	const card = `"token":"pm_card_authenticationRequired"`
	assert.Equal(t, 400, buyer.post("/api/payments", `{"orderId":"`+placed.ID+`",`+card+`}`).Status, "a client that knows of no such thing")

	asked := buyer.post("/api/payments", `{"orderId":"`+placed.ID+`",`+card+`,"returnUrl":"`+s.URL+`/orders/`+placed.ID+`"}`)
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	var waits struct {
		Status string
		Action struct{ URL string }
	}
	asked.into(t, &waits)
	assert.Equal(t, "requires_action", waits.Status)
	buyer.get("/api/payments/"+placed.ID).into(t, &waits)
	assert.Equal(t, "pending", waits.Status)
	assert.Equal(t, 0, charges(t, s, placed.ID))

	resp, err := http.PostForm(waits.Action.URL, url.Values{"answer": {"approve"}})
	require.NoError(t, err)
	resp.Body.Close()
	eventually(t, "the order is paid", func() bool { return buyer.order(placed.ID).Status == "complete" })
	assert.Equal(t, 1, charges(t, s, placed.ID))
}

// The card network answers, and tells of it, when the order's time is over: whatever was charged goes back, and the buyer sees it.
func TestPaymentAgainstTheDeadline(t *testing.T) {
	s := hasty(t)
	seller, slow, quick := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Wimbledon final", "250")
	require.Equal(t, 200, seller.attaches(offered.ID, contenttest.PDF()).Status, "or the money for it goes back soon")
	placed := slow.orders(offered.ID)
	fault(t, s, `{"path":"/v1/payment_intents","method":"POST","times":1,"delay":"8s"}`)
	paid := make(chan answer, 1)
	go func() {
		got, _ := slow.try("POST", "/api/payments", `{"orderId":"`+placed.ID+`","token":"tok_visa"}`)
		paid <- got
	}()
	eventually(t, "the payment is under way", func() bool { return slow.order(placed.ID).Status == "awaiting:payment" })
	assert.Equal(t, 400, slow.do("DELETE", "/api/orders/"+placed.ID, "").Status)
	eventually(t, "the order expires all the same", func() bool { return slow.order(placed.ID).Status == "cancelled" })
	second := quick.orders(offered.ID)
	require.Equal(t, 201, quick.pays(second.ID, "tok_visa").Status)

	<-paid
	eventually(t, "the money is back", func() bool {
		var receipt struct{ Status, RefundedAt string }
		slow.get("/api/payments/"+placed.ID).into(t, &receipt)
		return receipt.Status == "refunded" && receipt.RefundedAt != ""
	})
	assert.Equal(t, 0, charges(t, s, placed.ID), "nothing that was charged stays")
	assert.Equal(t, "cancelled", slow.order(placed.ID).Status)
	assert.Equal(t, "complete", quick.order(second.ID).Status, "the other buyer has it")
	assert.Equal(t, 1, charges(t, s, second.ID))
}

// books are the card network's own.
func books(t *testing.T, s *stack.Stack) []stack.Intent {
	t.Helper()
	all, err := s.Ledger(t.Context())
	require.NoError(t, err)
	return all
}

// charges counts the charges for an order that stand.
func charges(t *testing.T, s *stack.Stack, orderID string) (n int) {
	t.Helper()
	for _, i := range books(t, s) {
		if i.OrderID() == orderID && i.Stands() {
			n++
		}
	}
	return n
}

// fault makes the card network misbehave.
func fault(t *testing.T, s *stack.Stack, script string) {
	t.Helper()
	resp, err := http.Post(s.StripeURL+"/_simulator/faults", "application/json", bytes.NewBufferString(script))
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	t.Cleanup(func() {
		req, _ := http.NewRequest(http.MethodDelete, s.StripeURL+"/_simulator/faults", nil)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	})
}
