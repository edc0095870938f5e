package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// figures are all that a run finds out, as its last line tells it. Times are in ms unless they say otherwise.
type figures struct {
	Purchase struct {
		PerS  int       `json:"per_s"`
		Place quantiles `json:"place_ms"`
		Pay   quantiles `json:"pay_ms"`
	} `json:"purchase"`
	CPU       cost    `json:"cpu_ms_per_purchase"`
	Calls     calls   `json:"sidecar_calls_per_purchase"`
	Floor     float64 `json:"floor"`
	Overhead  float64 `json:"overhead"`
	HotTicket hot     `json:"hot_ticket"`
	Event     struct {
		Idle quantiles `json:"idle"`
		Half quantiles `json:"half"`
	} `json:"event_ms"`
	Expiry  lateness            `json:"expiry_ms"`
	Listing listing             `json:"listing"`
	Browse  map[string]browsing `json:"browse"`
	Edge    edge                `json:"edge"`
	StartS  float64             `json:"start_s"`
	RSS     struct {
		Idle  map[string]float64 `json:"idle"`
		After map[string]float64 `json:"after"`
	} `json:"rss_mb"`

	State  string `json:"state"`
	PubSub string `json:"pubsub"`
	Traces string `json:"traces"` // the share that is kept
	Cores  int    `json:"cores"`
	Go     string `json:"go"`
	Quick  bool   `json:"quick"`
	Commit string `json:"commit"`

	idle  float64 // ms of CPU a second, with nobody there
	floor cost
	work  work
	size  size
}

