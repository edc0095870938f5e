package stack

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used.
type Usage struct {
	CPU    time.Duration // user plus system since it started, and of the children it has buried; in steps of 10 ms
	Memory int64         // resident now, bytes
}

// ticksPerSecond is the unit of times in /proc, the same on every Linux.
const ticksPerSecond = 100

// UsageOf is what the process with pid has used.
func UsageOf(pid int) (Usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the first is the third of proc(5)
	if len(fields) < 22 {
		return Usage{}, fmt.Errorf("/proc/%d/stat is too short", pid)
	}
	cpu, err := sum(fields[11:15]) // utime, stime, cutime, cstime
	if err != nil {
		return Usage{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	pages, err := strconv.ParseInt(fields[21], 10, 64)
	return Usage{CPU: cpu, Memory: pages * int64(os.Getpagesize())}, err
}

// MachineCPU is what everything on this machine has used since it started.
func MachineCPU() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu, user, nice, system, idle, iowait, irq, softirq
	if len(fields) < 8 {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	return sum(append(fields[1:4:4], fields[6:8]...))
}

// sum adds up times.
func sum(fields []string) (time.Duration, error) {
	var all time.Duration
	for _, field := range fields {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		all += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	return all, nil
}

// Usage is what the part called name has used, with the processes that a server has made for itself.
func (s *Stack) Usage(name string) (Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parts[name]
	if p == nil {
		return Usage{}, fmt.Errorf("usage of %s: %w", name, errUnknown)
	}
	all, err := UsageOf(p.process.pid)
	if err != nil || p.app != nil || name == partDapr { // the CLI's children are parts of their own
		return all, err
	}
	for _, child := range descendants(p.process) {
		if u, err := UsageOf(child.pid); err == nil { // else it has just left
			all.CPU += u.CPU
			all.Memory += u.Memory
		}
	}
	return all, nil
}

// SetEnv changes the environment in which Revive will start the part called name.
func (s *Stack) SetEnv(name, key, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.parts[name]
	if p == nil {
		return fmt.Errorf("set %s of %s: %w", key, name, errUnknown)
	}
	env := slices.DeleteFunc(slices.Clone(p.command.env), func(entry string) bool { return strings.HasPrefix(entry, key+"=") })
	p.command.env = append(env, key+"="+value)
	return nil
}
