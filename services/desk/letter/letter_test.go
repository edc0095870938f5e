package letter

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func message(id, why string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"type":"order.created","topic":"orders","subject":"T-1","traceparent":"00-a-b-01","deadreason":%q,"data":{"id":"T-1"}}`, id, why)
}

// A letter waits, is sent again once, comes back if its event dies again, and is dropped for good.
func TestALetter(t *testing.T) {
	var l Letter
	l.Arrive(Read("tickets", message("e", "")), noon)
	assert.Equal(t, Waiting, l.State)
	assert.True(t, l.Replayable())
	l.Arrive(Read("tickets", message("e", "Not Found")), noon.Add(time.Second))
	assert.Equal(t, "Not Found", l.Why, "the same, with the reason")
	assert.Equal(t, "Not Found", l.Notes[0].Words)
	assert.Equal(t, noon, l.Since)
	l.Arrive(Read("tickets", message("e", "Other")), noon.Add(time.Second))
	assert.Len(t, l.Notes, 1, "twice is once")

	before := l
	require.NoError(t, l.Replay("olga", noon))
	sent := Sent(before, l)
	require.Len(t, sent, 1)
	assert.Equal(t, "e/again/tickets-1", sent[0].ID)
	assert.JSONEq(t, `{"id":"T-1"}`, string(sent[0].Data))
	assert.Nil(t, l.Data, "what nobody needs any more is forgotten")
	again := l
	require.NoError(t, l.Replay("oleg", noon))
	assert.Equal(t, again, l, "twice is once")
	assert.Empty(t, Sent(again, l))
	assert.Equal(t, fault.CaseSettled, fault.CodeOf(l.Drop("oleg", noon)))

	for _, late := range []string{"e", "e/again/orders-1", "e/again/orders-7"} {
		l.Arrive(Read("tickets", message(late, "late")), noon.Add(time.Minute))
		assert.Equal(t, again, l, late)
	}
	l.Arrive(Read("tickets", message("e/again/tickets-1", "again")), noon.Add(time.Minute))
	assert.Equal(t, Waiting, l.State)
	assert.Equal(t, "e", l.EventID)
	require.NoError(t, l.Drop("olga", noon))
	require.NoError(t, l.Drop("olga", noon))
	assert.Equal(t, fault.CaseSettled, fault.CodeOf(l.Replay("olga", noon)))
	l.Arrive(Read("tickets", message("e/again/tickets-1", "once more")), noon)
	assert.Equal(t, Dropped, l.State)
	var did []Step
	for _, n := range l.Notes {
		did = append(did, n.What)
	}
	assert.Equal(t, []Step{Died, SentOn, Died, LetGo}, did)
}

// What is on a topic of dead letters may be anything; it is kept, and what is no event of ours is not sent anywhere.
func TestWhatIsNoEvent(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "what?", "no id": `{"type":"order.created","data":{}}`, "no data": `{"id":"e","type":"order.created"}`,
		"none of ours": `{"id":"e","type":"other","topic":"orders","data":{}}`, "another topic": `{"id":"e","type":"order.created","topic":"tickets","data":{}}`,
		"a topic of its own": `{"id":"e","type":"order.created","topic":"x-outbox","data":{}}`,
		"too large":          `{"id":"e","type":"order.created","topic":"orders","data":"` + strings.Repeat("x", mostData) + `"}`,
	} {
		var l Letter
		l.Arrive(Read("orders", []byte(text)), noon)
		assert.False(t, l.Replayable(), name)
		assert.Equal(t, fault.Refused, fault.KindOf(l.Replay("olga", noon)), name)
		assert.NoError(t, l.Drop("olga", noon), name)
	}
	a, b := Read("orders", message("e", "")), Read("tickets", message("e", ""))
	assert.NotEqual(t, a.ID, b.ID, "each service has its own")
}
