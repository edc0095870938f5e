package tests

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// A stranger asks, as fast as the answers come, for what costs him least and us most, and opens all the streams he can.
// Purchases go through meanwhile, and he makes us work no more than he asks: as the sidecars count, none of his requests
// leads to more than one other, and none to the store.
func TestAStrangerTakesNoMoreThanAFairShare(t *testing.T) {
	s := market(t)
	seller, buyer, stranger := newcomer(t, s), newcomer(t, s), visitor(t, s)
	var shown []string
	for i := range 60 {
		shown = append(shown, seller.sells(fmt.Sprintf("%s evening %d", []string{"opera", "football"}[i%2], i), "10").ID)
	}
	cheapest := []string{"/healthz", "/readyz", "/api/tickets?q=opera+football", "/api/tickets?ids=" + strings.Join(shown, ","), "/api/tickets?limit=200&q=evening"}
	quiet(t, s)

	began := time.Now()
	reads, invocations := counted(t, s, "tickets", "dapr_component_state_count"), counted(t, s, "web", "dapr_runtime_service_invocation_req_sent_total")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var busy sync.WaitGroup
	var asked, toServices, streams, refused atomic.Int64
	for i := range 8 {
		busy.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				path := cheapest[n%len(cheapest)]
				got, err := stranger.try("GET", path, "")
				if ctx.Err() == nil && assert.NoError(t, err) {
					shed := got.Status == 503 && strings.HasPrefix(path, "/api/") // so that the purchases go on
					assert.True(t, got.Status == 200 || shed, "%s: %d %s", path, got.Status, got.Body)
				}
				asked.Add(1)
				if strings.HasPrefix(path, "/api/") {
					toServices.Add(1)
				}
			}
		})
	}
	for range 70 {
		busy.Go(func() {
			req, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/live?tickets="+strings.Join(shown, ","), nil)
			if !assert.NoError(t, err) {
				return
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable { // of one address, or of everybody
				refused.Add(1)
				return
			}
			streams.Add(1)
			_, _ = io.Copy(io.Discard, resp.Body)
		})
	}

	purchases, herOwn := 0.0, 0.0
	for time.Since(began) < 3*time.Second {
		placed := buyer.orders(seller.sells("wanted", "10").ID)
		require.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status)
		herOwn += 3
		eventually(t, "it is paid", func() bool { herOwn++; return buyer.order(placed.ID).Status == "complete" })
		purchases++
	}
	eventually(t, "every stream is open or refused", func() bool { return streams.Load()+refused.Load() == 70 })
	spent := time.Since(began).Seconds()
	reads, invocations = counted(t, s, "tickets", "dapr_component_state_count")-reads, counted(t, s, "web", "dapr_runtime_service_invocation_req_sent_total")-invocations
	stop()
	busy.Wait()
	t.Logf("%d requests, %d streams and %.0f purchases in %.1f s: %.0f calls of a store by tickets, %.0f invocations by web",
		asked.Load(), streams.Load(), purchases, spent, reads, invocations)
	assert.LessOrEqual(t, streams.Load(), int64(50))
	assert.Positive(t, refused.Load())
	assert.Less(t, reads, 15*purchases+20, "the purchases need some, the stranger none")
	assert.Less(t, invocations, herOwn+float64(toServices.Load()+streams.Load())+15*(spent+1)+20,
		"one for each request; how the services are, once a second; and while there is much to do, how far four of them are behind")
}

// counted is the sum of a series that the sidecars beside an app count.
func counted(t *testing.T, s *stack.Stack, app, series string) (sum float64) {
	t.Helper()
	for _, replica := range s.Replicas(app) {
		text, err := metrics(replica)
		require.NoError(t, err)
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, series+"{") {
				n, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
				require.NoError(t, err, line)
				sum += n
			}
		}
	}
	return sum
}
