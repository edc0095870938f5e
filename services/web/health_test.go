package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/service"
)

// behind is a sidecar that invokes six services, of which some are away.
func behind(t *testing.T, away string) (*dapr.Sidecar, func() int) {
	t.Helper()
	var mu sync.Mutex
	invoked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch to := r.Header.Get("dapr-app-id"); to {
		case "":
			w.WriteHeader(http.StatusNoContent) // the sidecar itself is ready
		case away:
			w.WriteHeader(http.StatusInternalServerError)
		default:
			_, _ = w.Write([]byte(`{"status":"ready"}`))
		}
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("dapr-app-id") != "" {
			invoked++
		}
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(at.Host)
	require.NoError(t, err)
	sidecar, err := dapr.Connect(dapr.Config{HTTPPort: port, GRPCPort: port})
	require.NoError(t, err)
	t.Cleanup(sidecar.Close)
	return sidecar, func() int { mu.Lock(); defer mu.Unlock(); return invoked }
}

func doors(t *testing.T, s *site, sidecar *dapr.Sidecar) http.Handler {
	t.Helper()
	hearing := dapr.NewHearing(sidecar, brokerThere(sidecar), s.catchUp, s.now, s.log)
	return s.routes(settings{Settings: service.Settings{Token: "token"}}, sidecar, hearing)
}

// One service that is away is no reason to send people nowhere: the site shows what it can.
func TestTheSiteStaysOnTheAirWhileOneServiceIsAway(t *testing.T) {
	s, _ := newSite(t, nil)
	sidecar, _ := behind(t, "orders")
	routes := doors(t, s, sidecar)
	assert.Equal(t, http.StatusOK, get(t, routes, "/readyz", "").Code)
	healthy := get(t, routes, "/healthz", "")
	assert.Equal(t, http.StatusServiceUnavailable, healthy.Code, "an operator hears of it")
	assert.Contains(t, healthy.Body.String(), "orders is not ready")

	sidecar, _ = behind(t, "")
	assert.Equal(t, http.StatusOK, get(t, doors(t, s, sidecar), "/healthz", "").Code)
}

// A hundred strangers who ask how we are cost the services as much as one.
func TestAskingHowWeAreIsCheap(t *testing.T) {
	s, _ := newSite(t, nil)
	sidecar, invoked := behind(t, "")
	routes := doors(t, s, sidecar)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { assert.Equal(t, http.StatusOK, get(t, routes, "/healthz", "").Code) })
	}
	all.Wait()
	assert.Equal(t, 8, invoked(), "invocations")
}

func TestAnAnswerIsGoodForAMoment(t *testing.T) {
	now, asked := noon, 0
	var wrong error
	check := lately(func(context.Context) error { asked++; return wrong }, func() time.Time { return now })
	for _, step := range []struct {
		after time.Duration
		wrong error
		asked int
	}{
		{0, nil, 1},
		{900 * time.Millisecond, errors.New("down"), 1},
		{100 * time.Millisecond, errors.New("down"), 2},
		{100 * time.Millisecond, nil, 2},
		{200 * time.Millisecond, nil, 3},
	} {
		now, wrong = now.Add(step.after), step.wrong
		_ = check(t.Context())
		assert.Equal(t, step.asked, asked, "%+v", step)
	}

	gone, leave := context.WithCancel(t.Context())
	leave()
	answer := lately(func(ctx context.Context) error { return ctx.Err() }, func() time.Time { return now })
	assert.NoError(t, answer(gone), "whoever asks first may leave")
}

// A stranger who opens streams as fast as he can gets his share of them.
func TestStreamsAreShared(t *testing.T) {
	s, _ := newSite(t, nil)
	s.now = func() time.Time { return noon.AddDate(100, 0, 0) }
	server := httptest.NewServer(doorman(settings{TrustForwarded: true}, s.now, slog.New(slog.DiscardHandler), http.HandlerFunc(s.live)))
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	from := func(address string) *http.Response {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/live?listings", nil)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", address)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		return resp
	}
	open := 0
	for range 60 {
		resp := from("2001:db8::1")
		if resp.StatusCode == http.StatusOK {
			open++
			continue
		}
		assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
		assert.NotEmpty(t, resp.Header.Get("Retry-After"))
	}
	assert.Equal(t, 50, open)
	assert.Equal(t, http.StatusTooManyRequests, from("2001:db8::2").StatusCode, "his next address")
	assert.Equal(t, http.StatusOK, from("2001:db8:0:1::1").StatusCode, "somebody else")
}
