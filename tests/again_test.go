package tests

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangsUp sends a request with a key and does not hear the answer: it hangs up after patience.
func (p *person) hangsUp(path, body, key string, patience time.Duration) {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
	require.NoError(p.t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: market.example\r\nContent-Type: application/json\r\nCookie: session=%s\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, p.cookie.Value, key, len(body), body)
	require.NoError(p.t, err)
	time.Sleep(patience)
}

// again sends a request with a key until it is not under way any more.
func (p *person) again(path, body, key string) (got answer) {
	p.t.Helper()
	eventually(p.t, "an answer to "+body, func() bool {
		got = p.with("POST", path, body, "Idempotency-Key", key)
		return codeOf(got) != "idempotency_in_progress"
	})
	return got
}

func codeOf(got answer) string {
	var body struct{ Errors []struct{ Code string } }
	if json.Unmarshal(got.Body, &body) != nil || len(body.Errors) == 0 {
		return ""
	}
	return body.Errors[0].Code
}

// Answers get lost, at any moment of the work. Whoever sends the same again under the same key gets one ticket, one order
// and one payment, and always the same answer.
func TestLostAnswers(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	const listings = 12
	var last answer
	for i := range listings {
		key, body := fmt.Sprint("listing ", i), fmt.Sprintf(`{"title":"Lost answer %d","price":10}`, i)
		seller.hangsUp("/api/tickets", body, key, time.Duration(i)*2*time.Millisecond)
		last = seller.again("/api/tickets", body, key)
		require.Equal(t, 201, last.Status, "%s", last.Body)
		same := seller.again("/api/tickets", body, key)
		assert.Equal(t, 201, same.Status)
		assert.Equal(t, string(last.Body), string(same.Body))
		assert.Equal(t, "true", same.Header.Get("Idempotency-Replayed"))
		assert.Equal(t, last.Header.Get("Location"), same.Header.Get("Location"))
	}
	var mine []ticket
	seller.get("/api/tickets/mine").into(t, &mine)
	assert.Len(t, mine, listings)
	reused := seller.again("/api/tickets", `{"title":"Another","price":10}`, "listing 0")
	assert.Equal(t, 409, reused.Status)
	assert.Equal(t, "idempotency_key_reused", codeOf(reused))

	var offered ticket
	last.into(t, &offered)
	order := `{"ticketId":"` + offered.ID + `","expectedPrice":10}`
	buyer.hangsUp("/api/orders", order, "order", 3*time.Millisecond)
	placed := buyer.again("/api/orders", order, "order")
	require.Equal(t, 201, placed.Status, "%s", placed.Body)
	assert.Equal(t, string(placed.Body), string(buyer.again("/api/orders", order, "order").Body))
	var o struct{ ID, Currency string }
	placed.into(t, &o)
	assert.Equal(t, "usd", o.Currency)

	pay := `{"orderId":"` + o.ID + `","token":"tok_visa"}`
	buyer.hangsUp("/api/payments", pay, "pay", 5*time.Millisecond)
	paid := buyer.again("/api/payments", pay, "pay")
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	assert.Equal(t, string(paid.Body), string(buyer.again("/api/payments", pay, "pay").Body))
	eventually(t, "it is paid", func() bool { return buyer.order(o.ID).Status == "complete" })
	assert.Equal(t, string(placed.Body), string(buyer.again("/api/orders", order, "order").Body), "as it was then")

	account := `{"email":"` + fmt.Sprintf("lost%d@example.com", time.Now().UnixNano()) + `","password":"correct horse"}`
	first, second := visitor(t, s).again("/api/users/signup", account, "account"), visitor(t, s).again("/api/users/signup", account, "account")
	require.Equal(t, 201, first.Status, "%s", first.Body)
	assert.Equal(t, 201, second.Status, "%s", second.Body)
	assert.Equal(t, "true", second.Header.Get("Idempotency-Replayed"))
	assert.NotEmpty(t, second.Header.Get("Set-Cookie"))

	var sold []struct{ TicketID, OrderID, State, Currency string }
	eventually(t, "tickets has heard of it", func() bool {
		seller.get("/api/sales").into(t, &sold)
		return len(sold) == 1 && sold[0].State == "sold"
	})
	assert.Equal(t, offered.ID, sold[0].TicketID)
	assert.Equal(t, o.ID, sold[0].OrderID)
	assert.Equal(t, "usd", sold[0].Currency)
}

// Two people at one seller's account edit what both have read: the second is told, and nothing of the first is lost. What
// has not changed is not sent again.
func TestLostUpdate(t *testing.T) {
	s := market(t)
	seller := newcomer(t, s)
	path := "/api/tickets/" + seller.sells("As both have read it", "10").ID
	read := seller.get(path)
	tag := read.Header.Get("ETag")
	require.NotEmpty(t, tag)
	unchanged := seller.with("GET", path, "", "If-None-Match", tag)
	assert.Equal(t, 304, unchanged.Status)
	assert.Empty(t, unchanged.Body)
	assert.Equal(t, tag, unchanged.Header.Get("ETag"))

	var whole map[string]any
	read.into(t, &whole)
	whole["title"] = "As the first has edited it"
	first, err := json.Marshal(whole)
	require.NoError(t, err)
	assert.Equal(t, 200, seller.with("PUT", path, string(first), "If-Match", tag).Status, "what a GET gave is taken")
	lost := seller.with("PUT", path, `{"title":"As the second would have it","price":9}`, "If-Match", tag)
	assert.Equal(t, 412, lost.Status, "%s", lost.Body)
	assert.Equal(t, "precondition_failed", codeOf(lost))
	now := seller.with("GET", path, "", "If-None-Match", tag)
	assert.Equal(t, 200, now.Status)
	assert.Contains(t, string(now.Body), "As the first has edited it")
	stale := seller.with("PUT", path, string(first))
	assert.Equal(t, "version cannot be changed (version)", stale.says(), "the version tells as well")

	anybody := visitor(t, s).get("/api/tickets?limit=1")
	assert.Equal(t, []string{"public, max-age=1"}, anybody.Header["Cache-Control"])
	assert.Contains(t, anybody.Header["Vary"], "Cookie, Authorization, Accept")
	for _, private := range []answer{now, lost, seller.get("/api/tickets"), seller.get("/api/orders"), visitor(t, s).get("/api/tickets?limit=0")} {
		assert.Equal(t, []string{"no-store"}, private.Header["Cache-Control"])
	}
	orders := seller.get("/api/orders")
	assert.Equal(t, 304, seller.with("GET", "/api/orders", "", "If-None-Match", `"x", `+orders.Header.Get("ETag")).Status)
}
