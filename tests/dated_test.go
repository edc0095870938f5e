package tests

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// dated is what the API says of when and where a ticket is good.
type dated struct {
	ID, Zone, Venue, City, Section, Row, Seat, EventID string
	StartsAt                                           time.Time
	FaceValue                                          json.Number
	Withdrawn                                          bool
}

// sellsFor lists a ticket for what begins after a while, and whatever fields are named besides.
func (p *person) sellsFor(title, price string, after time.Duration, more string) dated {
	p.t.Helper()
	starts := time.Now().Add(after).In(time.FixedZone("", 2*60*60)).Format(time.RFC3339Nano)
	got := p.post("/api/tickets", `{"title":"`+title+`","price":`+price+`,"startsAt":"`+starts+`","zone":"Europe/Zurich"`+more+`}`)
	require.Equal(p.t, 201, got.Status, "%s", got.Body)
	var t dated
	got.into(p.t, &t)
	return t
}

// isListed tells whether the catalogue has a ticket, asked in each of its ways.
func (p *person) isListed(id, event string) (listed bool) {
	p.t.Helper()
	tickets := string(p.get("/api/tickets?event=" + event).Body)
	grouped := string(p.get("/api/events?limit=200").Body)
	require.Equal(p.t, strings.Contains(tickets, id), strings.Contains(grouped, event), "one knows of it, the other does not")
	return strings.Contains(tickets, id)
}

// A ticket says when and where it is good, from the form to the buyer's order, and the tickets of one event stand together.
func TestTicketsOfAnEvent(t *testing.T) {
	s := market(t)
	l := listen(t, s)
	seller, buyer, anybody := newcomer(t, s), newcomer(t, s), visitor(t, s)
	const more = `,"venue":"Casino","city":"Montreux","section":"Parterre","row":"4","seat":"12","faceValue":25`
	first := seller.sellsFor("Ella at Montreux", "99", 48*time.Hour, more)
	starts := first.StartsAt.Format(time.RFC3339Nano)
	same := `{"title":"ELLA  at montreux","price":98,"startsAt":"` + starts + `","zone":"Europe/Zurich","venue":"casino","city":"Montreux"}`
	var second dated
	seller.post("/api/tickets", same).into(t, &second)
	assert.Equal(t, first.EventID, second.EventID)
	other := seller.sellsFor("Ella at Montreux", "5", 72*time.Hour, more)

	day := first.StartsAt.Add(-24 * time.Hour).Format(time.DateOnly)
	after := first.StartsAt.Add(10 * 24 * time.Hour).Format(time.DateOnly)
	listed := anybody.get("/api/events?q=ella+casino&city=montreux&from=" + day + "&to=" + after)
	require.Equal(t, 200, listed.Status, "%s", listed.Body)
	var found []struct {
		ID       string
		Tickets  int
		Cheapest struct {
			ID    string
			Price json.Number
		}
	}
	listed.into(t, &found)
	require.Len(t, found, 2)
	assert.Equal(t, first.EventID, found[0].ID, "the soonest comes first")
	assert.Equal(t, 2, found[0].Tickets)
	assert.Equal(t, second.ID, found[0].Cheapest.ID, "from $98")
	assert.Equal(t, other.EventID, found[1].ID)
	assert.Equal(t, 304, anybody.with("GET", "/api/events?q=ella+casino&city=montreux&from="+day+"&to="+after, "", "If-None-Match", listed.Header.Get("ETag")).Status)
	assert.Equal(t, 400, anybody.get("/api/events?from=soon").Status)
	var tickets []dated
	anybody.get("/api/tickets?sort=price&event="+first.EventID).into(t, &tickets)
	require.Len(t, tickets, 2)
	assert.Equal(t, second.ID, tickets[0].ID)

	edited := seller.do("PUT", "/api/tickets/"+first.ID, `{"title":"Ella at Montreux","price":97}`) // a client that knows of no dates
	require.Equal(t, 200, edited.Status, "%s", edited.Body)
	placed := buyer.post("/api/orders", `{"ticketId":"`+first.ID+`"}`)
	require.Equal(t, 201, placed.Status, "%s", placed.Body)
	var o struct{ Ticket dated }
	placed.into(t, &o)
	assert.Equal(t, []any{first.StartsAt, "Europe/Zurich", "Casino", "Montreux", "Parterre", "4", "12", json.Number("25")},
		[]any{o.Ticket.StartsAt, o.Ticket.Zone, o.Ticket.Venue, o.Ticket.City, o.Ticket.Section, o.Ticket.Row, o.Ticket.Seat, o.Ticket.FaceValue})
	eventually(t, "the events have it too", func() bool {
		for _, m := range l.heard(events.OrdersTopic) {
			if strings.Contains(string(m.data), first.ID) && strings.Contains(string(m.data), `"venue":"Casino"`) && strings.Contains(string(m.data), `"sellerId":"`+seller.ID+`"`) {
				return true
			}
		}
		return false
	})
}

