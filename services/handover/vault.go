package main

import (
	"context"
	"fmt"

	"marketplace/services/handover/handover"
	"marketplace/services/handover/seal"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// vault keeps content, sealed, under names that are used once: nothing in it is ever overwritten, so what a handover names is
// there. It is in the state store, which survives what a sale survives, or where an output binding leads (components/README.md).
// A handover says which: after a change of the setting what is older is still found.
type vault struct {
	keys    *seal.Keys
	state   dapr.Store
	files   files
	binding string // "" for the state store
}

// files are what an output binding leads to.
type files interface {
	PutFile(ctx context.Context, binding, name string, data []byte) error
	GetFile(ctx context.Context, binding, name string) ([]byte, error)
}

func place(c handover.Content) string { return "content:" + c.ID }

// put keeps plain for a ticket. It returns Unavailable when nobody answers; then nobody knows whether it is there, and its name
// is not to be used again.
func (v *vault) put(ctx context.Context, ticketID string, c handover.Content, plain []byte) error {
	sealed := v.keys.Seal(plain, ticketID+"/"+c.ID)
	var err error
	if c.Store == "" {
		err = v.state.Save(ctx, place(c), sealed, "", 0)
	} else {
		err = v.files.PutFile(ctx, c.Store, c.ID, sealed)
	}
	if err != nil {
		return fault.Down(fmt.Errorf("keep content %s: %w", c.ID, err), "Please try again in a moment")
	}
	return nil
}

// get returns what put kept. That it is not there, or does not open, no repetition mends: internal.
func (v *vault) get(ctx context.Context, ticketID string, c handover.Content) ([]byte, error) {
	var sealed []byte
	if c.Store == "" {
		item, err := v.state.Load(ctx, place(c))
		if err != nil {
			return nil, fault.Down(err, "Please try again in a moment")
		}
		sealed = item.Value
	} else {
		var err error
		if sealed, err = v.files.GetFile(ctx, c.Store, c.ID); err != nil { // a binding does not tell what is gone from what is away
			return nil, fault.Down(err, "Please try again in a moment")
		}
	}
	plain, err := v.keys.Open(sealed, ticketID+"/"+c.ID)
	if err != nil {
		return nil, fmt.Errorf("content %s of ticket %s: %w", c.ID, ticketID, err)
	}
	return plain, nil
}
