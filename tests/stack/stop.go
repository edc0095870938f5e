package stack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"
)

// How long each group may take to leave before it is killed.
const (
	webGrace     = 5 * time.Second
	serviceGrace = 10 * time.Second
	sidecarGrace = 5 * time.Second
	cliGrace     = time.Second // it has nothing left to do; while still starting services it does not even listen
	backingGrace = 5 * time.Second
	killGrace    = 5 * time.Second
)

// Stop ends everything, gently and from the outside in: web, the services, their sidecars, the CLI, then what they
// leaned on. What does not leave in time is killed. After it no process of the stack is left and its ports are free;
// where that is not so, the error says what is.
func (s *Stack) Stop() error {
	err := s.halt()
	s.release()
	return err
}

// halt stops the processes and keeps ports and folder.
func (s *Stack) halt() error {
	if s.quitWatch != nil {
		close(s.quitWatch)
		s.quitWatch = nil
	}
	s.mu.Lock()
	var web, services, sidecars, backing []process
	var cli []process
	for _, p := range s.order {
		p.excused = true
		switch {
		case p.name == partDapr:
			cli = append(cli, p.process)
		case p.app == nil:
			backing = append(backing, p.process)
		case p.sidecar:
			sidecars = append(sidecars, p.process)
		case p.app.ID == "web":
			web = append(web, p.process)
		default:
			services = append(services, p.process)
		}
	}
	s.mu.Unlock()

	for _, group := range []struct {
		processes []process
		limit     time.Duration
	}{
		{web, webGrace}, // no new orders while the services finish theirs
		{services, serviceGrace},
		{sidecars, sidecarGrace}, // the CLI would kill them in mid-sentence
		{cli, cliGrace},
		{backing, backingGrace},
	} {
		for _, p := range terminate(group.processes, syscall.SIGTERM, group.limit) {
			if name := s.nameOf(p); name != partDapr {
				fmt.Fprintf(s.options.Log, "%s did not stop within %s and is killed\n", name, group.limit)
			}
			p.signal(syscall.SIGKILL)
		}
	}
	return s.end()
}

// abandon ends a stack that did not come up. A CLI that is still starting services ignores signals and would start
// the next one, so it goes first and the hard way; its children then come to us.
func (s *Stack) abandon() error {
	s.mu.Lock()
	for _, p := range s.order {
		p.excused = true
	}
	s.mu.Unlock()
	if cli := s.parts[partDapr]; cli != nil {
		terminate([]process{cli.process}, syscall.SIGKILL, killGrace)
	}
	// The scheduler goes after its sidecars: else it does not sign off, and the next one waits 20 s for it.
	terminate(processes(s.mark+groupApps), syscall.SIGTERM, 2*time.Second)
	terminate(processes(s.mark), syscall.SIGTERM, backingGrace)
	return s.end()
}

// end kills whatever still carries our mark and makes sure that nothing is left, no process and no port.
func (s *Stack) end() error {
	left := killAll(s.mark)
	s.dismiss()
	if s.stopFigures != nil {
		s.stopFigures()
		s.stopFigures = nil
	}
	if len(left) > 0 {
		var names []string
		for _, p := range left {
			names = append(names, fmt.Sprintf("%s (process %d)", s.nameOf(p), p.pid))
		}
		return fmt.Errorf("still running after SIGKILL: %s", strings.Join(names, ", "))
	}
	if err := check(s.listeners()); err != nil {
		return fmt.Errorf("after stopping: %w", err)
	}
	return nil
}

// KillAll ends every process of every stack that this program has started, at once and without grace.
func KillAll() { killAll(programMark) }

// killAll kills until a look finds none: one that is just being started may not show in the first.
func killAll(mark string) []process {
	deadline := time.Now().Add(killGrace)
	for {
		left := processes(mark)
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		terminate(left, syscall.SIGKILL, time.Second)
	}
}

// release gives ports and folder back.
func (s *Stack) release() {
	if s.block != nil {
		s.block.release()
	}
	if s.lock != nil {
		s.lock.Close()
	}
}

func (s *Stack) nameOf(wanted process) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.order, func(p *part) bool { return p.process == wanted })
	if i < 0 {
		return "a process"
	}
	return s.order[i].name
}

var errUnknown = errors.New("the stack has no such part")
