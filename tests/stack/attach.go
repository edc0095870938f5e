package stack

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

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

	c.args = slices.Clone(c.args)
	http := s.block.take()
	for flag, value := range map[string]int{
		"--app-port": port, "--dapr-http-port": http, "--dapr-grpc-port": s.block.take(),
		"--dapr-internal-grpc-port": s.block.take(), "--metrics-port": s.block.take(),
	} {
		i := slices.Index(c.args, flag)
		if i < 0 || i+1 == len(c.args) {
			return fmt.Errorf("attach %s: the sidecar of %s has no %s", name, id, flag)
		}
		c.args[i+1] = strconv.Itoa(value)
	}
	p := &part{name: name, health: answers(http, "/v1.0/healthz", 204), command: c}
	if err := s.run(p); err != nil {
		return err
	}
	return s.await(ctx, p)
}
