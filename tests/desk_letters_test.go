package tests

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/events"
)

// deadLetter is an event that nobody could handle, as operators read it.
type deadLetter struct {
	ID, Service, Topic, EventID, Type, Subject, Why, State string
	Replayable                                             bool
	Replays                                                int
	Notes                                                  []struct{ By, What, Words string }
}

// letterOf is the dead letter that orders has of an event, nil for none in that state.
func (p *person) letterOf(eventID, state string) *deadLetter {
	p.t.Helper()
	var all []deadLetter
	p.get("/api/desk/letters?limit=200&state="+state).into(p.t, &all)
	if i := slices.IndexFunc(all, func(l deadLetter) bool { return l.Service == "orders" && l.EventID == eventID }); i >= 0 {
		return &all[i]
	}
	return nil
}

// An event that cannot be handled comes to the desk with its reason. Sent again without anything mended it comes back, once that is
// mended it is handled; another is dropped. Nobody else sees any of it.
func TestADeadLetterOnTheDesk(t *testing.T) {
	s := market(t)
	olga, seller, buyer := operator(t, s), newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Handled late", "10")
	id := fmt.Sprintf("ticket.updated/%s/late", offered.ID)
	publish(t, s, events.TicketsTopic, fmt.Sprintf(`{"id":%q,"type":"ticket.updated","specversion":"1.0","source":"test","topic":"tickets","subject":%q,"datacontenttype":"application/json",
		"data":{"id":%q,"version":7,"price":"free"}}`, id, offered.ID, offered.ID))
	eventually(t, "orders cannot handle it", func() bool { l := olga.letterOf(id, "waiting"); return l != nil && l.Why != "" })
	l := olga.letterOf(id, "waiting")
	assert.Equal(t, "tickets", l.Topic)
	assert.True(t, l.Replayable)
	assert.Contains(t, l.Why, "price")
	path := "/api/desk/letters/" + l.ID
	for _, stranger := range []*person{buyer, seller, visitor(t, s)} {
		for _, closed := range []string{"/api/desk/letters", path, "/api/desk/orders", "/api/desk/figures"} {
			assert.Equal(t, 401, stranger.get(closed).Status)
		}
		assert.Equal(t, 401, stranger.post(path+"/replay", "").Status)
		assert.Equal(t, 401, stranger.post(path+"/drop", "").Status)
		assert.Equal(t, 401, stranger.post("/api/desk/orders/x-y/look", "").Status)
	}
	assert.Equal(t, 404, olga.post("/api/desk/letters/nosuch/replay", "").Status)
	assert.Equal(t, 404, olga.post("/api/desk/letters/nosuch/drop", "").Status)
	assert.Equal(t, 404, olga.get("/api/desk/letters/nosuch").Status)
	assert.Equal(t, 400, olga.get("/api/desk/letters?state=x").Status)
	assert.Equal(t, 400, olga.get("/api/desk/letters?cursor=x").Status)

	assert.Equal(t, 412, olga.with("POST", path+"/replay", "", "If-Match", `"another"`).Status)
	assert.Equal(t, 412, olga.with("POST", path+"/drop", "", "If-Match", `"another"`).Status)
	tag := olga.get(path).Header.Get("ETag")
	require.Equal(t, 200, olga.with("POST", path+"/replay", "", "If-Match", tag).Status)
	eventually(t, "it comes back", func() bool { l := olga.letterOf(id, "waiting"); return l != nil && l.Replays == 1 })
	assert.Equal(t, 412, olga.with("POST", path+"/replay", "", "If-Match", tag).Status, "it has died again since")
	require.Equal(t, 200, olga.post(path+"/drop", "").Status)
	require.Equal(t, 200, olga.post(path+"/drop", "").Status, "twice")
	refused := olga.post(path+"/replay", "")
	assert.Equal(t, 400, refused.Status)
	assert.Equal(t, "case_settled", refused.code())
	assert.Nil(t, olga.letterOf(id, "waiting"))
	l = olga.letterOf(id, "settled")
	require.NotNil(t, l)
	var did []string
	for _, n := range l.Notes {
		if did = append(did, n.What); n.By != "" {
			assert.Equal(t, olga.whoIs(), n.By)
		}
	}
	assert.Equal(t, []string{"died", "replayed", "died", "dropped"}, did)

	// What is no event can only be dropped.
	publish(t, s, events.DeadTopic("web"), "not even JSON")
	var odd *deadLetter
	eventually(t, "it is there", func() bool {
		var all []deadLetter
		olga.get("/api/desk/letters?limit=200").into(t, &all)
		i := slices.IndexFunc(all, func(l deadLetter) bool { return l.Service == "web" })
		if i >= 0 {
			odd = &all[i]
		}
		return i >= 0
	})
	assert.False(t, odd.Replayable)
	assert.Equal(t, 400, olga.post("/api/desk/letters/"+odd.ID+"/replay", "").Status)
	assert.Equal(t, 200, olga.post("/api/desk/letters/"+odd.ID+"/drop", "").Status)

	// One whose cause is gone is handled.
	mended := fmt.Sprintf("ticket.updated/%s/8", offered.ID)
	publish(t, s, events.DeadTopic("orders"), fmt.Sprintf(`{"id":%q,"type":"ticket.updated","specversion":"1.0","source":"test","topic":"tickets","subject":%q,"datacontenttype":"application/json",
		"data":{"id":%q,"version":8,"title":"Handled late","price":43,"userId":%q}}`, mended, offered.ID, offered.ID, seller.whoIs()))
	eventually(t, "it waits", func() bool { return olga.letterOf(mended, "waiting") != nil })
	require.Equal(t, 200, olga.post("/api/desk/letters/"+olga.letterOf(mended, "waiting").ID+"/replay", "").Status)
	require.Equal(t, 200, olga.post("/api/desk/letters/"+olga.letterOf(mended, "settled").ID+"/replay", "").Status, "twice")
	eventually(t, "orders has handled it", func() bool {
		o := buyer.orders(offered.ID)
		defer buyer.do("DELETE", "/api/orders/"+o.ID, "")
		return o.Ticket.Price.String() == "43"
	})
	time.Sleep(time.Second)
	assert.Equal(t, 1, olga.letterOf(mended, "settled").Replays)

	var figures struct{ Source string }
	olga.get("/api/desk/figures").into(t, &figures)
	assert.Equal(t, "none", figures.Source)
}
