package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build compiles every service, the Stripe simulator and the inbox into root's .local/bin, where dapr.yaml expects them.
// Its error holds what the compiler said.
func Build(ctx context.Context, root string) error {
	return BuildTo(ctx, root, filepath.Join(root, ".local", "bin"))
}

// BuildTo does it into another folder, which is made. A tree of before there was mail has no inbox.
func BuildTo(ctx context.Context, root, bin string) error {
	args := []string{"build", "-o", bin + "/", "./services/...", "./tests/stripesim"}
	if _, err := os.Stat(filepath.Join(root, "tests", "inbox")); err == nil {
		args = append(args, "./tests/inbox")
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return errors.New("interrupted while building")
	}
	if err != nil {
		return fmt.Errorf("build the services: %w\n%s", err, out)
	}
	return nil
}

// findPrograms fails when something is not installed or not built.
func (s *Stack) findPrograms() error {
	var missing []string
	for _, file := range []string{"bin/dapr", ".dapr/bin/daprd", ".dapr/bin/scheduler"} {
		if _, err := os.Stat(s.tool(file)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, file)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s is missing from .tools: run `make tools`", strings.Join(missing, ", "))
	}
	if err := errors.Join(s.findServers(), s.missingPrometheus()); err != nil {
		return err
	}
	if s.options.Traces != "" {
		if err := CanTrace(s.options.Root); err != nil {
			return err
		}
	}
	for _, file := range s.programs() {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, filepath.Base(file))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s is not built: run `make build`", strings.Join(missing, ", "))
	}
	return nil
}

// programs are the built files that this stack is going to run.
func (s *Stack) programs() []string {
	var files []string
	if !s.RealStripe {
		files = append(files, filepath.Join(s.options.Bin, "stripesim"))
	}
	for _, r := range s.servers {
		if r.name == inboxServer.name {
			files = append(files, filepath.Join(s.options.Bin, r.program))
		}
	}
	if s.options.Backing {
		return files
	}
	for _, app := range s.apps {
		if len(app.Command) > 0 {
			files = append(files, app.Command[0])
		}
	}
	return files
}
