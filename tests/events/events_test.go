package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// What is published by hand is checked first, and the complaint names the field.
func TestPublishRefuses(t *testing.T) {
	const ticket = `"id":"T","version":1,"userId":"u"`
	for _, c := range []struct{ name, kind, data, says string }{
		{"a type that is not ours", "ticket.eaten", `{}`, `"ticket.eaten" is no event of ours; there are ticket.created, ticket.updated, ticket.withdrawn, order.created`},
		{"not JSON", "ticket.updated", `{`, "the data must be a JSON object"},
		{"a field that is not ours", "ticket.updated", `{` + ticket + `,"price":1,"colour":"red"}`, `colour of ticket.updated: json: unknown field`},
		{"a price in words", "ticket.updated", `{` + ticket + `,"price":"free"}`, "price of ticket.updated: not a price"},
		{"no price", "ticket.updated", `{` + ticket + `}`, "price is missing"},
		{"no seller", "ticket.updated", `{"id":"T","version":1,"price":1}`, "userId is missing"},
		{"a version in words", "ticket.updated", `{"version":"one"}`, "version of ticket.updated"},
		{"no deadline", "expiration.complete", `{"orderId":"o"}`, "expiresAt"},
		{"an order that is nothing", "order.updated", `{"id":"o","status":"lost"}`, `status "lost" is none of an order`},
		{"the first version of a ticket is no update", "ticket.updated", `{"id":"T","userId":"u","price":1}`, "it is not ticket.updated but ticket.created"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := run(t.Context(), []string{"publish", c.kind}, strings.NewReader(c.data), io.Discard)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"eat"}, {"replay"}, {"replay", "orders"}, {"publish"}} {
		assert.Error(t, run(t.Context(), args, strings.NewReader("{}"), io.Discard), "%q", args)
	}
}

