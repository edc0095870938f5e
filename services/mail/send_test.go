package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/mail/note"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

func TestAPurchaseIsTwoMails(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusComplete)))
	require.NoError(t, w.onHandover(t.Context(), aHandover(events.HandoverIsDue, 0)))
	assert.Empty(t, w.sent, "the events do not wait for a mail server")
	w.pass(time.Minute, time.Second)
	assert.ElementsMatch(t, []string{"bob@example.com: Yours: Nina Simone", "ann@example.com: Sold, hand it over now: Nina Simone"}, strings.Split(w.subjects(), "\n"))
	assert.Empty(t, w.sidecar.Jobs())
}

// A broker that brings a service that is new all that it has kept brings no receipts for what was bought last week.
func TestAPurchaseOfBeforeThereWasMail(t *testing.T) {
	for _, status := range []events.Status{events.StatusComplete, events.StatusRefunded} {
		w := newWorld(t)
		o := anOrder(status)
		o.Ticket.SellerID, o.ExpiresAt = "", clock.At(noon.Add(-24*time.Hour))
		require.NoError(t, w.onOrder(t.Context(), o))
		w.pass(time.Minute, time.Second)
		assert.Empty(t, w.sent, status)
	}
}

// However often the same event comes, before its mail has left or after, it is one mail.
func TestTwiceIsOnce(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		require.NoError(t, w.onHandover(t.Context(), aHandover(events.HandoverIsReported, 3)))
	}
	w.pass(time.Minute, time.Second)
	require.NoError(t, w.onHandover(t.Context(), aHandover(events.HandoverIsReported, 3)))
	w.start()
	require.NoError(t, w.onHandover(t.Context(), aHandover(events.HandoverIsReported, 3)))
	w.pass(time.Minute, time.Second)
	assert.Len(t, w.sent, 2, "one to the seller, one to the buyer")
}

// A mail server that is away for an hour loses no mail, and is not stormed meanwhile.
func TestAMailServerThatIsAway(t *testing.T) {
	for name, says := range map[string]string{
		"nobody there": "dial tcp 127.0.0.1:25: connect: connection refused", "not now": "gomail: could not send email 1: 451 4.3.0 try later",
		"a password that changed": "535 5.7.8 authentication failed", "it wants a password": "gomail: could not send email 1: 530 5.7.0 authentication required",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.refuses = says
			for i := range 20 {
				o := anOrder(events.StatusComplete)
				o.ID = fmt.Sprintf("T%d-o1", i)
				w.accounts["bob"] = account{ID: "bob", Email: "bob@example.com", Verified: true}
				require.NoError(t, w.onOrder(t.Context(), o))
			}
			rang := w.pass(time.Hour, time.Second)
			assert.Less(t, rang, 20*20, "pauses grow")
			assert.Empty(t, w.sent)
			w.refuses = ""
			w.pass(11*time.Minute, time.Second)
			assert.Len(t, w.sent, 20)
			assert.Empty(t, w.sidecar.Jobs())
		})
	}
}

// Mail servers say whose mailbox is missing. What is noted and logged of that names nobody.
func TestARefusalNamesNobody(t *testing.T) {
	for says, why := range map[string]string{"550 5.1.1 <Bob@Example.com>: no such user": "no such user", "451 4.2.1 bob@example.com is busy": "is busy"} {
		w := newWorld(t)
		var log bytes.Buffer
		w.log = slog.New(slog.NewTextHandler(&log, nil))
		w.refuses = "gomail: could not send email 1: " + says
		require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusComplete)))
		w.pass(time.Minute, time.Second)
		assert.Contains(t, log.String(), why)
		assert.NotContains(t, strings.ToLower(log.String()), "example.com")
		for _, key := range w.sidecar.Keys() {
			item, err := w.sidecar.Load(t.Context(), key)
			require.NoError(t, err)
			assert.NotContains(t, strings.ToLower(string(item.Value)), "example.com", key)
		}
	}
}

// fullStore reads and does not write, as a disk that is full.
type fullStore struct{ dapr.Store }

func (fullStore) Save(context.Context, string, []byte, string, time.Duration) error {
	return errors.New("no space left on device")
}

