package main

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/admission"
	"marketplace/shared/fault"
)

// saying answers for services: what each says of itself.
type saying map[string]string

func (t saying) Invoke(_ context.Context, app, _, path string, _, out any) error {
	if t[app] == "" {
		return fault.Down(nil, "%s is away", app)
	}
	return json.Unmarshal([]byte(t[app]), out)
}

// While a service is behind nothing new is let in; looking goes on, and so does what was begun.
func TestNothingNewWhileAServiceIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		services := saying{"orders": `{"status":"ready"}`, "tickets": `{"status":"ready"}`, "handover": `{"status":"ready"}`}
		s := &site{door: admission.New(time.Now)}
		go s.holdBack(ctx, services)
		enter := func(c admission.Class) error {
			leave, err := s.door.Enter(ctx, admission.Visit{Class: c, Arrived: time.Now()})
			if err == nil {
				leave(admission.Answered)
			}
			return err
		}
		many := func() {
			var inside []func(admission.Outcome)
			for range 5 {
				if leave, err := s.door.Enter(ctx, admission.Visit{Class: admission.Begin, Arrived: time.Now()}); err == nil {
					inside = append(inside, leave)
				}
			}
			for _, leave := range inside {
				leave(admission.Answered)
			}
			time.Sleep(askBehind + time.Millisecond)
		}
		many()
		require.NoError(t, enter(admission.Begin))
		services["tickets"] = `{"status":"ready","behind":2.4}`
		many()
		assert.Equal(t, fault.Overloaded, fault.CodeOf(enter(admission.Begin)))
		assert.NoError(t, enter(admission.Look))
		assert.NoError(t, enter(admission.Finish))
		services["tickets"] = `{"status":"ready"}`
		time.Sleep(heldBack)
		assert.NoError(t, enter(admission.Begin))
		cancel()
	})
}
