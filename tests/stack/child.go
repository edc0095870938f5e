package stack

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A command is all it takes to start a process, and to start it again.
type command struct {
	args []string
	env  []string
	dir  string
	log  string // file that its output is added to
	as   string // the user it runs as when we are root; "" means ourselves
}

// A child is a process that we started ourselves and wait for.
type child struct {
	process
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
}

// ours are the pids that an exec.Cmd of ours waits for.
var ours sync.Map

func startedHere(pid int) bool {
	_, ok := ours.Load(pid)
	return ok
}

// start runs c.
func (c command) start() (*child, error) {
	// A file and not a pipe: with a pipe our own death would kill the child at its next line, before it can tidy up.
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()

	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env, cmd.Dir = c.env, c.dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = c.attributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.args[0], err)
	}
	pid := cmd.Process.Pid
	ours.Store(pid, true)
	// It may have died already; it stays a zombie until Wait below, so the pid is still its own.
	ch := &child{process: process{pid: pid, started: readStat(pid).started}, done: make(chan struct{})}
	go func() {
		ch.err = cmd.Wait()
		ours.Delete(pid)
		close(ch.done)
	}()
	return ch, nil
}

// attributes give c a process group of its own, so that a Ctrl-C at the terminal reaches us alone, and its user, who may
// reach our folders all the same.
func (c command) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if c.as == "" || os.Getuid() != 0 {
		return attributes
	}
	if other, err := user.Lookup(c.as); err == nil {
		uid, _ := strconv.ParseUint(other.Uid, 10, 32)
		gid, _ := strconv.ParseUint(other.Gid, 10, 32)
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		attributes.AmbientCaps = []uintptr{unix.CAP_DAC_OVERRIDE}
	}
	return attributes
}

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