// A store that takes no note of what was sent does not have it sent again every two seconds.
func TestAMailThatCannotBeNotedIsSentOnce(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusComplete)))
	notes := w.notes
	w.notes = dapr.NewTemporary[note.Note]("note", fullStore{w.sidecar}, note.Kept)
	w.mortal = true // a write that fails is tried for as long as the job has
	w.pass(time.Minute, 2*time.Second)
	assert.Equal(t, 1, len(w.sent))
	w.notes = notes
	w.pass(time.Minute, 2*time.Second)
	assert.Equal(t, 1, len(w.sent))
	assert.Empty(t, w.sidecar.Jobs())
}

// silent is a mail server that takes every mail and is too slow to say so.
type silent struct {
	dapr.Mailer
	took int
}

func (s *silent) SendMail(context.Context, string, string, []byte) error {
	s.took++
	return fault.Down(context.DeadlineExceeded, "Please try again in a moment")
}

// A server of which nobody knows whether it takes a mail is asked a few times, and not for three days.
func TestAMailServerThatNeverAnswers(t *testing.T) {
	w := newWorld(t)
	server := &silent{Mailer: w.sidecar}
	w.way.mailer = server
	require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusComplete)))
	w.pass(4*24*time.Hour, time.Minute)
	assert.Equal(t, mostUnsure, server.took)
	assert.Empty(t, w.sidecar.Jobs())
}

// A mailbox that is not there is written to once, and no other mail waits for it.
func TestADeadAddressIsGivenUp(t *testing.T) {
	for _, says := range []string{"550 5.1.1 no such user", "554 5.7.1 not this mail", "552 mailbox full", "501 5.1.3 bad address"} {
		w := newWorld(t)
		w.refuses = "gomail: could not send email 1: " + says
		require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusComplete)))
		assert.Equal(t, 1, w.pass(time.Hour, time.Second), says)
		assert.Zero(t, w.way.pause(), "the server works")
		w.refuses = ""
		w.pass(time.Hour, time.Minute)
		assert.Empty(t, w.sent, says)
		require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusComplete)))
		w.pass(time.Hour, time.Minute)
		assert.Empty(t, w.sent, says)
	}
}

// What nobody could send in time is given up: three days, and a link only as long as it opens anything.
func TestAMailIsTriedForSoLong(t *testing.T) {
	for name, c := range map[string]struct {
		say  func(w *world) error
		good time.Duration
	}{
		"a receipt": {func(w *world) error { return w.onOrder(t.Context(), anOrder(events.StatusComplete)) }, 71 * time.Hour},
		"a link":    {func(w *world) error { return w.onAccount(t.Context(), news("forgotten", 4)) }, 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.refuses = "dial tcp: refused"
			require.NoError(t, c.say(w))
			w.pass(c.good, time.Minute)
			assert.NotEmpty(t, w.sidecar.Jobs(), "still tried")
			w.pass(2*time.Hour, time.Minute)
			assert.Empty(t, w.sidecar.Jobs(), "given up")
			w.refuses = ""
			w.pass(2*time.Hour, time.Minute)
			assert.Empty(t, w.sent)
		})
	}
}

// While auth is away no mail leaves, and none is lost.
func TestAuthIsAway(t *testing.T) {
	w := newWorld(t)
	w.away = true
	require.NoError(t, w.onAccount(t.Context(), news("password-changed", 3)))
	w.pass(10*time.Minute, time.Second)
	assert.Empty(t, w.sent)
	w.away = false
	w.pass(10*time.Minute, time.Second)
	assert.Equal(t, "bob@example.com: Your password was changed", w.subjects())
}

// A link that opens an account is asked for when the mail leaves, and is in no document.
func TestLinksAreInNoDocument(t *testing.T) {
	w := newWorld(t)
	w.refuses = "dial tcp: refused"
	require.NoError(t, w.onAccount(t.Context(), news("forgotten", 4)))
	w.pass(time.Minute, time.Second)
	w.refuses = ""
	w.pass(10*time.Minute, time.Second)
	require.Len(t, w.sent, 1)
	assert.Contains(t, w.sent[0].html, `href="https://tickets.example/reset?token=secret-4"`)
	for _, key := range w.sidecar.Keys() {
		item, err := w.sidecar.Load(t.Context(), key)
		require.NoError(t, err)
		assert.NotContains(t, string(item.Value), "secret", key)
		assert.NotContains(t, string(item.Value), "example.com", "nor is an address: %s", key)
	}
}

