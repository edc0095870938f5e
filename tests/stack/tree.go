package stack

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is one that a stack started, itself or through the CLI. Its start time tells it from a later one with the same pid.
type process struct {
	pid     int
	started string // field of /proc/PID/stat, in clock ticks since boot
}

// processes returns every living process that carries mark, wherever in the process tree it is by now.
func processes(mark string) []process {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []process
	for _, dir := range dirs {
		pid, err := strconv.Atoi(dir.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if p, ok := lookup(pid); ok && strings.HasPrefix(p.env(markKey), mark) {
			found = append(found, p)
		}
	}
	return found
}

// descendants returns the processes that parent has made, and those that these made. They are told by their parents and
// not by our mark: PostgreSQL's write over their environment.
func descendants(parent process) []process {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	made := map[int][]process{}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(dir.Name())
		if err != nil {
			continue
		}
		if p, ok := lookup(pid); ok {
			of := readStat(pid).parent
			made[of] = append(made[of], p)
		}
	}
	all := slices.Clone(made[parent.pid])
	for i := 0; i < len(all); i++ {
		all = append(all, made[all[i].pid]...)
	}
	return all
}

// lookup finds the process that has pid now; a zombie counts as gone once its last thread has left: until then it holds
// on to its ports.
func lookup(pid int) (process, bool) {
	stat := readStat(pid)
	ended := stat.state == "" || stat.state == "X" || stat.state == "Z" && stat.threads <= 1
	return process{pid: pid, started: stat.started}, !ended
}

type stat struct {
	state   string // "" when there is no such process
	parent  int
	threads int
	started string
}

func readStat(pid int) stat {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}
	}
	// The name is in parentheses and may hold anything; behind it come the state, the parent, 16 further the number of
	// threads, and then the start time.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return stat{}
	}
	parent, _ := strconv.Atoi(fields[1])
	threads, _ := strconv.Atoi(fields[17])
	return stat{state: fields[0], parent: parent, threads: threads, started: fields[19]}
}

func (p process) alive() bool {
	now, ok := lookup(p.pid)
	return ok && now == p
}

// signal reports whether p was alive and was sent sig.
func (p process) signal(sig syscall.Signal) bool {
	return p.alive() && syscall.Kill(p.pid, sig) == nil
}

func (p process) file(name string) string {
	text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), name)) // gone, or another user's: nothing to read
	return string(text)
}

func (p process) args() []string {
	return strings.Split(strings.TrimRight(p.file("cmdline"), "\x00"), "\x00")
}

func (p process) environ() []string {
	return strings.Split(strings.TrimRight(p.file("environ"), "\x00"), "\x00")
}

func (p process) env(name string) string {
	for _, entry := range p.environ() {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			return value
		}
	}
	return ""
}

// terminate sends sig to all of ps and waits until they are gone, at most limit. It returns those that are not.
func terminate(ps []process, sig syscall.Signal, limit time.Duration) []process {
	for _, p := range ps {
		p.signal(sig)
	}
	deadline := time.Now().Add(limit)
	for {
		ps = slices.DeleteFunc(slices.Clone(ps), func(p process) bool {
			reap(p)
			return !p.alive()
		})
		if len(ps) == 0 || time.Now().After(deadline) {
			return ps
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// reap takes p's exit status if p is an orphan that came to us. A process that somebody else waits for is not touched:
// ours are waited for by their exec.Cmd, and the CLI's by the CLI.
func reap(p process) {
	now := readStat(p.pid)
	if now.started == p.started && now.state == "Z" && now.parent == os.Getpid() && !startedHere(p.pid) {
		_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil) // gone already is as good
	}
}
