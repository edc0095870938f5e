package alarms

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// hurry lets an hour of the rules pass in a minute.
const hurry = 60

// A market under trade is broken on purpose, one thing after the other, with Prometheus beside it. The alarms that are for it
// fire in their time, and no others; and they end when it is mended.
func TestWhatBreaksAlarms(t *testing.T) {
	s := start(t)
	trade, slow := trading(t, s), &slowBroker{Stack: s}
	require.Eventually(t, func() bool { return isRead(t, s) && len(firing(t, s)) == 0 }, 30*time.Second, 250*time.Millisecond, "Prometheus takes a while to find out whom to ask")
	quiet(t, s, 10*time.Second) // long enough for every rule to have something to say
	theDay(t, s, trade)

	breaks := []struct {
		name        string
		begin, mend func(t *testing.T)
		want        []string
	}{
		{"payments is away",
			func(t *testing.T) { require.NoError(t, s.Kill("payments")) },
			func(t *testing.T) { require.NoError(t, s.Revive(context.Background(), "payments")) },
			[]string{"MarketUnwell", "ServiceDown payments", "EventsWait payments", "ErrorBudgetBurnsFast commands"}},
		{"every card is declined",
			func(*testing.T) { trade.card.Store("tok_chargeDeclined") },
			func(*testing.T) { trade.card.Store("tok_visa") },
			[]string{"CardsDeclined"}},
		{"the broker is slow", slow.begin, slow.mend, []string{"ErrorBudgetBurnsFast orders", "ErrorBudgetBurnsFast events"}},
	}
	if os.Getenv("ALARMS") == "" { // make test has no time for more
		breaks = breaks[:1]
	}
	for _, b := range breaks {
		t.Run(b.name, func(t *testing.T) {
			b.begin(t)
			fire(t, s, b.want...)
			b.mend(t)
			if len(breaks) > 1 {
				mended(t, s)
			}
		})
	}
}

// slowBroker halts the broker again and again. It is not away: nothing gives up.
type slowBroker struct {
	*stack.Stack
	stop chan struct{}
	all  sync.WaitGroup
}

func (b *slowBroker) begin(*testing.T) {
	b.stop = make(chan struct{})
	b.all.Go(func() {
		for {
			_ = b.Signal("nats", syscall.SIGSTOP)
			time.Sleep(2500 * time.Millisecond)
			_ = b.Signal("nats", syscall.SIGCONT)
			select {
			case <-time.After(100 * time.Millisecond):
			case <-b.stop:
				return
			}
		}
	})
}

func (b *slowBroker) mend(*testing.T) {
	close(b.stop)
	b.all.Wait()
}

func start(t *testing.T) *stack.Stack {
	t.Helper()
	o := stack.Options{Root: "../..", Metrics: true, Hurry: hurry, FreePorts: true,
		Env: map[string]string{"HOLDS_PER_BUYER": "0", "HOLD_AGAIN_AFTER": "0s"}}
	if err := o.Missing(); err != nil {
		t.Skip(err)
	}
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, stack.Build(t.Context(), root))
	o.Dir, err = os.MkdirTemp("", "marketplace-alarms-")
	require.NoError(t, err)
	s, err := stack.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() {
		if assert.NoError(t, s.Stop()) && !t.Failed() {
			os.RemoveAll(o.Dir)
		}
	})
	return s
}

// trade is what goes on all the time: somebody lists a ticket, somebody else buys it.
type trade struct {
	card atomic.Value
	base string
}

func trading(t *testing.T, s *stack.Stack) *trade {
	t.Helper()
	tr := &trade{base: s.URL}
	tr.card.Store("tok_visa")
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range 6 {
		seller, buyer := tr.newcomer(t), tr.newcomer(t)
		all.Go(func() {
			for ctx.Err() == nil {
				tr.buy(ctx, seller, buyer)
				time.Sleep(700 * time.Millisecond) // people take their time, also when the market is quick
			}
		})
	}
	t.Cleanup(func() { stop(); all.Wait() })
	return tr
}