// The whole bench on a running stack.
func TestBench(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, stack.Build(t.Context(), root))
	o, err := stack.Options{Root: root, Dir: t.TempDir(), FreePorts: true, KeepEvents: true, Env: map[string]string{"HOLD_AGAIN_AFTER": "0s"}}.Chosen()
	require.NoError(t, err)
	s, err := stack.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	sidecar := fmt.Sprintf("http://127.0.0.1:%d", s.App("tickets").HTTPPort)
	bench := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		args = append([]string{args[0], "-dir", s.Dir}, args[1:]...)
		require.NoError(t, run(t.Context(), args, strings.NewReader(""), &out), "%q", args)
		return out.String()
	}
	seller, buyer := person(t, s.URL, "seller"), person(t, s.URL, "buyer")
	var offered struct{ ID, UserID string }
	seller("POST", "/api/tickets", `{"title":"Newport","price":10}`, &offered)

	// Tap while an update is published by hand; orders follows it.
	seen := &output{}
	tapping, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(tapping, []string{"tap", "-dir", s.Dir}, nil, seen) }()
	eventually(t, "the tap is open", func() bool { return strings.Contains(seen.String(), "version") })
	update := fmt.Sprintf(`{"id":%q,"version":7,"title":"Newport, by hand","price":42,"userId":%q}`, offered.ID, offered.UserID)
	said := bench("publish", "-sidecar", sidecar, "-data", update, "ticket.updated")
	assert.Contains(t, said, "published ticket.updated/"+offered.ID+"/7/by-hand/")
	line := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{3}  ticket\.updated +` + offered.ID + ` +v7 +\S+m?s  ticket\.updated/` + offered.ID + `/7/by-hand/`)
	eventually(t, "the tap shows it", func() bool { return line.MatchString(seen.String()) })
	cancel()
	assert.NoError(t, <-ended)
	price := func() string {
		var placed struct {
			ID     string
			Ticket struct{ Price json.Number }
		}
		buyer("POST", "/api/orders", `{"ticketId":"`+offered.ID+`"}`, &placed)
		buyer("DELETE", "/api/orders/"+placed.ID, "", nil)
		return placed.Ticket.Price.String()
	}
	eventually(t, "orders follows it", func() bool { return price() == "42" })
	assert.Regexp(t, `ticket\.created +`+offered.ID+` +v0`, firstLines(t, s.Dir), "tap -all shows what came before")

	// A poisoned topic: what cannot be handled is listed with its reason.
	assert.Equal(t, "no dead letters\n", bench("dead"))
	checks := &past{t, s.NATSURL}
	checks.put("tickets", `{"id":"poison-1","type":"ticket.updated","subject":"T","topic":"tickets","specversion":"1.0","source":"test","data":{"id":"T","version":3,"price":1}}`)
	checks.put("tickets", `not even JSON`)
	eventually(t, "both are dead letters", func() bool {
		return strings.Count(bench("dead", "orders"), "why:") == 2 && strings.Contains(bench("dead", "orders"), "why: event poison-1")
	})
	list := bench("dead")
	assert.Regexp(t, `(?m)^orders +\w+  \S+ \S+  ticket\.updated +T  poison-1$`, list)
	assert.Contains(t, list, "why: event poison-1 of type ticket.updated: userId is missing\n")
	assert.Regexp(t, `(?m)^orders +\w+  \S+ \S+  \(no event\) +-  -$`, list)
	assert.Contains(t, list, "why: It is no event")

	// Replayed without anything mended it comes back, although the broker saw the same event a moment ago.
	letter := idOf(t, bench("dead", "orders"), "poison-1") // handover has one too
	assert.Contains(t, bench("replay", "orders", letter), "to tickets: poison-1")
	eventually(t, "it is back", func() bool { return strings.Contains(bench("dead", "orders"), letter) })

	// A letter that can be handled now is: here one whose cause is gone.
	checks.put("orders-dead", fmt.Sprintf(`{"id":"mended","type":"ticket.updated","subject":%q,"topic":"tickets","specversion":"1.0","source":"test","datacontenttype":"application/json",
		"data":{"id":%q,"version":8,"title":"Newport, mended","price":43,"userId":%q}}`, offered.ID, offered.ID, offered.UserID))
	eventually(t, "it waits", func() bool { return strings.Contains(bench("dead", "orders"), "mended") })
	said = bench("replay", "orders", "all")
	assert.Contains(t, said, "is no event that could be sent again")
	assert.Contains(t, said, "2 replayed\n")
	eventually(t, "orders has handled it", func() bool { return price() == "43" })
	eventually(t, "only the poison is left", func() bool {
		left := bench("dead", "orders")
		return strings.Count(left, "why:") == 2 && !strings.Contains(left, "mended")
	})
}

// idOf finds the id of a dead letter in what dead has printed.
func idOf(t *testing.T, list, id string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^\S+ +(\w+)  .*  ` + id).FindStringSubmatch(list)
	require.Len(t, found, 2, "%s in\n%s", id, list)
	return found[1]
}

func firstLines(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	seen := &output{}
	require.NoError(t, run(ctx, []string{"tap", "-dir", dir, "-all", "tickets"}, nil, seen))
	return seen.String()
}

// past puts messages into streams, past every check.
type past struct {
	t    *testing.T
	nats string
}

func (p *past) put(topic, data string) {
	p.t.Helper()
	conn, js, err := (&bench{nats: p.nats}).connect()
	require.NoError(p.t, err)
	defer conn.Close()
	_, err = js.Publish(p.t.Context(), topic, []byte(data))
	require.NoError(p.t, err)
}

// person signs up and returns how to ask for things; an answer that is not 2xx fails the test, unless out
// is an int, which takes its status.
func person(t *testing.T, base, name string) func(method, path, body string, out any) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	ask := func(method, path, body string, out any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		if status, only := out.(*int); only {
			*status = resp.StatusCode
			return
		}
		require.Equal(t, 2, resp.StatusCode/100, "%s %s: %s", method, path, raw)
		if out != nil {
			require.NoError(t, json.Unmarshal(raw, out))
		}
	}
	ask("POST", "/api/users/signup", `{"email":"`+name+`@example.com","password":"correct horse"}`, nil)
	return ask
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 20*time.Second, 50*time.Millisecond, what)
}

// output is a buffer that one goroutine fills and another reads.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
