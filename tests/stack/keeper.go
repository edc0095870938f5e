package stack

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// Every process that a stack starts has this variable in its environment, and so has what those start in turn.
// By it we know our own, orphans too, and signal nothing else. The value is the stack's mark and one of two groups.
const markKey = "MARKETPLACE_STACK"

const (
	groupApps    = "apps"    // the CLI, the sidecars, the services
	groupBacking = "backing" // what they lean on
)

// keeperScript waits until the program that started it is gone, however it went, and then ends what that left running:
// the group named first before the rest, with three seconds to leave in peace. When all is well it finds nothing.
// A death signal set on our children would not do: the CLI ignores signals while it is starting services.
const keeperScript = `
read -r _
mine() { grep -lsz "^` + markKey + `=$1" /proc/[0-9]*/environ | cut -d/ -f3; }
for mark in "$1` + groupApps + `" "$1"; do
	kill -TERM $(mine "$mark") 2>/dev/null
	for i in $(seq 30); do [ -z "$(mine "$mark")" ] && break; sleep 0.1; done
	for i in $(seq 50); do pids=$(mine "$mark"); [ -z "$pids" ] && break; kill -KILL $pids 2>/dev/null; sleep 0.1; done
done
`

// keep starts the keeper of all processes that carry mark. Dismiss ends it; our death sets it to work.
func keep(mark string) (dismiss func(), err error) {
	cmd := exec.Command("/bin/sh", "-c", keeperScript, "stack-keeper", mark)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C at the terminal is not for it
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the keeper: %w", err)
	}
	return func() {
		_, _ = io.WriteString(alive, "\n")
		alive.Close()
		_ = cmd.Wait() // it has nothing to say
	}, nil
}
