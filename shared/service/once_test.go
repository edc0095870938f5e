package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/api"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/fault"
)

// counter is a service of two replicas that makes a thing with each request; what became of each try it says in said.
type counter struct {
	sidecar  *daprtest.Sidecar
	clock    time.Time
	replicas [2]http.Handler
	mu       sync.Mutex
	ids      []string
	said     []error       // by the first tries; the others succeed
	at       chan struct{} // filled by a try that begins, when there is one
	work     chan struct{} // and then it waits for this
}

func newCounter(wrap func(o *Once, h api.Handler) api.Handler) *counter {
	c := &counter{clock: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return c.clock }
	c.sidecar = &daprtest.Sidecar{Now: now}
	for i := range c.replicas {
		log := slog.New(slog.DiscardHandler)
		once := NewOnce(c.sidecar, func(r *http.Request) (string, error) { return r.Header.Get("User"), nil }, now, log)
		r := NewRoutes("counter", Settings{Token: "token"}, log)
		r.FromWeb("POST", "/api/things", wrap(once, c.make), Quick)
		c.replicas[i] = r
	}
	return c
}

func do(o *Once, h api.Handler) api.Handler { return o.Do(h, Quick) }

// again keeps a body up to its secret.
func again(o *Once, h api.Handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := readBody(w, r)
		if err != nil {
			return err
		}
		public, _, _ := strings.Cut(body, " ")
		return o.Again(h, Quick, public)(w, r)
	}
}

func (c *counter) make(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	c.mu.Lock()
	try := len(c.ids)
	id := NewID(r.Context())
	c.ids = append(c.ids, id)
	at, work := c.at, c.work
	c.mu.Unlock()
	if at != nil {
		at <- struct{}{}
		<-work
	}
	w.Header().Set("RateLimit-Remaining", "7")
	if try < len(c.said) && c.said[try] != nil {
		return c.said[try]
	}
	w.Header().Set("Location", "/api/things/"+id)
	w.Header().Set("Set-Cookie", "session=hush")
	return api.Write(w, http.StatusCreated, map[string]string{"id": id, "of": string(body)})
}

// ask sends a request to a replica; headers are names and values in turn.
func (c *counter) ask(ctx context.Context, replica int, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/things", strings.NewReader(body))
	r.Header.Set("dapr-api-token", "token")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.replicas[replica].ServeHTTP(w, r)
	return w
}

// Two replicas are asked at once: one does the work, the other says that it is under way, and later both tell the same.
func TestTheSameRequestTwiceAtOnce(t *testing.T) {
	c := newCounter(do)
	c.at, c.work = make(chan struct{}, 20), make(chan struct{})
	var first *httptest.ResponseRecorder
	var all sync.WaitGroup
	all.Go(func() { first = c.ask(t.Context(), 0, "x", IdempotencyKey, "k") })
	<-c.at
	for i := range 6 {
		w := c.ask(t.Context(), i%2, "x", IdempotencyKey, "k")
		assert.Equal(t, http.StatusConflict, w.Code)
		assert.Contains(t, w.Body.String(), `"idempotency_in_progress"`)
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
	}
	other := c.ask(t.Context(), 1, "y", IdempotencyKey, "k")
	assert.Contains(t, other.Body.String(), `"idempotency_key_reused"`, "also while it is under way")
	close(c.work)
	all.Wait()
	assert.Equal(t, 201, first.Code)
	w := c.ask(t.Context(), 1, "x", IdempotencyKey, "k")
	assert.Equal(t, 201, w.Code)
	assert.Equal(t, first.Body.String(), w.Body.String())
	assert.Equal(t, first.Header().Get("Location"), w.Header().Get("Location"))
	assert.Equal(t, "true", w.Header().Get("Idempotency-Replayed"))
	assert.Empty(t, w.Header().Get("Set-Cookie"), "a cookie is a secret")
	assert.Len(t, c.ids, 1)

	// Of many that begin in the same moment one begins.
	var done sync.WaitGroup
	for i := range 10 {
		done.Go(func() { c.ask(t.Context(), i%2, "x", IdempotencyKey, "k2") })
	}
	done.Wait()
	assert.Len(t, c.ids, 2)
}

func TestWhatIsKeptOfARefusal(t *testing.T) {
	type row struct {
		err                 error
		same, other, status int // of the same body again, of another body, and how it was refused
	}
	for name, row := range map[string]row{
		"the state of things":      {fault.New(fault.Refused, "Your card was declined").Named(fault.CardDeclined), 400, 409, 400},
		"its own content":          {fault.InField("title", "Title is required"), 201, 201, 400},
		"no such thing":            {fault.NoSuchThing(), 201, 201, 404},
		"somebody else's":          {fault.NotOwner(), 201, 201, 401},
		"too much":                 {fault.Wait(time.Minute, "Too many"), 201, 409, 429},
		"a store that is away":     {fault.Down(errors.New("x"), "Later"), 201, 409, 503},
		"a fault of ours":          {errors.New("x"), 201, 409, 500},
		"a payment under way":      {fault.New(fault.Refused, "A payment is under way").Named(fault.PaymentInProgress), 201, 409, 400},
		"what has not arrived yet": {fault.New(fault.Early, "Early"), 201, 409, 409},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(do)
			c.said = []error{row.err}
			first := c.ask(t.Context(), 0, "x", IdempotencyKey, "k")
			require.Equal(t, row.status, first.Code)
			assert.Empty(t, first.Header().Get("Idempotency-Replayed"))
			assert.Equal(t, "7", first.Header().Get("RateLimit-Remaining"), "what a refusal says besides")
			same := c.ask(t.Context(), 1, "x", IdempotencyKey, "k")
			assert.Equal(t, row.same, same.Code, "%s", same.Body)
			if row.same == 400 {
				assert.Equal(t, first.Body.String(), same.Body.String())
				assert.Equal(t, "true", same.Header().Get("Idempotency-Replayed"))
			}
			if row.same == 201 {
				require.Len(t, c.ids, 2)
				assert.Equal(t, c.ids[0], c.ids[1], "both tries make the same thing")
			}
			c = newCounter(do)
			c.said = []error{row.err}
			c.ask(t.Context(), 0, "x", IdempotencyKey, "k")
			assert.Equal(t, row.other, c.ask(t.Context(), 1, "y", IdempotencyKey, "k").Code)
		})
	}
}

