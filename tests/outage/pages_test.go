package outage

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// pages are open in browsers, one on each replica of web.
type pages struct {
	mu    sync.Mutex
	pages []*page
}

// page is what one was told.
type page struct {
	listed map[string]bool // live
	again  bool            // it is not the first time that a stream begins
	last   int64           // when something was listed last, as its newest stream began
	missed bool            // that is later than when the stream before began
}

// open opens the pages. As browsers do, they connect again when a stream ends.
func open(t *testing.T, s *stack.Stack) *pages {
	p := &pages{}
	for i, url := range s.URLs {
		p.pages = append(p.pages, &page{listed: map[string]bool{}})
		go func() {
			for t.Context().Err() == nil {
				p.follow(t.Context(), i, url)
				time.Sleep(time.Second)
			}
		}()
	}
	return p
}

func (p *pages) follow(ctx context.Context, i int, url string) {
	req, err := http.NewRequestWithContext(ctx, "GET", url+"/live?listings", nil)
	if err != nil {
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	var event string
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		var data struct {
			ID     string
			Listed int64
		}
		switch {
		case field == "event":
			event = value
		case field == "data" && json.Unmarshal([]byte(value), &data) == nil:
			p.mu.Lock()
			told := p.pages[i]
			switch event {
			case "listed":
				told.listed[data.ID] = true
			case "ready":
				told.missed = told.again && data.Listed > told.last
				told.again, told.last = true, data.Listed
			}
			p.mu.Unlock()
		}
	}
}

// all waits until every page was told something.
func (p *pages) all(t *testing.T, what string, told func(*page) bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return !slices.ContainsFunc(p.pages, func(one *page) bool { return !told(one) })
	}, 30*time.Second, 100*time.Millisecond, what)
}

// hear waits until every page was told of the ticket.
func (p *pages) hear(t *testing.T, id string) {
	t.Helper()
	p.all(t, "open pages hear of what is listed", func(one *page) bool { return one.listed[id] })
}