// Whose account is deleted is told that, and nothing else.
func TestALastLetter(t *testing.T) {
	w := newWorld(t)
	w.accounts["bob"] = account{ID: "bob", Email: "bob@example.com", Deleted: true}
	require.NoError(t, w.onAccount(t.Context(), news("signed-in", 3)))
	require.NoError(t, w.onAccount(t.Context(), news("deleted", 4)))
	w.pass(time.Minute, time.Second)
	require.Len(t, w.sent, 1)
	assert.Contains(t, w.sent[0].html, "Your account is deleted")
}

func TestWhoIsNotWrittenTo(t *testing.T) {
	for name, c := range map[string]struct {
		account account
		news    events.Account
	}{
		"an account that is gone":               {account{}, news("password-changed", 3)},
		"one that was deleted meanwhile":        {account{ID: "bob", Email: "bob@example.com", Verified: true, Deleted: true}, news("password-changed", 3)},
		"one that is verified already":          {account{ID: "bob", Email: "bob@example.com", Verified: true}, news("created", 1)},
		"two addresses":                         {account{ID: "bob", Email: "bob@example.com;everybody@example.com"}, news("forgotten", 2)},
		"an address with a name":                {account{ID: "bob", Email: "Bob <bob@example.com>"}, news("forgotten", 2)},
		"an address with a line break":          {account{ID: "bob", Email: "bob@example.com\r\nBcc: x@example.com"}, news("forgotten", 2)},
		"an address that no server takes":       {account{ID: "bob", Email: "bób@example.com"}, news("forgotten", 2)},
		"one whose link auth knows nothing of":  {account{ID: "bob", Email: "bob@example.com"}, news("forgotten", 0)},
		"one to whom nothing happened worth it": {account{ID: "bob", Email: "bob@example.com"}, news("verified", 2)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			delete(w.accounts, "bob")
			if c.account.ID != "" {
				w.accounts["bob"] = c.account
			}
			require.NoError(t, w.onAccount(t.Context(), c.news))
			w.pass(time.Hour, time.Second)
			assert.Empty(t, w.sent)
			assert.Empty(t, w.sidecar.Jobs())
		})
	}
}

const toVerified, toUnverified = 100, 10

// A stranger whose address somebody else signs up with gets so much an hour, whatever that one does; who has shown that an
// address is his gets more, and all of it in the end.
func TestAnAccountIsSentSoMuchAnHour(t *testing.T) {
	w := newWorld(t)
	for i := range 1000 {
		require.NoError(t, w.onAccount(t.Context(), news("forgotten", int64(i+1))))
	}
	w.pass(50*time.Minute, time.Second)
	assert.Len(t, w.sent, toUnverified)
	w.pass(3*time.Hour, time.Minute)
	assert.Len(t, w.sent, toUnverified, "links are not sent late")

	w = newWorld(t)
	w.accounts["bob"] = account{ID: "bob", Email: "bob@example.com", Verified: true}
	for i := range toVerified + 30 {
		o := anOrder(events.StatusComplete)
		o.ID = fmt.Sprintf("T%d-o1", i)
		require.NoError(t, w.onOrder(t.Context(), o))
	}
	w.pass(50*time.Minute, time.Second)
	assert.Len(t, w.sent, toVerified)
	w.pass(2*time.Hour, time.Minute)
	assert.Len(t, w.sent, toVerified+30, "receipts are")
}

// Whose address somebody else signs up with again and again, deleting each account, is no better off with many accounts than with one.
func TestAnAddressIsSentSoMuchWhicheverAccountHasIt(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		id := fmt.Sprint("bob", i)
		w.accounts[id] = account{ID: id, Email: "bob@example.com"}
		for version := range toUnverified {
			require.NoError(t, w.onAccount(t.Context(), events.Account{ID: id, Version: int64(version + 1), News: "signed-in", At: clock.At(w.at)}))
		}
		w.pass(5*time.Minute, time.Second)
		delete(w.accounts, id)
	}
	assert.Equal(t, toUnverified, len(w.sent))
}

// Without a mail server in YAML events are acknowledged, and nothing is kept of them.
func TestWithoutAMailServer(t *testing.T) {
	w := newWorld(t)
	w.sidecar.MailServer = nil
	assert.Empty(t, w.way.words(), "while nobody has looked there is hope")
	w.way.look(t.Context())
	assert.Contains(t, w.way.words(), "nobody is written to")
	require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusCreated)))
	require.NoError(t, w.onOrder(t.Context(), anOrder(events.StatusComplete)))
	require.NoError(t, w.onHandover(t.Context(), aHandover(events.HandoverIsDue, 0)))
	require.NoError(t, w.onAccount(t.Context(), news("created", 1)))
	assert.Empty(t, w.sidecar.Keys())
	assert.Empty(t, w.sidecar.Jobs())
}

