package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"marketplace/services/desk/letter"
	"marketplace/shared/events"
)

// story tells what happened to an order, a ticket or a payment, for whoever answers its buyer's question. What it was and is
// say the services' documents, how it came to that their logs, what the money did the card network's stand-in, and what is
// stuck the broker. Logs go back to the start of the run before this one; what is older has its documents alone.
func story(ctx context.Context, b *bench, args []string) error {
	if err := b.flags.Parse(args); err != nil {
		return err
	}
	if b.flags.NArg() != 1 {
		return errors.New("usage: story <order, ticket or payment id>")
	}
	lines, err := readLogs(b.logs())
	if err != nil {
		return err
	}
	m, err := b.market()
	if err != nil {
		return err
	}
	found, err := m.find(ctx, b.flags.Arg(0), lines)
	if err != nil {
		return err
	}
	for _, line := range found.heads {
		fmt.Fprintln(b.out, line)
	}
	mine, traces := linesAbout(lines, found.ids)
	told := slices.Concat(found.facts, tell(mine))
	slices.SortStableFunc(told, func(a, b fact) int { return a.at.Compare(b.at) })
	fmt.Fprintln(b.out)
	show(b, told)
	fmt.Fprintln(b.out)
	m.showBooks(ctx, b, found.ids[0])
	b.stuck(ctx, m, found.ids[0])
	m.showTraces(ctx, b, found.ids[0], traces)
	return nil
}

// fact is one thing that happened.
type fact struct {
	at   time.Time
	who  string
	what string
}

// show writes facts in their order, with the time since the one before. What is said again and again is said once.
func show(b *bench, told []fact) {
	day, last, again := "", fact{}, 0
	end := func() {
		if again > 0 {
			fmt.Fprintf(b.out, "%25s (%d times more, the last at %s)\n", "", again, last.at.Local().Format("15:04:05.000"))
		}
		again = 0
	}
	for i, f := range told {
		if i > 0 && f.who == last.who && f.what == last.what {
			again++
			last = f
			continue
		}
		end()
		if d := f.at.Local().Format(time.DateOnly); d != day {
			day = d
			fmt.Fprintln(b.out, day)
		}
		fmt.Fprintf(b.out, "  %s  %-12s %s\n", f.at.Local().Format("15:04:05.000"), f.who, f.what)
		last = f
	}
	end()
	if len(told) == 0 {
		fmt.Fprintln(b.out, "nothing is told of it: the logs of that time are gone")
	}
}

// stuck tells what nobody could handle about id.
func (b *bench) stuck(ctx context.Context, m *market, id string) {
	d, err := m.desk()
	if err == nil {
		defer d.Close()
	}
	var letters []letter.Letter
	if err == nil {
		letters, err = d.of(ctx, events.Deadly())
	}
	if err != nil {
		fmt.Fprintln(b.out, "dead letters: not known;", err)
		return
	}
	found := 0
	for _, l := range letters {
		if l.Subject != id && !strings.Contains(string(l.Data), id) {
			continue
		}
		found++
		fmt.Fprintf(b.out, "dead letter of %s since %s: %s\n  why: %s\n  once that is mended: go run ./tests/events replay %s %s\n", l.Service,
			l.Since.Local().Format(time.DateTime), or(l.Type, "no event"), or(l.Why, "not said; look into "+b.logs()), l.Service, l.ID)
	}
	if found == 0 {
		fmt.Fprintln(b.out, "dead letters: none")
	}
}