// print writes the table and the line.
func (f *figures) print(w io.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	head := func(name, means string) { p("\n%s: %s", name, means) }

	p("\nstate %s, pub/sub %s, traces %s, %d cores with the load generator on them, %s, commit %s, quick %v", f.State, f.PubSub, f.Traces, f.Cores, f.Go, f.Commit, f.Quick)

	head("purchase", fmt.Sprintf("whole purchases a second (placed, paid, complete, settled everywhere) without a growing backlog: the highest rate, kept up for %v\n"+
		"  in an open loop, with no error, 9 in 10 answers within %v and everything settled within %v after it; latency as the buyer has it, at %d a second",
		f.size.try, answeredWithin, settledWithin, f.work.Rate))
	p("  %-22s %10d", "per second", f.Purchase.PerS)
	p("  %-22s %10s %10s %10s", "", "p50", "p90", "p99")
	for _, row := range []struct {
		name string
		q    quantiles
	}{{"place, ms", f.Purchase.Place}, {"pay, ms", f.Purchase.Pay}} {
		p("  %-22s %10.1f %10.1f %10.1f", row.name, row.q.P50, row.q.P90, row.q.P99)
	}

	head("cpu_ms_per_purchase, floor, overhead", fmt.Sprintf("user plus system time from /proc over %v at %d purchases a second, divided by them; with nobody there the\n"+
		"  stack spends %.0f ms a second anyway, which is in it. The floor is bare programs in the services' places, with the same sidecars, store and broker,\n"+
		"  that make as many calls of each kind at the same rate with nothing behind them. Overhead is ours / floor. Not in the total: generator, simulator, and\n"+
		"  the command line tool that passes on logs (%.2f)", f.size.loaded, f.work.Rate, f.idle, f.CPU.cli))
	p("  %-10s %8s %10s %10s %8s %8s %10s %8s %10s", "ms", "total", "services", "sidecars", "broker", "store", "scheduler", "stripe", "generator")
	for _, row := range []struct {
		name string
		c    cost
	}{{"ours", f.CPU}, {"floor", f.floor}} {
		p("  %-10s %8.2f %10.2f %10.2f %8.2f %8.2f %10.2f %8.2f %10.2f", row.name, row.c.Total, row.c.Services, row.c.Sidecars, row.c.Broker, row.c.Store, row.c.Scheduler, row.c.Stripe, row.c.Generator)
	}
	p("  %-10s %8.2f", "overhead", f.Overhead)
	p("  everything else on this machine meanwhile: %.2f ms per purchase during ours, %.2f during the floor's; much of it spoils them", f.CPU.others(), f.floor.others())

	head("sidecar_calls_per_purchase", "what the sidecars' metrics counted in the same run, divided by its purchases. Many documents read at once are one\n"+
		"  call; a delivery is to one service; a job is set, deleted or rung; heartbeats and health probes do not count")
	p("  %-12s %10s %10s %10s %10s %10s %10s %10s", "", "state_get", "state_save", "publish", "delivery", "invocation", "job", "total")
	row := func(name string, c calls) {
		line := fmt.Sprintf("  %-12s", name)
		for _, kind := range append(slices.Clone(kinds), "total") {
			line += fmt.Sprintf(" %10.2f", c[kind])
		}
		p("%s", line)
	}
	for _, app := range slices.Sorted(maps.Keys(f.work.Calls)) {
		row(app, f.work.Calls[app].byKind())
	}
	row("all", f.Calls)
	for _, app := range slices.Sorted(maps.Keys(f.work.Calls)) {
		var all []string
		for _, call := range slices.Sorted(maps.Keys(f.work.Calls[app])) {
			all = append(all, fmt.Sprintf("%s %.2f", call, f.work.Calls[app][call]))
		}
		p("  %s: %s", app, strings.Join(all, ", "))
	}

	head("hot_ticket", fmt.Sprintf("%d orders of %d buyers at once for one ticket: who got it, who was told no (4xx), everything else, and when the last had an answer", crowd, buyers))
	p("  winners %d, refused %d, errors %d, last answer after %.0f ms", f.HotTicket.Winners, f.HotTicket.Refused, f.HotTicket.Errors, f.HotTicket.LastMS)

	head("event_ms", fmt.Sprintf("from the answer to an order until GET /api/tickets/{id} shows it, asked again %v after each answer: as coarse as that and a look together;\n"+
		"  idle, and at %d purchases a second", lookEvery, f.work.Rate))
	p("  idle p50 %.1f p99 %.1f, half p50 %.1f p99 %.1f", f.Event.Idle.P50, f.Event.Idle.P99, f.Event.Half.P50, f.Event.Half.P99)

	head("expiry_ms", fmt.Sprintf("from an order's deadline until its document in the store says cancelled, which the timer and its event bring about (nobody asks for the order);\n"+
		"  %d orders with a hold of %v, placed one after the other with %v in between, while %d others are pending. Seen within about %v", f.size.expiring, shortHold, orderEvery, f.Expiry.Pending, 2*lookEvery))
	p("  p50 %.1f, p99 %.1f, early %d", f.Expiry.P50, f.Expiry.P99, f.Expiry.Early)

	head("listing", fmt.Sprintf("tickets listed a second by %d sellers who never wait, through web; how long that takes them; answers other than 201", sellers))
	p("  per second %.1f, p50 %.1f ms, p99 %.1f ms, errors %d", f.Listing.PerS, f.Listing.P50MS, f.Listing.P99MS, f.Listing.Errors)

	head("browse", fmt.Sprintf("the catalogue's first page, as HTML through web: how many a second %d visitors get who never wait; and p50 and p99, in ms, of that page and p99 of a search\n"+
		"  (one ticket in 100 matches) at half that rate, in turn", browsers))
	p("  %-12s %10s %10s %10s %14s", "tickets", "per_s", "p50_ms", "p99_ms", "search_p99_ms")
	for _, n := range f.size.tickets {
		found := f.Browse[strconv.Itoa(n)]
		p("  %-12d %10.1f %10.1f %10.1f %14.1f", n, found.PerS, found.P50MS, found.P99MS, found.SearchP99)
	}

	f.Edge.print(w, f.Cores)

	head("start_s", "from nothing running, and no data, until every part is healthy, in seconds")
	p("  %.1f", f.StartS)

	head("rss_mb", "resident memory of each process when all are healthy and when everything up to the hot ticket has been measured, in MB")
	p("  %-24s %8s %8s", "", "idle", "after")
	for _, name := range slices.Sorted(maps.Keys(f.RSS.Idle)) {
		p("  %-24s %8.1f %8.1f", name, f.RSS.Idle[name], f.RSS.After[name])
	}
	line, _ := json.Marshal(f) // plain figures
	p("\n%s", line)
}
