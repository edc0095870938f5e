package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"marketplace/services/web/live"
	"marketplace/shared/api"
)

const (
	heartbeat  = 15 * time.Second // keeps proxies from thinking the stream dead; and the visitor's session is looked at again
	streamLife = 5 * time.Minute  // then the page connects anew, and catches up on whatever it missed
	writeLimit = 10 * time.Second // a page that does not read for so long is gone
)

// live streams to an open page what changes about it: ?tickets=id,id for those tickets, &listings for new ones, and the
// visitor's own orders. It begins with how the tickets are now and when something was listed last, so connecting is
// catching up.
func (s *site) live(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query().Get("tickets")
	listener, err := s.hub.Join(api.Network(r.Header.Values("X-Forwarded-For")), s.addresses(r, ids))
	if err != nil {
		api.Fail(w, r, err)
		return
	}
	defer s.hub.Leave(listener)
	var tickets []ticket
	if ids != "" {
		if _, err := s.ask(r, http.MethodGet, "/api/tickets?ids="+url.QueryEscape(ids), nil, &tickets); err != nil {
			api.Fail(w, r, err)
			return
		}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := &stream{ResponseWriter: w, control: http.NewResponseController(w), site: s}
	_ = out.control.SetReadDeadline(time.Time{})                       // the stream is longer than any request may take to arrive
	if !out.write(fmt.Sprintf("retry: %d\n\n", 500+rand.IntN(1500))) { // ms; not everybody at once
		return
	}
	for _, t := range tickets {
		if !out.send(ticketNow(t)) {
			return
		}
	}
	if !out.send(newsOf("ready", map[string]int64{"listed": s.lastListed.Load()})) {
		return
	}
	out.follow(r, listener)
}

// addresses are what the page listens to.
func (s *site) addresses(r *http.Request, ids string) []string {
	var to []string
	if ids != "" {
		for id := range strings.SplitSeq(ids, ",") {
			to = append(to, "ticket/"+id)
		}
	}
	if r.URL.Query().Has("listings") {
		to = append(to, "listings")
	}
	if u := s.user(r); u != nil {
		to = append(to, "user/"+u.ID)
	}
	return to
}

// stream is the way to one page.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
	site    *site
	sent    int
}

// follow passes news on until the page is gone, too slow or has listened for long enough, its visitor's session is over, or we stop.
func (s *stream) follow(r *http.Request, l *live.Listener) {
	visitor := s.site.user(r) != nil
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	enough := time.NewTimer(streamLife)
	defer enough.Stop()
	for {
		select {
		case n, open := <-l.News():
			if !open || !s.send(n) {
				return
			}
		case <-beat.C:
			if visitor && s.site.user(r) == nil || !s.write(":\n\n") {
				return
			}
		case <-enough.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (s *stream) send(n live.News) bool {
	s.sent++
	return s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", s.sent, n.Event, n.Data))
}

func (s *stream) write(text string) bool {
	_ = s.control.SetWriteDeadline(s.site.now().Add(writeLimit))
	if _, err := s.Write([]byte(text)); err != nil {
		return false
	}
	return s.control.Flush() == nil
}

func newsOf(event string, data any) live.News {
	raw, _ := json.Marshal(data) // plain data: always marshals
	return live.News{Event: event, Data: raw}
}
