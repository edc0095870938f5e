package stack

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// replicate starts the further replicas of every service, each beside its own sidecar: as the CLI has started the first,
// but for the ports. It returns when all are healthy.
func (s *Stack) replicate(ctx context.Context) error {
	parts := appParts(s.further)
	for _, p := range parts {
		original := p.app.ID
		if p.sidecar {
			original = sidecarOf(original)
		}
		s.mu.Lock()
		p.command = s.parts[original].command
		s.mu.Unlock()
		p.command.log = ""
		var err error
		if p.sidecar {
			err = p.command.moveSidecar(*p.app)
		} else {
			p.command.moveService(*p.app)
		}
		if err == nil {
			err = s.run(p)
		}
		if err != nil {
			return fmt.Errorf("start %s: %w", p.name, err)
		}
	}
	return s.await(ctx, parts...)
}

// Attach starts one more sidecar with the settings of the one beside the service called id, for an app of the caller's
// that listens on port. It becomes the part called name, hears what a further replica of the service would hear, and
// ends with the stack.
func (s *Stack) Attach(ctx context.Context, id, name string, port int) error {
	s.mu.Lock()
	original := s.parts[sidecarOf(id)]
	if original == nil || s.parts[name] != nil {
		s.mu.Unlock()
		return fmt.Errorf("attach %s to %s: %w", name, id, errUnknown)
	}
	c := original.command
	s.mu.Unlock()

	at := App{ID: id}
	at.renumber(s.block.take)
	at.AppPort = port
	if err := c.moveSidecar(at); err != nil {
		return fmt.Errorf("attach %s: %w", name, err)
	}
	p := &part{name: name, health: answers(at.HTTPPort, "/v1.0/healthz", 204), command: c}
	if err := s.run(p); err != nil {
		return err
	}
	return s.await(ctx, p)
}

// moveSidecar makes c the start of a like sidecar on the ports of at.
func (c *command) moveSidecar(at App) error {
	c.args = slices.Clone(c.args)
	for flag, port := range map[string]int{
		"--app-port": at.AppPort, "--dapr-http-port": at.HTTPPort, "--dapr-grpc-port": at.GRPCPort,
		"--dapr-internal-grpc-port": at.InternalPort, "--metrics-port": at.MetricsPort,
	} {
		i := slices.Index(c.args, flag)
		if i < 0 || i+1 == len(c.args) {
			return fmt.Errorf("the sidecar of %s has no %s", at.ID, flag)
		}
		c.args[i+1] = strconv.Itoa(port)
	}
	return nil
}

// moveService makes c the start of a like service on the ports of at.
func (c *command) moveService(at App) {
	ports := map[string]int{"APP_PORT": at.AppPort, "DAPR_HTTP_PORT": at.HTTPPort, "DAPR_GRPC_PORT": at.GRPCPort, "DAPR_METRICS_PORT": at.MetricsPort, figuresKey: at.FiguresPort()}
	c.env = slices.Clone(c.env)
	for i, entry := range c.env {
		name, _, _ := strings.Cut(entry, "=")
		if port, ok := ports[name]; ok {
			c.env[i] = name + "=" + strconv.Itoa(port)
		}
	}
}
