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

// pages are open in browsers, one on each replica of web: what they were told is listed.
type pages struct {
	mu     sync.Mutex
	listed []map[string]bool
}

// open opens the pages. As browsers do, they connect again when a stream ends.
func open(t *testing.T, s *stack.Stack) *pages {
	p := &pages{}
	for i, url := range s.URLs {
		p.listed = append(p.listed, map[string]bool{})
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
		var data struct{ ID string }
		switch {
		case field == "event":
			event = value
		case field == "data" && event == "listed" && json.Unmarshal([]byte(value), &data) == nil:
			p.mu.Lock()
			p.listed[i][data.ID] = true
			p.mu.Unlock()
		}
	}
}

// hear waits until every page was told of the ticket.
func (p *pages) hear(t *testing.T, id string) {
	t.Helper()
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return !slices.ContainsFunc(p.listed, func(told map[string]bool) bool { return !told[id] })
	}, 30*time.Second, 100*time.Millisecond, "open pages hear of what is listed")
}
