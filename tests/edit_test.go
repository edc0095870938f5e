package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A price edited while the ticket is held is refused; what the buyer agreed to is what the buyer pays.
func TestEdit(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("First title", "10")
	edited := seller.do("PUT", "/api/tickets/"+offered.ID, `{"title":"Second title","price":"12.50"}`)
	require.Equal(t, 200, edited.Status)
	var now ticket
	edited.into(t, &now)
	assert.Equal(t, 1, now.Version)
	assert.Equal(t, "12.5", now.Price.String())

	assert.Equal(t, 401, buyer.do("PUT", "/api/tickets/"+offered.ID, `{"title":"Mine now","price":1}`).Status)
	assert.Equal(t, 404, seller.do("PUT", "/api/tickets/NOSUCHTICKET", `{"title":"x","price":1}`).Status)

	eventually(t, "orders has heard of the price", func() bool {
		o := buyer.orders(offered.ID)
		if o.Ticket.Price.String() == "12.5" {
			return true
		}
		buyer.do("DELETE", "/api/orders/"+o.ID, "")
		return false
	})
	eventually(t, "tickets has heard of the hold", func() bool { return seller.ticket(offered.ID).OrderID != "" })
	held := seller.do("PUT", "/api/tickets/"+offered.ID, `{"title":"Third title","price":99}`)
	assert.Equal(t, 400, held.Status)
	assert.Equal(t, "Cannot edit a reserved ticket", held.says())
	assert.Equal(t, "You cannot buy your own ticket", seller.post("/api/orders", `{"ticketId":"`+seller.sells("x", "1").ID+`"}`).says())
}
