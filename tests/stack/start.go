package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Start starts everything and returns when every part is healthy, within a minute once stand-ins are installed.
// When it fails, or ctx ends first, nothing is left running; the error names the part and quotes the end of its log.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s, err := arrange(o)
	if err != nil {
		return nil, err
	}
	if err = installStandIns(ctx, s.options.Log, s.standIns); err == nil {
		err = s.launch(ctx)
	}
	if err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// Restart stops everything and starts it again on the same folder and ports.
func (s *Stack) Restart(ctx context.Context) error {
	if err := s.halt(); err != nil {
		return err
	}
	return s.launch(ctx)
}

// launch brings up what arrange has planned, or nothing.
func (s *Stack) launch(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := errors.Join(s.findPrograms(), check(s.listeners())); err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return fmt.Errorf("prepare %s: %w", s.local(), err)
	}
	// Processes whose parent dies become our children, so that we can tell when they are gone.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become the keeper of orphaned processes: %w", err)
	}
	if s.dismiss, err = keep(s.mark); err != nil {
		return err
	}
	s.parts, s.order = map[string]*part{}, nil
	defer func() {
		if err != nil {
			s.linkLogs()
			err = errors.Join(err, s.abandon())
		}
	}()

	if err := s.startBacking(ctx); err != nil {
		return err
	}
	if !s.options.Backing {
		if err := s.startDapr(ctx); err != nil {
			return err
		}
		if err := s.startPrometheus(ctx); err != nil {
			return err
		}
	}
	s.linkLogs()
	s.quitWatch = make(chan struct{})
	go s.watch(s.quitWatch)
	return nil
}

// startBacking starts what the services lean on and waits for it, the scheduler apart: that takes seconds,
// and sidecars wait for it by themselves.
func (s *Stack) startBacking(ctx context.Context) error {
	if s.ownScheduler {
		if err := s.run(s.schedulerPart()); err != nil {
			return err
		}
	}
	if !s.RealStripe {
		if err := s.run(s.stripePart()); err != nil {
			return err
		}
	}
	if err := s.startZipkin(); err != nil {
		return err
	}
	if err := s.startServers(ctx); err != nil {
		return err
	}
	if err := s.writeEnv(); err != nil {
		return err
	}
	if s.options.Backing {
		return s.await(ctx, s.order...)
	}
	return nil
}

// startDapr hands dapr.yaml to the Dapr CLI and waits until every service, every sidecar and the rest is healthy.
func (s *Stack) startDapr(ctx context.Context) error {
	start := time.Now()
	cli := &part{name: partDapr, command: command{
		args: []string{s.tool("bin/dapr"), "run", "-f", s.RunFile},
		env:  s.environ(groupApps, s.daprEnv()),
		dir:  s.options.Dir,
	}}
	if err := s.run(cli); err != nil {
		return err
	}
	s.mu.Lock()
	// The CLI ends because one of its services cannot start; the service comes first, as it says more.
	s.order = append(s.order[:len(s.order)-1], append(appParts(s.apps), cli)...)
	for _, p := range s.order {
		s.parts[p.name] = p
	}
	s.mu.Unlock()
	if err := s.await(ctx, s.order...); err != nil {
		return err
	}
	if err := s.replicate(ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.options.Log, "services and sidecars are healthy after %.1f s\n", time.Since(start).Seconds())
	return nil
}

// run starts p as a child of ours.
func (s *Stack) run(p *part) error {
	p.command.log = s.local("logs", p.name+".log")
	ch, err := p.command.start()
	if err != nil {
		return err
	}
	p.child, p.process = ch, ch.process
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts[p.name] = p
	s.order = append(s.order, p)
	return nil
}