// What has begun is not for sale any more, by the clock alone: not listed, not held, not paid for.
func TestPastItsStart(t *testing.T) {
	s := market(t)
	seller, buyer, late := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	held, free := seller.sellsFor("Soon", "10", 4*time.Second, ""), seller.sellsFor("Soon too", "10", 4*time.Second, "")
	placed := buyer.orders(held.ID)
	assert.True(t, placed.ExpiresAt.Equal(held.StartsAt), "a hold of %v ends at the start, %v", placed.ExpiresAt, held.StartsAt)
	assert.True(t, late.isListed(free.ID, free.EventID))

	time.Sleep(time.Until(free.StartsAt) + 10*time.Millisecond)
	assert.False(t, late.isListed(free.ID, free.EventID))
	refused := late.post("/api/orders", `{"ticketId":"`+free.ID+`"}`)
	assert.Equal(t, 400, refused.Status)
	assert.Contains(t, string(refused.Body), `"ticket_started"`)
	assert.Equal(t, 400, buyer.pays(placed.ID, "tok_visa").Status)
	eventually(t, "the hold ends", func() bool { return buyer.order(placed.ID).Status == "cancelled" })
	assert.Equal(t, 400, buyer.pays(placed.ID, "tok_visa").Status)
	assert.Equal(t, "The start has passed (startsAt)", seller.do("PUT", "/api/tickets/"+free.ID, `{"title":"Soon too","price":5}`).says())
	putOff := seller.do("PUT", "/api/tickets/"+free.ID, `{"title":"Soon too","price":10,"startsAt":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	require.Equal(t, 200, putOff.Status, "%s", putOff.Body)
	late.orders(free.ID)
}

// A seller takes a ticket off the market, and offers it again.
func TestWithdrawn(t *testing.T) {
	s := market(t)
	l := listen(t, s)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sellsFor("Not any more", "10", time.Hour, "")
	path := "/api/tickets/" + offered.ID
	assert.Equal(t, 412, seller.with("DELETE", path, "", "If-Match", `"x"`).Status)
	assert.Equal(t, 401, buyer.do("DELETE", path, "").Status)
	assert.Equal(t, 404, seller.do("DELETE", "/api/tickets/NOSUCH", "").Status)
	require.Equal(t, 204, seller.do("DELETE", path, "").Status)
	require.Equal(t, 204, seller.do("DELETE", path, "").Status)
	assert.False(t, buyer.isListed(offered.ID, offered.EventID))
	refused := buyer.post("/api/orders", `{"ticketId":"`+offered.ID+`"}`)
	assert.Equal(t, 400, refused.Status)
	assert.Contains(t, string(refused.Body), `"ticket_withdrawn"`)
	eventually(t, "it is announced", func() bool {
		for _, m := range l.heard(events.TicketsTopic) {
			if strings.Contains(string(m.data), events.TicketWithdrawn) && strings.Contains(string(m.data), offered.ID) {
				return true
			}
		}
		return false
	})

	require.Equal(t, 200, seller.do("PUT", path, `{"title":"After all","price":9}`).Status)
	placed := buyer.orders(offered.ID)
	held := seller.do("DELETE", path, "")
	assert.Equal(t, 400, held.Status)
	assert.Equal(t, "Cannot withdraw a reserved ticket", held.says())
	require.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status)
	eventually(t, "it is sold", func() bool { return buyer.order(placed.ID).Status == "complete" })
	assert.Equal(t, 400, seller.do("DELETE", path, "").Status)
	var now dated
	seller.get(path).into(t, &now)
	assert.False(t, now.Withdrawn)
}

// Buyers and the seller at the same moment: either it is withdrawn and nobody holds it, or somebody does and it is not.
func TestAWithdrawalAmongBuyers(t *testing.T) {
	s := market(t)
	seller := newcomer(t, s)
	buyers := []*person{newcomer(t, s), newcomer(t, s), newcomer(t, s)}
	withdrawn := 0
	for round := range 12 {
		offered := seller.sells(fmt.Sprintf("Wanted %d", round), "10")
		var all sync.WaitGroup
		var mu sync.Mutex
		placed, answered := 0, 0
		for _, b := range buyers {
			all.Go(func() {
				got, err := b.try("POST", "/api/orders", `{"ticketId":"`+offered.ID+`"}`)
				mu.Lock()
				defer mu.Unlock()
				if assert.NoError(t, err) && got.Status == 201 {
					placed++
				}
			})
		}
		all.Go(func() {
			time.Sleep(time.Duration(round) * 2 * time.Millisecond)
			got, err := seller.try("DELETE", "/api/tickets/"+offered.ID, "")
			mu.Lock()
			defer mu.Unlock()
			if assert.NoError(t, err) {
				answered = got.Status
			}
		})
		all.Wait()
		switch answered {
		case 204:
			assert.Zero(t, placed)
			withdrawn++
		case 400:
			assert.Equal(t, 1, placed)
			eventually(t, "it is held and not withdrawn", func() bool {
				body := string(seller.get("/api/tickets/" + offered.ID).Body)
				return strings.Contains(body, `"orderId"`) && !strings.Contains(body, `"withdrawn"`)
			})
		default:
			t.Errorf("the withdrawal is answered with %d", answered)
		}
	}
	t.Logf("%d of 12 were withdrawn in time", withdrawn)
}
