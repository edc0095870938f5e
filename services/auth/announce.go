package main

import (
	"context"
	"time"

	"marketplace/services/auth/account"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// announce says which events a change to an account is worth: its news, if it has any. A new one may stand where another was
// deleted.
func announce(before, after account.Account) []events.Event {
	if after.News.What == "" || before.ID == after.ID && before.Version == after.Version {
		return nil
	}
	return []events.Event{events.New(events.Account{
		ID: after.ID, Version: after.Version, News: after.News.What, At: clock.At(after.News.At), Device: after.News.Device,
	})}
}

// endsFirst is the broker, for auth's events: before anybody is told of what ends sessions, they are ended. A change of password
// cannot be asked for a second time, so what its nudge sees to is both.
type endsFirst struct {
	*server
	dapr.Publisher
}

// Publish implements dapr.Publisher.
func (e endsFirst) Publish(ctx context.Context, event events.Event) error {
	var err error
	switch event.Type {
	case events.AccountPasswordChanged:
		err = e.endAsSaid(ctx, event.Subject)
	case events.AccountDeleted:
		err = e.end(ctx, event.Subject, everyGeneration)
	}
	if err != nil {
		return err
	}
	return e.Publisher.Publish(ctx, event)
}

// brokerWait is how long somebody who signs up or in waits for the broker.
const brokerWait = 2 * time.Second

// promised runs change with a promise that its news gets out, and once more without one when the broker does not take it:
// nobody is kept out because of a letter. The news goes with the account's next change then.
func (s *server) promised(ctx context.Context, change func(context.Context, dapr.Promise) (account.Account, error)) (account.Account, error) {
	if s.broker(ctx) == nil {
		short, cancel := context.WithTimeout(ctx, brokerWait)
		defer cancel()
		if a, err := change(short, dapr.ByNudge); fault.KindOf(err) != fault.Unavailable || ctx.Err() != nil {
			return a, err
		}
	}
	return change(ctx, dapr.ByLater)
}
