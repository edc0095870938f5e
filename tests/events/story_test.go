package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// What a buyer asks about is told in order, whichever id he has.
func TestStory(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, stack.Build(t.Context(), root))
	o := stack.Options{Root: root, Dir: t.TempDir(), FreePorts: true}
	if stack.CanTrace(root) == nil {
		o.Traces = "1"
	}
	s, err := stack.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	story := func(id string) string {
		t.Helper()
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), []string{"story", "-dir", s.Dir, id}, nil, &out))
		return out.String()
	}
	seller, buyer := person(t, s.URL, "seller"), person(t, s.URL, "buyer")
	var offered, placed, paid struct{ ID string }
	seller("POST", "/api/tickets", `{"title":"Newport","price":10}`, &offered)
	buyer("POST", "/api/orders", `{"ticketId":"`+offered.ID+`"}`, &placed)
	var status int
	buyer("POST", "/api/payments", fmt.Sprintf(`{"orderId":%q,"token":"tok_chargeDeclined"}`, placed.ID), &status)
	require.Equal(t, 400, status)
	buyer("POST", "/api/payments", fmt.Sprintf(`{"orderId":%q,"token":"tok_visa"}`, placed.ID), &paid)
	eventually(t, "everybody has heard that it is complete", func() bool {
		return strings.Count(story(placed.ID), "has heard order.completed") >= 3
	})

	told := story(placed.ID)
	t.Log("\n" + told)
	inOrder(t, told,
		"order "+placed.ID+" of buyer", ": complete", "payment "+paid.ID+": succeeded, 1000 usd",
		"order "+placed.ID+" is placed", "POST /api/orders: answered 201", "payments     declined: generic_decline",
		"payments     charged", "orders       says order.completed",
		"card network, ", "failed, Your card was declined", "card network, ", " of 1000 usd (pi_", ") succeeded",
		"dead letters: none")
	assert.Regexp(t, `tickets +has heard order.created, \d+ ms after it was said`, told)
	assert.Contains(t, told, "payments     says payment.created")
	if s.ZipkinURL != "" {
		assert.Contains(t, told, "trace: "+s.ZipkinURL+"/zipkin/traces/")
	}
	for _, private := range []string{"@", "tok_"} {
		assert.NotContains(t, told, private)
	}
	assert.Equal(t, strings.Split(told, "\n")[0], strings.Split(story(paid.ID), "\n")[0], "a payment's is its order's")

	ticket := story(offered.ID)
	inOrder(t, ticket, `ticket `+offered.ID+`, "Newport" for 10`, "sold by order "+placed.ID, "tickets      listed", "is placed")

	// What nobody could handle is part of it.
	(&past{t, s.NATSURL}).put("orders", fmt.Sprintf(`{"id":"order.updated/%[1]s/9","type":"order.updated","subject":%[1]q,"topic":"orders","specversion":"1.0","source":"test","data":{"id":%[1]q}}`, placed.ID))
	eventually(t, "the dead letter is told of", func() bool {
		return strings.Contains(story(placed.ID), "dead letter of tickets since")
	})
	told = story(placed.ID)
	assert.Contains(t, told, "GIVES UP order.updated, a dead letter now: ")
	assert.Contains(t, told, "once that is mended: go run ./tests/events replay tickets ")

	// So is what needed a person.
	var disputed, held struct{ ID string }
	seller("POST", "/api/tickets", `{"title":"Newport, disputed","price":10}`, &disputed)
	buyer("POST", "/api/orders", `{"ticketId":"`+disputed.ID+`"}`, &held)
	buyer("POST", "/api/payments", fmt.Sprintf(`{"orderId":%q,"token":"pm_card_createDispute"}`, held.ID), &paid)
	eventually(t, "the dispute is told of", func() bool {
		return strings.Contains(story(held.ID), "needs a person (disputed): told: The card's owner disputes the charge pi_")
	})

	err = run(t.Context(), []string{"story", "-dir", s.Dir, "nosuch"}, nil, io.Discard)
	assert.ErrorContains(t, err, `nothing is known of "nosuch"`)
}

// inOrder checks that text has all of parts, one after the other.
func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !assert.True(t, found, "%q is not there, or not after the one before, in\n%s", part, text) {
			return
		}
		rest = after
	}
}
