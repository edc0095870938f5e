package tests

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// Of a ticket that somebody has web refuses the others by itself: as orders would, while orders is away too, and for no longer
// than it can know. What it has not heard is soon right again.
func TestAHotTicketIsRefusedAtTheEdge(t *testing.T) {
	s, err := launch(t.TempDir(), stack.Options{Env: map[string]string{"HOLDS_PER_BUYER": "0", "HOLD_AGAIN_AFTER": "0s"}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	seller, holder, other := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	for _, p := range []*person{seller, holder, other} {
		p.base = s.URL // one web, which knows what it knows
	}
	hot := seller.sells("Hot", "10")
	wish := `{"ticketId":"` + hot.ID + `"}`
	wants := func(p *person, headers ...string) answer { t.Helper(); return p.with("POST", "/api/orders", wish, headers...) }
	byWeb := func() float64 { return figuresOf(t, s).sum("orders_refused_at_edge_total") }
	atEdge := func() bool { before := byWeb(); return wants(other).code() == "ticket_reserved" && byWeb() > before }

	held := holder.orders(hot.ID)
	eventually(t, "web has heard of it", atEdge)
	for _, form := range []string{"application/json", "application/problem+json"} {
		own, orders := wants(other, "Accept", form), wants(other, "Accept", form, "Idempotency-Key", "as orders says it "+form)
		assert.Equal(t, orders.Status, own.Status)
		assert.Equal(t, withoutName(orders), withoutName(own))
		for _, name := range []string{"Content-Type", "Cache-Control", "Content-Length", "Retry-After", "Vary"} {
			assert.Equal(t, orders.Header[name], own.Header[name], name)
		}
	}
	assert.Equal(t, 200, wants(holder).Status, "he has it already")
	assert.Equal(t, "own_ticket", wants(seller).code())
	assert.Equal(t, 401, wants(&person{t: t, base: s.URL}).Status)
	assert.Equal(t, 400, other.post("/api/orders", `{"ticketId":"`+hot.ID+`","expectedPrice":"x"}`).Status)
	assert.Equal(t, "invalid", other.post("/api/orders", `{"ticketId":"`+hot.ID+`","expectedPrice":"x"}`).code())

	time.Sleep(6 * time.Second) // longer than anything heard is believed
	eventually(t, "one who is refused by orders is enough", atEdge)
	for range 16 { // it stays known as long as it is asked for
		require.True(t, atEdge())
		time.Sleep(500 * time.Millisecond)
	}

	for i := range s.Replicas("orders") {
		require.NoError(t, s.Kill(replica("orders", i)))
	}
	assert.Equal(t, "ticket_reserved", wants(other).code(), "orders is away")
	assert.Equal(t, 503, wants(holder).Status, "only orders knows what he has")
	eventually(t, "nobody knows any more", func() bool { return wants(other).Status == 503 })
	for i := range s.Replicas("orders") {
		require.NoError(t, s.Revive(t.Context(), replica("orders", i)))
	}
	eventually(t, "orders is back", atEdge)

	// The broadcast of the end is missed.
	require.NoError(t, s.Kill("web-sidecar"))
	given := call(t, "DELETE", fmt.Sprintf("http://127.0.0.1:%d/api/orders/%s", s.App("orders").AppPort, held.ID), "",
		map[string]string{"dapr-api-token": s.APIToken, "dapr-caller-app-id": "web", "Cookie": holder.cookie.Name + "=" + holder.cookie.Value})
	require.Equal(t, 204, given)
	require.NoError(t, s.Revive(t.Context(), "web-sidecar"))
	began := time.Now()
	eventually(t, "it is to be had", func() bool { return wants(other).Status == 201 })
	assert.Less(t, time.Since(began), 6*time.Second)
	eventually(t, "and that is known", func() bool { before := byWeb(); return wants(holder).code() == "ticket_reserved" && byWeb() > before })

	// Web is killed, and knows nothing.
	require.NoError(t, s.Kill("web"))
	require.NoError(t, s.Revive(t.Context(), "web"))
	eventually(t, "it learns", func() bool { before := byWeb(); return wants(holder).code() == "ticket_reserved" && byWeb() > before })
	assert.Equal(t, 200, wants(other).Status)
}

// replica is the name of a service's i-th replica among the parts.
func replica(app string, i int) string {
	if i == 0 {
		return app
	}
	return fmt.Sprintf("%s-%d", app, i+1)
}

var nameOfRequest = regexp.MustCompile(`"requestId":"[^"]*"`)

func withoutName(a answer) string { return nameOfRequest.ReplaceAllString(string(a.Body), "") }

// What a visitor who is not signed in is shown is no older than a second.
func TestWhatAllSeeAlikeIsNotOld(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	shown := seller.sells("Seen by all", "10")
	anybody := visitor(t, s)
	page := func() string {
		got := anybody.get("/tickets/" + shown.ID)
		assert.Equal(t, "no-store", got.Header.Get("Cache-Control"))
		assert.Empty(t, got.Header.Values("Set-Cookie"))
		return string(got.Body)
	}
	for range 20 {
		assert.NotContains(t, page(), `data-state="held"`)
	}
	assert.NotContains(t, string(seller.with("GET", "/tickets/"+shown.ID, "", "Accept", "text/html").Body), "Sign in to buy")
	placed := buyer.orders(shown.ID)
	eventually(t, "tickets has heard of it", func() bool { return seller.ticket(shown.ID).OrderID == placed.ID })
	began := time.Now()
	eventually(t, "everybody sees it", func() bool { return strings.Contains(page(), `data-state="held"`) })
	assert.Less(t, time.Since(began), 1500*time.Millisecond)
	for _, words := range []string{buyer.Email, seller.Email, "Sign out", "You sell this ticket"} {
		assert.NotContains(t, page(), words)
	}
}