var people atomic.Int64

func (tr *trade) newcomer(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	c := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	var me struct{ ID string }
	tr.ask(t.Context(), c, "/api/users/signup", fmt.Sprintf(`{"email":"person%d@example.com","password":"correct horse"}`, people.Add(1)), &me)
	require.NotEmpty(t, me.ID)
	return c
}

// buy goes as far as it comes: something is broken half of the time.
func (tr *trade) buy(ctx context.Context, seller, buyer *http.Client) {
	var ticket, order struct{ ID string }
	tr.ask(ctx, seller, "/api/tickets", `{"title":"Traded","price":10}`, &ticket)
	if ticket.ID == "" {
		return
	}
	tr.ask(ctx, buyer, "/api/orders", `{"ticketId":"`+ticket.ID+`"}`, &order)
	if order.ID != "" {
		tr.ask(ctx, buyer, "/api/payments", fmt.Sprintf(`{"orderId":%q,"token":%q}`, order.ID, tr.card.Load()), nil)
	}
}

func (tr *trade) ask(ctx context.Context, as *http.Client, path, body string, out any) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, tr.base+path, strings.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := as.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusCreated && out != nil {
		_ = json.NewDecoder(resp.Body).Decode(out)
	}
}

// isRead tells whether web has been asked for its figures.
func isRead(t *testing.T, s *stack.Stack) bool {
	t.Helper()
	resp, err := http.Get(s.Prometheus + "/api/v1/query?query=" + url.QueryEscape(`marketplace_healthy{app="web"}`))
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer struct{ Data struct{ Result []any } }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	return len(answer.Data.Result) > 0
}

// firing are the alarms that fire now, each with what it is about. Of services that do not run here nobody need be told, and
// what burns slowly looks back for longer than this takes. That orders or events are slow is true of a busy machine too: it
// counts where it is wanted.
func firing(t *testing.T, s *stack.Stack, want ...string) []string {
	t.Helper()
	resp, err := http.Get(s.Prometheus + "/api/v1/alerts")
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Alerts []struct {
				Labels map[string]string
				State  string
			}
		}
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	var all []string
	for _, a := range answer.Data.Alerts {
		app := a.Labels["app"]
		name := a.Labels["alertname"]
		if a.State != "firing" || app != "" && s.App(app).ID == "" || name == "ErrorBudgetBurnsSlowly" {
			continue
		}
		for _, about := range []string{"app", "objective", "stream_name"} {
			if value := a.Labels[about]; value != "" {
				name += " " + value
				break
			}
		}
		speed := name == "ErrorBudgetBurnsFast orders" || name == "ErrorBudgetBurnsFast events"
		if !slices.Contains(all, name) && (!speed || slices.Contains(want, name)) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// fire waits until exactly these alarms fire. One that is not among them fails the test at once.
func fire(t *testing.T, s *stack.Stack, want ...string) {
	t.Helper()
	slices.Sort(want)
	began := time.Now()
	var now []string
	for time.Since(began) < 2*time.Minute {
		now = firing(t, s, want...)
		for _, alarm := range now {
			require.Contains(t, want, alarm, "it is for something else")
		}
		if slices.Equal(now, want) {
			t.Logf("%v after %v", want, time.Since(began).Round(100*time.Millisecond))
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
	require.Equal(t, want, now)
}

func mended(t *testing.T, s *stack.Stack) {
	t.Helper()
	began := time.Now()
	require.Eventually(t, func() bool { return len(firing(t, s)) == 0 }, 90*time.Second, 250*time.Millisecond, "the alarms end")
	t.Logf("nothing alarms any more after %v", time.Since(began).Round(100*time.Millisecond))
}

func quiet(t *testing.T, s *stack.Stack, long time.Duration) {
	t.Helper()
	for began := time.Now(); time.Since(began) < long; time.Sleep(250 * time.Millisecond) {
		require.Empty(t, firing(t, s), "a market that works")
	}
}
