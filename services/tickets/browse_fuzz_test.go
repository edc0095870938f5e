package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"marketplace/services/tickets/catalogue"
	"marketplace/services/tickets/ticket"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
	"marketplace/shared/fault"
	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Whatever is asked of the catalogue, it shows a page in the order asked for or refuses.
func FuzzBrowse(f *testing.F) {
	sidecar := &daprtest.Sidecar{}
	s := &server{catalogue: catalogue.New(), now: now, tickets: dapr.NewAnnounced("ticket", sidecar, dapr.NewOutbox("tickets", sidecar, sidecar, now, slog.New(slog.DiscardHandler)), announce)}
	for i := range 30 {
		t, err := ticket.New(fmt.Sprintf("T%d", i), "u", ticket.Offer{Title: fmt.Sprintf("Nina Simone %d", i%7), Price: money.Amount(100 + i%5)}, now().Add(time.Duration(i%11)*time.Second))
		if err != nil {
			f.Fatal(err)
		}
		if i%2 == 0 {
			t.Occasion = occasion.Occasion{StartsAt: clock.At(now().AddDate(0, 0, i)), Zone: "Europe/Zurich", Venue: "Casino", City: "Bern"}
		}
		s.catalogue.Put(t)
		if err := s.tickets.Create(f.Context(), dapr.ByRepeat, t.ID, t); err != nil {
			f.Fatal(err)
		}
	}
	for _, seed := range []string{"", "limit=3", "sort=price&limit=2", "sort=-price", "sort=new", "sort=", "q=NINA+5", "q=%21", "ids=T1,T2,nosuch", "ids=", "ids=..%2f", "ids=" + strings.Repeat("T1,", 101), "cursor=" + url.QueryEscape(cursor(ticket.Ticket{ID: "T3", Price: 103, CreatedAt: now()})),
		"cursor=MSAyIDM", "cursor=LTkyMjMzNzIwMzY4NTQ3NzU4MDggOTIyMzM3MjAzNjg1NDc3NTgwNyB4", "cursor=MSAy", "cursor=%00", "cursor=MSAyIDMgNA", "limit=200&q=%ff", "q=\u0130&sort=price", "cursor=!", "sort=date&limit=3", "sort=date&limit=2&cursor=" + cursor(ticket.Ticket{ID: "T4", Price: 104, CreatedAt: now(), Occasion: occasion.Occasion{StartsAt: clock.At(now().AddDate(0, 0, 4))}}),
		"from=2026-01-04&to=2026-01-20&city=BERN&q=casino&limit=2", "from=2026-02-30", "from=&to=0000-01-01", "to=9999-12-31&sort=date", "from=2026-01-09&to=2026-01-08", "event=T1", "cursor=MSAyIDMgOTIyMzM3MjAzNjg1NDc3NTgwNw&sort=date"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: "GET", URL: &url.URL{Path: "/api/tickets", RawQuery: query}, Header: http.Header{}}
		w := httptest.NewRecorder()
		if err := s.browse(w, r); err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%q: %v is no refusal", query, err)
			}
			return
		}
		if !r.URL.Query().Has("ids") && !r.URL.Query().Has("event") { // an event is listed wherever one of its tickets is
			grouped := httptest.NewRecorder()
			if err := s.events(grouped, r); err != nil {
				t.Fatalf("%q: tickets are listed, but their events are refused: %v", query, err)
			}
		}
		var page []shown
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page) > 200 {
			t.Fatalf("%q is answered with %s", query, w.Body)
		}
		for i := 1; i < len(page) && !r.URL.Query().Has("ids"); i++ {
			before, after := page[i-1].Price, page[i].Price
			if sort := r.URL.Query().Get("sort"); sort == "price" && before > after || sort == "-price" && before < after {
				t.Fatalf("%q: %v before %v", query, before, after)
			}
		}
		if link := w.Header().Get("Link"); link != "" {
			target, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
			next, err := url.Parse(target)
			if err != nil {
				t.Fatalf("%q: the next page is at %q", query, link)
			}
			if err := s.browse(httptest.NewRecorder(), &http.Request{Method: "GET", URL: next}); err != nil {
				t.Fatalf("%q: the next page %q is refused: %v", query, target, err)
			}
		}
	})
}

// A cursor leads back to where its page ended; any other is refused.
func FuzzCursor(f *testing.F) {
	f.Add(cursor(ticket.Ticket{ID: "T", Price: 1999, CreatedAt: now()}), "T", int64(1999), int64(1))
	for _, seed := range []string{"", "x", "MSAyIDM", "MSAyIA", "MSAyICAz", "KzEgMHgyIDM", "MSAyIDMK", "=", "MSAyIDM=", "AAAA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5IDIgMw"} {
		f.Add(seed, "a-b_c", int64(-1), int64(-62135596800000000))
	}
	f.Fuzz(func(t *testing.T, s, id string, price, nanos int64) {
		if _, err := readCursor(s); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%q: %v is no refusal", s, err)
		}
		if api.CheckID(id) != nil {
			return
		}
		was := ticket.Ticket{ID: id, Price: money.Amount(price), CreatedAt: time.Unix(0, nanos)}
		got, err := readCursor(cursor(was))
		if err != nil || got.ID != was.ID || got.Price != was.Price || !got.CreatedAt.Equal(was.CreatedAt) {
			t.Fatalf("%+v became %+v, %v", was, got, err)
		}
	})
}