// A buyer whose time to pay runs out is warned once, if there is anything to warn of.
func TestAHoldThatEnds(t *testing.T) {
	held := anOrder(events.StatusCreated)
	for name, c := range map[string]struct {
		meanwhile func(w *world) error
		warned    int
	}{
		"not paid": {func(w *world) error { return nil }, 1},
		"paid, and the timer taken back": {func(w *world) error {
			return w.onOrder(t.Context(), anOrder(events.StatusCancelled))
		}, 0},
		"paid, and nobody has heard of it": {func(w *world) error { w.orders[held.ID] = anOrder(events.StatusComplete); return nil }, 0},
		"being paid":                       {func(w *world) error { w.orders[held.ID] = anOrder(events.StatusAwaitingPayment); return nil }, 0},
		"gone":                             {func(w *world) error { delete(w.orders, held.ID); return nil }, 0},
		"the deadline has moved": {func(w *world) error {
			later := held
			later.Version, later.ExpiresAt = 3, clock.At(noon.Add(20*time.Minute))
			w.orders[held.ID] = later
			return w.onOrder(t.Context(), later)
		}, 1},
		"heard of twice, and late":     {func(w *world) error { return w.onOrder(t.Context(), held) }, 1},
		"orders away for a minute":     {func(w *world) error { w.away = true; w.pass(2*time.Minute, time.Second); w.away = false; return nil }, 1},
		"orders away until it is over": {func(w *world) error { w.away = true; w.pass(16*time.Minute, time.Second); w.away = false; return nil }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.orders[held.ID] = held
			require.NoError(t, w.onOrder(t.Context(), held))
			w.pass(9*time.Minute, time.Second)
			assert.Empty(t, w.sent)
			require.NoError(t, c.meanwhile(w))
			w.pass(30*time.Minute, time.Second)
			assert.Len(t, w.sent, c.warned, w.subjects())
			assert.Empty(t, w.sidecar.Jobs())
		})
	}

	w := newWorld(t)
	w.at = held.ExpiresAt.Add(-time.Minute)
	require.NoError(t, w.onOrder(t.Context(), held))
	assert.Empty(t, w.sidecar.Jobs(), "a hold that is about over when it is heard of")
	w.at, w.warning = noon, 0
	require.NoError(t, w.onOrder(t.Context(), held))
	assert.Empty(t, w.sidecar.Jobs(), "warnings are switched off")
}

// Killed at any call, with that call done or not: every mail is sent in the end, and more than once only if it died between
// sending and noting.
func TestKilledAnywhere(t *testing.T) {
	for name, tell := range map[string]func(ctx context.Context, w *world) error{
		"a receipt": func(ctx context.Context, w *world) error { return w.onOrder(ctx, anOrder(events.StatusComplete)) },
		"a report": func(ctx context.Context, w *world) error {
			return w.onHandover(ctx, aHandover(events.HandoverIsReported, 3))
		},
		"a new password": func(ctx context.Context, w *world) error { return w.onAccount(ctx, news("forgotten", 4)) },
	} {
		for n := range 30 {
			for _, effective := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/after %d calls, the next done: %v", name, n, effective), func(t *testing.T) {
					w := newWorld(t)
					w.mortal = true
					w.sidecar.DieAfter(n, effective)
					for try := 0; ; try++ { // the broker brings the event until it is acknowledged
						err := w.briefly(func(ctx context.Context) error { return tell(ctx, w) })
						if err == nil {
							break
						}
						require.Less(t, try, 3)
						w.sidecar.Revive()
						w.start()
					}
					w.ring()
					w.sidecar.Revive()
					w.start()
					w.pass(20*time.Minute, time.Second)
					want := 1
					if name == "a report" {
						want = 2
					}
					byMail := map[string]int{}
					for _, m := range w.sent {
						byMail[m.to+m.subject]++
					}
					assert.Len(t, byMail, want)
					assert.LessOrEqual(t, len(w.sent), want+1, "died once, so one mail at the most is there twice")
					for _, key := range w.sidecar.Keys() {
						n, err := w.notes.Get(t.Context(), strings.TrimPrefix(key, "note:"))
						require.NoError(t, err)
						assert.Equal(t, note.Sent, n.State)
					}
					assert.Empty(t, w.sidecar.Jobs())
				})
			}
		}
	}
}
