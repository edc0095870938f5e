package stack

import (
	"fmt"
	"path/filepath"
	"regexp"
	"time"
)

// A Death is a part that ended although nobody asked it to.
type Death struct {
	Name string // of the part
	How  string // its exit status, "" when unknown
	Log  string // file with what it wrote
	Tail string // the last lines of that
}

func (d Death) Error() string {
	how := "ended"
	if d.How != "" {
		how += " with " + d.How
	}
	if d.Tail == "" {
		return fmt.Sprintf("%s %s without a word in its log", d.Name, how)
	}
	return fmt.Sprintf("%s %s; the last lines of %s:\n%s", d.Name, how, filepath.Base(d.Log), d.Tail)
}

// What the CLI writes into a part's log when that ends. It is the only trace of one that ended before we saw it.
var cliSaysEnded = regexp.MustCompile(`(?:The (?:App|daprd) process exited with error code: (.*)|Exited (?:App|Dapr) successfully)`)

// died returns the parts that have ended since the last call and were not asked to.
func (s *Stack) died() []Death {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find()
	var dead []Death
	for _, p := range s.order {
		if p.excused {
			continue
		}
		log := s.logFile(p)
		d := Death{Name: p.name, Log: log}
		switch {
		case p.child != nil:
			if !p.child.ended() {
				continue
			}
			if p.child.err != nil {
				d.How = p.child.err.Error()
			}
		case p.process.pid != 0 && p.process.alive():
			continue
		default:
			said := cliSaysEnded.FindStringSubmatch(tail(log, 20))
			if said == nil && p.process.pid == 0 {
				continue // not started yet
			}
			if said != nil {
				d.How = said[1]
			}
		}
		p.excused = true
		d.Tail = tail(log, 15)
		dead = append(dead, d)
	}
	return dead
}

// watch tells deaths while the stack runs.
func (s *Stack) watch(quit <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case <-tick.C:
			for _, d := range s.died() {
				select {
				case s.deaths <- d:
				default: // nobody listens, and there is one to be read
				}
			}
		}
	}
}
