package main

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"time"

	"marketplace/services/web/kept"
	"marketplace/shared/metrics"
	"marketplace/shared/service"
	"marketplace/shared/session"
	"marketplace/shared/trace"
)

// Visitors who are not signed in see the catalogue alike, whoever they are. A page of theirs is made once for all who ask at
// about the same time (see kept), from a request that says nothing of who asks: so nothing of anybody can be in it.

var alike = metrics.NewCounter("pages_alike_total", "Pages of the catalogue for visitors who are not signed in, by how they were had: made, kept.", "how")

func init() {
	alike.Expect("made")
	alike.Expect("kept")
}

const (
	longestKept = 512              // bytes of an address; who asks for a longer one has it to himself
	makeLimit   = 10 * time.Second // for a page, whoever asked first may leave
)

// forAll is a page of the catalogue. What it shows of a ticket in its address gets old with news of that one, any other with
// news of whatever.
func (s *site) forAll(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := r.URL.RequestURI()
		if !s.saysNothing(r) || len(address) > longestKept {
			page.ServeHTTP(w, r)
			return
		}
		var got *answer
		p, ours, err := s.kept.Get(r.Context(), r.PathValue("id"), address, func() *kept.Page {
			got = answerTo(page, r)
			return pageIn(got)
		})
		switch {
		case err != nil: // the visitor is gone
		case p != nil:
			trace.Is(r.Context(), r.Pattern)
			alike.Inc(map[bool]string{true: "made", false: "kept"}[ours])
			give(w, r, p)
		case ours:
			maps.Copy(w.Header(), got.header)
			w.WriteHeader(got.status)
			_, _ = w.Write(got.body.Bytes()) // the visitor is gone: nobody left to tell
		default: // there is no such page, or none now: that is said to everybody by himself
			page.ServeHTTP(w, r)
		}
	})
}

// saysNothing tells whether a request says nothing of who asks.
func (s *site) saysNothing(r *http.Request) bool {
	for _, name := range []string{session.Cookie, s.flashCookie()} {
		if _, err := r.Cookie(name); err == nil {
			return false
		}
	}
	return r.Header.Get("Authorization") == ""
}

// answerTo is what anybody is answered who asks what r does. Its name and its trace are those of who asked first.
func answerTo(page http.Handler, r *http.Request) *answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), makeLimit)
	defer cancel()
	anybody := r.WithContext(ctx)
	anybody.Header = http.Header{}
	for _, name := range []string{service.RequestID, "Traceparent", "X-Forwarded-For"} {
		if values := r.Header.Values(name); len(values) > 0 {
			anybody.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	got := &answer{header: http.Header{}}
	page.ServeHTTP(got, anybody)
	got.WriteHeader(http.StatusOK)
	return got
}

// pageIn is the page in an answer, nil when it is not for everybody.
func pageIn(got *answer) *kept.Page {
	if got.status != http.StatusOK || len(got.header.Values("Set-Cookie")) > 0 {
		return nil
	}
	p := &kept.Page{Header: got.header, Body: got.body.Bytes()}
	p.Header.Del("Content-Length")
	if len(p.Body) >= smallest {
		p.Small = squeezed(p.Body)
	}
	return p
}

// give answers with a page as the visitor's browser takes it.
func give(w http.ResponseWriter, r *http.Request, p *kept.Page) {
	maps.Copy(w.Header(), p.Header)
	body := p.Body
	if p.Small != nil && takesGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		body = p.Small
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the visitor is gone: nobody left to tell
}
