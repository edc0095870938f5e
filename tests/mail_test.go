package tests

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/tests/stack"
)

// mailsTo is what an address was sent so far, oldest first.
func mailsTo(t *testing.T, s *stack.Stack, address string) []stack.Mail {
	t.Helper()
	all, err := s.Mails(t.Context(), address)
	require.NoError(t, err)
	return all
}

// mailed waits until an address has a mail with such a subject, and returns those that have.
func mailed(t *testing.T, s *stack.Stack, address, subject string) (found []stack.Mail) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s has a mail %q", address, subject), func() bool {
		found = nil
		for _, m := range mailsTo(t, s, address) {
			if strings.HasPrefix(m.Subject, subject) {
				found = append(found, m)
			}
		}
		return len(found) > 0
	})
	return found
}

// visible is text without what keeps mail programs from making links.
func visible(text string) string { return strings.ReplaceAll(text, "\u200c", "") }

// say publishes an event as a service would.
func say(t *testing.T, s *stack.Stack, p events.Payload) {
	t.Helper()
	e := events.New(p)
	publish(t, s, e.Topic, fmt.Sprintf(`{"id":%q,"type":%q,"subject":%q,"specversion":"1.0","source":"test","data":%s}`, e.ID, e.Type, e.Subject, e.Data))
}

// A purchase is written about: the buyer has a receipt, the seller is told to hand the ticket over.
func TestAPurchaseIsWrittenAbout(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	ticket := seller.sells("Nina Simone <b>Montreux</b> ☂ http://evil.example/x", "19.99")
	order := buyer.orders(ticket.ID)
	require.Equal(t, 201, buyer.pays(order.ID, "tok_visa").Status)

	receipts := mailed(t, s, buyer.Email, "Yours: Nina Simone")
	require.Len(t, receipts, 1)
	receipt := receipts[0]
	assert.Equal(t, "Yours: Nina Simone <b>Montreux</b> ☂ http://evil.example/x", visible(receipt.Subject))
	assert.Equal(t, []string{buyer.Email}, receipt.To)
	assert.Contains(t, visible(receipt.HTML), "Nina Simone &lt;b&gt;Montreux&lt;/b&gt; ☂")
	assert.NotContains(t, receipt.HTML, "http://evil", "no mail program makes a link of it")
	assert.Contains(t, receipt.Text, "$19.99")
	assert.Contains(t, receipt.Links, s.URL+"/orders/"+order.ID)

	sold := mailed(t, s, seller.Email, "Sold, hand it over now: ")
	require.Len(t, sold, 1)
	assert.Contains(t, sold[0].Links, s.URL+"/sales")

	said := events.Handover{ID: order.ID, Status: events.HandoverIsDue, SellerID: seller.ID, BuyerID: buyer.ID, DueAt: clock.At(time.Now().Add(time.Hour)),
		Ticket: events.HandoverTicket{ID: ticket.ID, Title: ticket.Title, Price: 1999}}
	say(t, s, said)
	other := said
	other.ID, other.Ticket.Title = "T-hostile", "Nina Simone\r\nBcc: everybody@example.com"
	for range 2 {
		say(t, s, other)
	}
	eventually(t, "the other sale is written about", func() bool { return len(mailsTo(t, s, seller.Email)) > 2 }) // the first asks for the address
	time.Sleep(time.Second)
	sold = mailed(t, s, seller.Email, "Sold, hand it over now: ")
	assert.Len(t, sold, 2, "the same event twice is one mail")
	assert.Equal(t, "Sold, hand it over now: Nina Simone Bcc: everybody@example.com", visible(sold[1].Subject))
	assert.Empty(t, mailsTo(t, s, "everybody@example.com"))
}

// script makes the inbox go wrong; see tests/inbox/faults.go.
func script(t *testing.T, s *stack.Stack, fault string) {
	t.Helper()
	resp, err := http.Post(s.InboxURL+"/api/faults", "application/json", strings.NewReader(fault))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusCreated, resp.StatusCode)
}

// A mail server that is away loses no mail, and holds up nothing: orders are paid meanwhile. A mailbox that is not there is
// given up, and the others do not wait for it.
func TestAMailServerIsAwayForAWhile(t *testing.T) {
	s := market(t)
	seller, dead, buyer := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	script(t, s, `{"to":"`+dead.Email+`","code":550,"times":1000}`)
	buys := func(p *person, title string) {
		o := p.orders(seller.sells(title, "15").ID)
		require.Equal(t, 201, p.pays(o.ID, "tok_visa").Status)
		eventually(t, "the order is complete", func() bool { return p.order(o.ID).Status == "complete" })
	}
	buys(dead, "To nobody")
	buys(buyer, "Before")
	mailed(t, s, buyer.Email, "Yours: Before")

	require.NoError(t, s.Kill("inbox"))
	buys(buyer, "Meanwhile")
	time.Sleep(3 * time.Second)
	require.NoError(t, s.Revive(t.Context(), "inbox"))
	assert.Len(t, mailed(t, s, buyer.Email, "Yours: Meanwhile"), 1)

	script(t, s, `{"to":"`+buyer.Email+`","at":"data","code":451,"times":2}`)
	buys(buyer, "Twice not now")
	assert.Len(t, mailed(t, s, buyer.Email, "Yours: Twice not now"), 1)
	for _, m := range mailsTo(t, s, dead.Email) {
		assert.Equal(t, "Is this your address?", m.Subject, "what came before the mailbox went")
	}
}

// Whoever signs up is asked whether the address is his, by a link that says so.
func TestAnAddressIsVerifiedByMail(t *testing.T) {
	s := market(t)
	p := newcomer(t, s)
	asked := mailed(t, s, p.Email, "Is this your address?")
	require.Len(t, asked, 1)
	var token string
	for _, link := range asked[0].Links {
		if at, err := url.Parse(link); err == nil && at.Path == "/verify" {
			token = at.Query().Get("token")
		}
	}
	require.NotEmpty(t, token, "%v", asked[0].Links)
	require.Equal(t, 200, p.post("/api/users/verify", `{"token":"`+token+`"}`).Status)
}

// Without a mail server the market works, and says that nobody is written to.
func TestWithoutAMailServer(t *testing.T) {
	s, err := launch(t.TempDir(), stack.Options{Mail: stack.NoMail})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	buyer := newcomer(t, s)
	o := buyer.orders(newcomer(t, s).sells("To nobody", "15").ID)
	require.Equal(t, 201, buyer.pays(o.ID, "tok_visa").Status)
	eventually(t, "the order is complete", func() bool { return buyer.order(o.ID).Status == "complete" })
	eventually(t, "mail says that nobody is written to", func() bool {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", s.App("mail").AppPort))
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		said, err := io.ReadAll(resp.Body)
		return err == nil && resp.StatusCode == 200 && strings.Contains(string(said), "nobody is written to")
	})
}