// A process died at work: after the time it had, somebody else makes the same thing. It was only frozen: the first answer
// stands.
func TestWorkIsTakenOver(t *testing.T) {
	c := newCounter(do)
	c.at, c.work = make(chan struct{}, 2), make(chan struct{})
	var frozen *httptest.ResponseRecorder
	var all sync.WaitGroup
	all.Go(func() { frozen = c.ask(t.Context(), 0, "x", IdempotencyKey, "k") })
	<-c.at
	c.clock = c.clock.Add(Quick)
	assert.Equal(t, 409, c.ask(t.Context(), 1, "x", IdempotencyKey, "k").Code, "it may be writing its answer")
	c.clock = c.clock.Add(3 * time.Second)
	thaw := c.work
	c.at = nil
	over := c.ask(t.Context(), 1, "x", IdempotencyKey, "k")
	assert.Equal(t, 201, over.Code)
	close(thaw)
	all.Wait()
	assert.Equal(t, over.Body.String(), frozen.Body.String())
	assert.Equal(t, "true", frozen.Header().Get("Idempotency-Replayed"))
	require.Len(t, c.ids, 2)
	assert.Equal(t, c.ids[0], c.ids[1])
}

// A replica whose clock was ahead by an hour has died at work: nobody waits for its clock.
func TestATryFromTheFuture(t *testing.T) {
	c := newCounter(do)
	c.clock = c.clock.Add(time.Hour)
	c.sidecar.DieAfter(2, false) // the key is taken, the answer is not kept
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	first := c.ask(ctx, 0, "x", IdempotencyKey, "k")
	assert.Equal(t, 201, first.Code, "the work is done")
	c.sidecar.Revive()
	c.clock = c.clock.Add(-time.Hour)
	assert.Equal(t, 201, c.ask(t.Context(), 1, "x", IdempotencyKey, "k").Code)
	assert.Equal(t, c.ids[0], c.ids[1])
}

// Whoever hangs up leaves a key that may be tried at once.
func TestTheSenderHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(do)
		c.said = []error{context.Canceled}
		c.at, c.work = make(chan struct{}, 2), make(chan struct{})
		ctx, hangUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { c.ask(ctx, 0, "x", IdempotencyKey, "k") })
		<-c.at
		hangUp()
		close(c.work)
		all.Wait()
		assert.Equal(t, 201, c.ask(t.Context(), 1, "x", IdempotencyKey, "k").Code)
	})
}

// Without the header nothing is looked up and nothing is kept; with it that is four calls.
func TestAKeyCostsOnlyWhoUsesIt(t *testing.T) {
	c := newCounter(do)
	c.sidecar.DieAfter(0, false)
	assert.Equal(t, 201, c.ask(t.Context(), 0, "x").Code)
	assert.Equal(t, 201, c.ask(t.Context(), 0, "x").Code)
	assert.Empty(t, c.sidecar.Keys())
	c.sidecar.DieAfter(4, false)
	assert.Equal(t, 201, c.ask(t.Context(), 0, "x", IdempotencyKey, "k").Code)
	c.sidecar.DieAfter(1, false)
	assert.Equal(t, 201, c.ask(t.Context(), 0, "x", IdempotencyKey, "k").Code)
}

// What has secrets leaves none, and is made again from what it left.
func TestSecretsAreNotKept(t *testing.T) {
	c := newCounter(again)
	first := c.ask(t.Context(), 0, "ann hush", IdempotencyKey, "k")
	assert.Empty(t, first.Header().Get("Idempotency-Replayed"))
	second := c.ask(t.Context(), 1, "ann hush", IdempotencyKey, "k")
	assert.Equal(t, 201, second.Code)
	assert.Equal(t, first.Body.String(), second.Body.String())
	assert.Equal(t, "true", second.Header().Get("Idempotency-Replayed"))
	assert.NotEmpty(t, second.Header().Get("Set-Cookie"))
	assert.Equal(t, c.ids[0], c.ids[1])
	assert.Equal(t, 409, c.ask(t.Context(), 1, "bob hush", IdempotencyKey, "k").Code)
	require.Len(t, c.sidecar.Keys(), 1)
	item, err := c.sidecar.Load(t.Context(), c.sidecar.Keys()[0])
	require.NoError(t, err)
	assert.NotContains(t, string(item.Value), "hush")
	assert.NotContains(t, string(item.Value), hash("ann hush"))
}
