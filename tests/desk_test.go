package tests

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
)

// trouble is a payment that needs a person, as operators read it.
type trouble struct {
	ID, OrderID, Kind, Status, StripeID, Reason string
	Amount                                      int
	Over                                        bool
	Notes                                       []struct{ By, What, Words string }
}

// troubleWith is what needs a person about an order's payment, nil for nothing. state is open or settled.
func (p *person) troubleWith(orderID, state string) *trouble {
	p.t.Helper()
	var all []trouble
	p.get("/api/payments/cases?limit=200&state="+state).into(p.t, &all)
	if i := slices.IndexFunc(all, func(c trouble) bool { return c.OrderID == orderID }); i >= 0 {
		return &all[i]
	}
	return nil
}

// A card whose refund fails after all: operators find it, send it again, and when that fails too, settle it by hand. Nobody else
// sees it, and everybody hears how it ended.
func TestMoneyThatDoesNotGoBack(t *testing.T) {
	s := market(t)
	olga, seller, buyer := operator(t, s), newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Refunded to a closed account", "30")
	require.Equal(t, 200, seller.attaches(offered.ID, contenttest.PDF()).Status)
	bought := buyer.orders(offered.ID)
	require.Equal(t, 201, buyer.pays(bought.ID, "pm_card_refundFail").Status)
	buyer.becomes(bought.ID, "delivered")
	require.Equal(t, 200, buyer.post("/api/handovers/"+bought.ID+"/report", `{"words":"It was used"}`).Status)
	require.Equal(t, 200, olga.post("/api/handovers/"+bought.ID+"/decision", `{"decision":"refund"}`).Status)
	eventually(t, "it needs a person", func() bool { return olga.troubleWith(bought.ID, "open") != nil })
	c := olga.troubleWith(bought.ID, "open")
	assert.Equal(t, "refund", c.Kind)
	assert.Equal(t, "refunding", c.Status)
	assert.Equal(t, 3000, c.Amount)
	path := "/api/payments/cases/" + c.ID
	for _, stranger := range []*person{buyer, seller, visitor(t, s)} {
		assert.Equal(t, 401, stranger.get("/api/payments/cases").Status)
		assert.Equal(t, 401, stranger.post(path+"/look", "").Status)
		assert.Equal(t, 401, stranger.post(path+"/done", `{"words":"mine"}`).Status)
	}
	assert.Equal(t, 404, olga.post("/api/payments/cases/nosuch/look", "").Status)
	assert.Equal(t, 404, olga.post("/api/payments/cases/nosuch/done", `{"words":"x"}`).Status)
	assert.Equal(t, 400, olga.get("/api/payments/cases?state=x").Status)

	told := len(c.Notes)
	require.Equal(t, 200, olga.post(path+"/look", "").Status, "sent again")
	eventually(t, "it fails again", func() bool {
		c := olga.troubleWith(bought.ID, "open")
		return c != nil && len(c.Notes) > told+2
	})
	require.Equal(t, 200, olga.post(path+"/done", `{"words":"By bank transfer"}`).Status)
	require.Equal(t, 200, olga.post(path+"/done", `{"words":"By bank transfer"}`).Status, "twice")
	again := olga.post(path+"/look", "")
	assert.Equal(t, 400, again.Status)
	assert.Equal(t, "case_settled", again.code())
	assert.Equal(t, 400, olga.post(path+"/done", `{"words":"Otherwise"}`).Status)
	assert.Nil(t, olga.troubleWith(bought.ID, "open"))
	c = olga.troubleWith(bought.ID, "settled")
	require.NotNil(t, c)
	var did []string
	for _, n := range c.Notes {
		if n.By != "" {
			assert.Equal(t, olga.whoIs(), n.By)
			did = append(did, n.What)
		}
	}
	assert.Equal(t, []string{"looked", "done"}, did)
	eventually(t, "the order has ended", func() bool { return buyer.order(bought.ID).Status == "refunded" })
	var receipt struct{ Status string }
	buyer.get("/api/payments/"+bought.ID).into(t, &receipt)
	assert.Equal(t, "refunded", receipt.Status)

	var decided []handover
	olga.get("/api/handovers/reports?state=decided").into(t, &decided)
	require.NotEmpty(t, decided)
	assert.Equal(t, olga.whoIs(), decided[0].DecidedBy)
}

// A card's owner goes to his bank instead of reporting the ticket.
func TestADispute(t *testing.T) {
	s := market(t)
	olga, seller, buyer := operator(t, s), newcomer(t, s), newcomer(t, s)
	bought := buyer.orders(seller.sells("Disputed", "30").ID)
	require.Equal(t, 201, buyer.pays(bought.ID, "pm_card_createDispute").Status)
	eventually(t, "it needs a person", func() bool { return olga.troubleWith(bought.ID, "open") != nil })
	c := olga.troubleWith(bought.ID, "open")
	assert.Equal(t, "disputed", c.Kind)
	require.Equal(t, 200, olga.post("/api/payments/cases/"+c.ID+"/look", "").Status)
	require.NotNil(t, olga.troubleWith(bought.ID, "open"), "nothing went back")
	require.Equal(t, 200, olga.post("/api/payments/cases/"+c.ID+"/done", `{"words":"We sent the proof"}`).Status)
	assert.Nil(t, olga.troubleWith(bought.ID, "open"))
	assert.Equal(t, "complete", buyer.order(bought.ID).Status)
}
