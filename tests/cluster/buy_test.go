//go:build cluster

package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A whole purchase through web, as README.md has it: declined, then paid, then complete. And the site shows the ticket.
func TestBuyATicket(t *testing.T) {
	seller, buyer := newSeller(t), newcomer(t)
	status, body := seller.ask("POST", "/api/tickets", `{"title":"Nina Simone, Montreux","price":19.99}`)
	require.Equal(t, 201, status, "%s", body)
	ticket := field(body, "id")
	status, body = buyer.ask("GET", "/tickets/"+ticket, "")
	assert.Equal(t, 200, status)
	assert.Contains(t, string(body), "Nina Simone, Montreux")

	status, body = buyer.ask("POST", "/api/orders", `{"ticketId":"`+ticket+`"}`)
	require.Equal(t, 201, status, "%s", body)
	order := field(body, "id")
	status, body = buyer.ask("POST", "/api/payments", `{"orderId":"`+order+`","token":"tok_chargeDeclined"}`)
	assert.Equal(t, 400, status, "%s", body)
	status, body = buyer.ask("POST", "/api/payments", `{"orderId":"`+order+`","token":"tok_visa"}`)
	require.Equal(t, 201, status, "%s", body)
	require.NoError(t, complete(buyer, order))
}

// complete waits until an order is.
func complete(buyer *person, order string) error {
	var last string
	for began := time.Now(); time.Since(began) < patience; time.Sleep(200 * time.Millisecond) {
		_, body := buyer.ask("GET", "/api/orders/"+order, "")
		if last = field(body, "status"); last == "complete" {
			return nil
		}
	}
	return fmt.Errorf("order %s is %q after %v", order, last, patience)
}
