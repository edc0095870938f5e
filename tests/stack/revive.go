package stack

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// Signal sends sig to the part called name. A death that it brings counts as asked for after SIGKILL and SIGTERM.
func (s *Stack) Signal(name string, sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parts[name]
	if p == nil {
		return fmt.Errorf("signal %s: %w", name, errUnknown)
	}
	if sig == syscall.SIGKILL || sig == syscall.SIGTERM {
		p.excused = true
	}
	if !p.process.signal(sig) {
		return fmt.Errorf("signal %s: it is not running", name)
	}
	return nil
}

// Kill ends the part called name as a crash would, and returns when it is gone, with the processes that a server has
// made for itself.
func (s *Stack) Kill(name string) error {
	s.mu.Lock()
	var gone []process
	if p := s.parts[name]; p != nil {
		gone = append(gone, p.process)
		if p.app == nil && name != partDapr { // the CLI's are parts of their own
			p.process.signal(syscall.SIGSTOP) // one that it makes behind our back would keep it from starting again
			gone = append(gone, descendants(p.process)...)
		}
	}
	s.mu.Unlock()
	if err := s.Signal(name, syscall.SIGKILL); err != nil {
		return err
	}
	if left := terminate(gone, syscall.SIGKILL, killGrace); len(left) > 0 {
		return fmt.Errorf("%s is still there after SIGKILL", name)
	}
	return nil
}

// Revive starts the part called name again, exactly as it was started the first time, and returns when it is healthy.
// The part must be dead. It becomes our own child: the CLI does not start anything twice.
func (s *Stack) Revive(ctx context.Context, name string) error {
	s.mu.Lock()
	p := s.parts[name]
	if p == nil || name == partDapr {
		s.mu.Unlock()
		return fmt.Errorf("revive %s: %w", name, errUnknown)
	}
	if p.process.alive() {
		s.mu.Unlock()
		return fmt.Errorf("revive %s: it is still running", name)
	}
	p.command.log = s.logFile(p)
	ch, err := p.command.start()
	if name == partScheduler && !s.options.Backing {
		p.health = s.keepsJobs
	}
	if err == nil {
		p.child, p.process, p.excused = ch, ch.process, false
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return s.await(ctx, p)
}

// Healthy returns when every part is healthy, or with the reason why not when ctx ends or a minute has passed.
func (s *Stack) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s.mu.Lock()
	parts := append([]*part(nil), s.order...)
	s.mu.Unlock()
	return s.await(ctx, parts...)
}
