package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Sign up, list, order, pay, complete.
func TestBuyATicket(t *testing.T) {
	s := market(t)
	l := listen(t, s)
	seller, buyer, stranger := newcomer(t, s), newcomer(t, s), newcomer(t, s)

	offered := seller.sells("Nina Simone, Montreux", "19.99")
	assert.Equal(t, "19.99", offered.Price.String())
	assert.Equal(t, 0, offered.Version)
	var listed []ticket
	visitor(t, s).get("/api/tickets").into(t, &listed)
	require.NotEmpty(t, listed)
	assert.Equal(t, offered.ID, listed[0].ID, "the newest ticket comes first, at once")

	placed := buyer.orders(offered.ID)
	assert.Equal(t, "created", placed.Status)
	assert.Equal(t, buyer.ID, placed.UserID)
	assert.Equal(t, "19.99", placed.Ticket.Price.String())
	sentTwice := buyer.post("/api/orders", `{"ticketId":"`+offered.ID+`"}`) // he did not hear the first answer
	assert.Equal(t, 200, sentTwice.Status, "%s", sentTwice.Body)
	var same order
	sentTwice.into(t, &same)
	assert.Equal(t, placed, same)
	assert.Equal(t, "Ticket is already reserved", stranger.post("/api/orders", `{"ticketId":"`+offered.ID+`"}`).says())
	assert.Equal(t, 401, stranger.get("/api/orders/"+placed.ID).Status)
	eventually(t, "tickets hears that it is held", func() bool { return seller.ticket(offered.ID).OrderID == placed.ID })

	paid := buyer.pays(placed.ID, "tok_visa")
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	again := buyer.pays(placed.ID, "tok_visa")
	assert.Equal(t, string(paid.Body), string(again.Body), "a repeat gets the same answer")
	eventually(t, "the order is complete", func() bool { return buyer.order(placed.ID).Status == "complete" })

	code := buyer.order(placed.ID).Code
	assert.Len(t, code, 16)
	assert.NotContains(t, placed.ID, code)
	for _, who := range []*person{seller, stranger, visitor(t, s)} {
		for _, path := range []string{"/api/orders/" + placed.ID, "/api/orders", "/api/tickets/" + offered.ID, "/api/tickets/mine", "/api/payments/" + placed.ID, "/orders/" + placed.ID, "/tickets/" + offered.ID} {
			assert.NotContains(t, string(who.get(path).Body), code, path)
		}
	}
	for _, m := range l.heard(businessTopics...) {
		assert.NotContains(t, string(m.data), code, m.topic)
	}

	var receipt struct {
		Status, Currency string
		Amount           int
	}
	buyer.get("/api/payments/"+placed.ID).into(t, &receipt)
	assert.Equal(t, "succeeded", receipt.Status)
	assert.Equal(t, 1999, receipt.Amount)
	assert.Equal(t, "Cannot cancel a paid order", buyer.do("DELETE", "/api/orders/"+placed.ID, "").says())

	var mine []order
	buyer.get("/api/orders").into(t, &mine)
	require.Len(t, mine, 1)
	assert.Equal(t, placed.ID, mine[0].ID)
	var sold []ticket
	seller.get("/api/tickets/mine").into(t, &sold)
	require.Len(t, sold, 1)
	assert.Equal(t, placed.ID, sold[0].OrderID)
}
