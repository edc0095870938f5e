// Package outage takes a server away for longer than any other test. The broker for one minute, which the sidecars'
// connections survive, and with OUTAGE=3m for three, which they do not; and the store.
package outage

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// connectionsLast is how long sidecars hope for their broker. Then their services have them started anew, which takes them
// away for a while.
const connectionsLast = 2 * time.Minute

func TestBrokerAway(t *testing.T) {
	away := duration(t, "OUTAGE", time.Minute)
	choice, err := stack.Options{}.Chosen()
	require.NoError(t, err)
	s := start(t, choice)
	seller, buyer := signUp(t, s), signUp(t, s)
	before := list(t, s, seller)
	pages := open(t, s)
	pages.hear(t, list(t, s, seller))

	broker := "nats"
	if s.PID("kafka") != 0 {
		broker = "kafka"
	}
	require.NoError(t, s.Kill(broker))
	refused := 0
	for gone := time.Now(); time.Since(gone) < away; time.Sleep(500 * time.Millisecond) {
		for _, c := range []struct{ who, path, body string }{
			{seller, "/api/tickets", `{"title":"Half done","price":10}`},
			{buyer, "/api/orders", `{"ticketId":"` + before + `"}`},
		} {
			status, header, body := call(t, s, "POST", c.path, c.who, c.body)
			require.Equal(t, 503, status, "%s: %s", c.path, body)
			require.NotEmpty(t, header.Get("Retry-After"))
			require.Contains(t, body, `{"errors":[{"message":`)
			refused++
		}
		status, _, _ := call(t, s, "GET", "/api/tickets/"+before, "", "")
		if time.Since(gone) < connectionsLast {
			require.Equal(t, 200, status, "reading needs no broker")
		}
	}
	status, _, body := call(t, s, "GET", "/healthz", "", "")
	assert.Equal(t, 503, status, "readiness has noticed: %s", body)

	back := time.Now()
	_ = s.Revive(context.Background(), broker) // it waits for all parts, some of which may still be coming and going
	require.Eventually(t, func() bool { return s.Healthy(context.Background()) == nil }, 2*time.Minute, 100*time.Millisecond)
	t.Logf("%d commands refused in %v; everything ready %v after the broker", refused, away, time.Since(back).Round(100*time.Millisecond))

	_, _, mine := call(t, s, "GET", "/api/tickets/mine", seller, "")
	assert.Equal(t, 2, strings.Count(mine, `"id"`), "nothing half done: %s", mine)
	pages.all(t, "open pages have connected anew and know that they may have missed something", func(one *page) bool { return one.missed })
	fresh := list(t, s, seller)
	pages.hear(t, fresh)
	require.Eventually(t, func() bool {
		for range 10 * len(s.Replicas("tickets")) { // whichever web asks
			if _, _, shown := call(t, s, "GET", "/api/tickets", "", ""); !strings.Contains(shown, fresh) {
				return false
			}
		}
		return true
	}, 30*time.Second, 100*time.Millisecond, "every catalogue shows it")
	buy(t, s, buyer, before)
	buy(t, s, buyer, fresh)
}

// start runs a stack whose parts are started anew when they leave by themselves, as an orchestrator does.
func start(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, stack.Build(context.Background(), root))
	o.Root, o.Dir, o.FreePorts = root, t.TempDir(), true
	s, err := stack.Start(context.Background(), o)
	require.NoError(t, err)
	over := make(chan struct{})
	t.Cleanup(func() {
		close(over)
		assert.NoError(t, s.Stop())
	})
	go func() {
		for {
			select {
			case <-over:
				return
			case <-s.Died():
			case <-time.After(time.Second):
			}
			for _, name := range s.Names() {
				if strings.HasSuffix(name, "-sidecar") && syscall.Kill(s.PID(name), 0) != nil {
					t.Logf("%s left, starting it anew", name)
					soon, cancel := context.WithTimeout(context.Background(), 2*time.Second)
					_ = s.Revive(soon, name) // as long as its broker is away it cannot start
					cancel()
				}
			}
		}
	}()
	return s
}

func call(t *testing.T, s *stack.Stack, method, path, session, body string) (int, http.Header, string) {
	t.Helper()
	status, header, answer, err := try(s, method, path, session, body)
	require.NoError(t, err)
	return status, header, answer
}

// try is call for goroutines, where a test must not end.
func try(s *stack.Stack, method, path, session, body string) (int, http.Header, string, error) {
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	if session != "" {
		req.AddCookie(&http.Cookie{Name: "session", Value: session})
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(raw), err
}

func signUp(t *testing.T, s *stack.Stack) string {
	t.Helper()
	body := fmt.Sprintf(`{"email":"p%d@example.com","password":"correct horse"}`, time.Now().UnixNano())
	status, header, answer := call(t, s, "POST", "/api/users/signup", "", body)
	require.Equal(t, 201, status, answer)
	for _, c := range (&http.Response{Header: header}).Cookies() {
		if c.Name == "session" {
			return c.Value
		}
	}
	t.Fatal("no session")
	return ""
}

// post comes back when it is asked to: a part that was just away may refuse once more.
func post(t *testing.T, s *stack.Stack, path, session, body string) string {
	t.Helper()
	var status int
	var answer string
	for range 20 {
		var header http.Header
		if status, header, answer = call(t, s, "POST", path, session, body); status != http.StatusServiceUnavailable {
			break
		}
		require.NotEmpty(t, header.Get("Retry-After"))
		time.Sleep(time.Second)
	}
	require.Equal(t, 201, status, answer)
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(answer), &made))
	return made.ID
}

func list(t *testing.T, s *stack.Stack, seller string) string {
	t.Helper()
	return post(t, s, "/api/tickets", seller, `{"title":"Still there","price":10}`)
}

func buy(t *testing.T, s *stack.Stack, buyer, ticketID string) {
	t.Helper()
	order := post(t, s, "/api/orders", buyer, `{"ticketId":"`+ticketID+`"}`)
	post(t, s, "/api/payments", buyer, `{"orderId":"`+order+`","token":"tok_visa"}`)
	require.Eventually(t, func() bool {
		_, _, body := call(t, s, "GET", "/api/orders/"+order, buyer, "")
		return strings.Contains(body, `"status":"complete"`)
	}, time.Minute, 50*time.Millisecond, "the order completes")
}
