package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"marketplace/services/desk/letter"
	"marketplace/services/desk/shelf"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
)

// desk is the documents of the service desk, by its sidecar: whichever broker and store there are.
type desk struct {
	sidecar *dapr.Sidecar
	waiting *shelf.Shelf
	letters *dapr.Announced[letter.Letter]
	settled *dapr.List
	outbox  *dapr.Outbox
}

func (m *market) desk() (*desk, error) {
	sidecar, err := dapr.Connect(dapr.Config{HTTPPort: strconv.Itoa(m.http["desk"]), GRPCPort: strconv.Itoa(m.grpc["desk"])})
	if err != nil {
		return nil, err
	}
	outbox := dapr.NewOutbox("desk", sidecar, sidecar, time.Now, slog.New(slog.DiscardHandler))
	return &desk{sidecar, shelf.New(sidecar), dapr.NewAnnounced("letter", sidecar, outbox, letter.Sent), dapr.NewList("letters-settled", sidecar), outbox}, nil
}

func (d *desk) Close() {
	d.outbox.Wait()
	d.sidecar.Close()
}

// of returns the letters of services that wait, oldest first.
func (d *desk) of(ctx context.Context, services []string) (found []letter.Letter, err error) {
	all, err := d.waiting.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("is the stack running? %w", err)
	}
	slices.Reverse(all)
	for some := range slices.Chunk(all, 25) {
		var ids []string
		for _, e := range some {
			ids = append(ids, e.ID)
		}
		letters, err := d.letters.GetMany(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, l := range letters {
			if l.State == letter.Waiting && slices.Contains(services, l.Service) {
				found = append(found, l)
			}
		}
	}
	return found, nil
}

// dead lists what services could not handle, and why.
func dead(ctx context.Context, b *bench, args []string) error {
	if err := b.flags.Parse(args); err != nil {
		return err
	}
	from := b.flags.Args()
	for _, service := range from {
		if err := checkService(service); err != nil {
			return err
		}
	}
	if len(from) == 0 {
		from = events.Deadly()
	}
	d, err := b.openDesk()
	if err != nil {
		return err
	}
	defer d.Close()
	letters, err := d.of(ctx, from)
	if err != nil {
		return err
	}
	for _, l := range letters {
		fmt.Fprintf(b.out, "%-10s  %s  %s  %-16s  %s  %s\n", l.Service, l.ID, l.Since.Local().Format(time.DateTime), or(l.Type, "(no event)"), or(l.Subject, "-"), or(l.EventID, "-"))
		fmt.Fprintf(b.out, "            why: %s\n", or(l.Why, "not said; look into "+b.logs()))
		if l.Trace != "" {
			fmt.Fprintf(b.out, "            trace: %s\n", l.Trace)
		}
	}
	if len(letters) == 0 {
		fmt.Fprintln(b.out, "no dead letters")
	}
	return nil
}

// replay sends dead letters to the topic they came from, one or all, as an operator does at /desk. All subscribers of the topic get
// them again, which changes nothing for those who had handled them. What cannot be handled this time either comes back.
func replay(ctx context.Context, b *bench, args []string) error {
	if err := b.flags.Parse(args); err != nil {
		return err
	}
	if b.flags.NArg() != 2 {
		return errors.New("usage: replay <service> <id>|all, with the id that dead shows")
	}
	service, which := b.flags.Arg(0), b.flags.Arg(1)
	if err := checkService(service); err != nil {
		return err
	}
	d, err := b.openDesk()
	if err != nil {
		return err
	}
	defer d.Close()
	letters, err := d.of(ctx, []string{service})
	if err != nil {
		return err
	}
	replayed := 0
	for _, l := range letters { // those there are now: what comes back is not sent a second time
		if which != "all" && l.ID != which {
			continue
		}
		if which == "all" && !l.Replayable() {
			fmt.Fprintf(b.out, "%s %s is no event that could be sent again: drop it at /desk\n", service, l.ID)
			continue
		}
		if err := d.settled.Add(ctx, "all", l.ID); err != nil {
			return err
		}
		after, err := d.letters.Update(ctx, dapr.ByRepeat, l.ID, func(l *letter.Letter) error { return l.Replay(byHand, time.Now()) })
		if err != nil {
			return fmt.Errorf("replay %s %s: %w", service, l.ID, err)
		}
		if err := d.waiting.Remove(ctx, shelf.Entry{ID: l.ID, At: after.Since.UnixMilli()}); err != nil {
			return err
		}
		fmt.Fprintf(b.out, "%s %s to %s: %s\n", service, l.ID, l.Topic, l.EventID)
		replayed++
	}
	if replayed == 0 && which != "all" {
		return fmt.Errorf("%s has no dead letter %s", service, which)
	}
	fmt.Fprintf(b.out, "%d replayed\n", replayed)
	return nil
}

// byHand stands for who typed the command, where an operator's user id is.
const byHand = "by-hand"

func (b *bench) openDesk() (*desk, error) {
	m, err := b.market()
	if err != nil {
		return nil, err
	}
	return m.desk()
}

func checkService(name string) error {
	if !slices.Contains(events.Deadly(), name) {
		return fmt.Errorf("%q has no dead letters; there are those of %s", name, strings.Join(events.Deadly(), ", "))
	}
	return nil
}

func (b *bench) logs() string { return filepath.Join(b.dir, ".local", "logs") }
