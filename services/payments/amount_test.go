package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/payments/payment"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// 1,200 yen are charged, announced and receipted as 1200, not as 120000.
func TestAChargeIsInTheSmallestUnitOfItsCurrency(t *testing.T) {
	for currency, want := range map[string]int64{"usd": 120000, "jpy": 1200} {
		var asked url.Values
		network := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			asked, _ = url.ParseQuery(string(body))
			_, _ = w.Write([]byte(`{"id":"pi_1","object":"payment_intent","status":"succeeded"}`))
		}))
		t.Cleanup(network.Close)
		p := payment.Payment{ID: "p", OrderID: "T-1", Amount: 1200_00, Currency: currency, Status: payment.Pending, Attempt: 1, Token: "tok_visa", BegunAt: now()}
		_, err := newStripe("sk_test_x", network.URL).Charge(t.Context(), p)
		require.NoError(t, err)
		assert.Equal(t, []string{currency}, asked["currency"])
		assert.Equal(t, strconv.FormatInt(want, 10), asked.Get("amount"))

		before := p
		p.Charged(1, "pi_1")
		assert.EqualValues(t, want, receiptOf(p).Amount)
		assert.Contains(t, string(announce(before, p)[0].Data), fmt.Sprintf(`"amount":%d,`, want))
	}
}

// A ticket that was listed before its price was refused is not charged for, and can be given back at once.
func TestAPriceThatCannotBeChargedIsRefused(t *testing.T) {
	for _, c := range []struct {
		currency string
		price    money.Amount
		want     string
	}{
		{"usd", 49, "This ticket cannot be paid for. The lowest price is $0.50"},
		{"usd", 1_000_000_00, "This ticket cannot be paid for. The highest price is $999,999.99"},
		{"jpy", 119_50, "This ticket cannot be paid for. Price must have no decimals"},
	} {
		w := newWorld(t)
		w.currency = c.currency
		w.order().Ticket.Price = c.price
		_, err := w.press("good", "")
		assert.Equal(t, fault.Refused, fault.KindOf(err), "%v", err)
		assert.EqualError(t, err, c.want)
		assert.Empty(t, w.network.byKey, "nothing was asked of the card network")
		assert.Empty(t, w.saved(), "nothing was begun")
		assert.NoError(t, w.sale.Cancel(theOrder, w.at), "the checkout has ended")
		w.settleDown()
	}
}
