package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// down ends the cluster. The holder is the first process in its namespaces: with it the kernel ends all others, and then nobody
// is left to hold mounts, network or filters. What remains are its cgroups and its folder.
func down(root string) error {
	pid, err := holder(root)
	if err != nil {
		return err
	}
	if pid != 0 {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("end the cluster: %w", err)
		}
		for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			if now, err := holder(root); err != nil || now == 0 {
				break
			}
			if time.Since(began) > time.Minute {
				return fmt.Errorf("process %d does not end", pid)
			}
		}
	}
	all, err := groups()
	if err != nil {
		return err
	}
	more, err := filepath.Glob("/sys/fs/cgroup/*/" + cgroup)
	if err != nil {
		return err
	}
	for _, group := range append(all, more...) {
		if err := emptied(group); err != nil {
			return err
		}
	}
	return os.RemoveAll(place(root))
}

// emptied removes a cgroup and those below it, the innermost first. The last processes may take a moment to leave.
func emptied(group string) error {
	var folders []string
	err := filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range slices.Backward(folders) {
		for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			err := os.Remove(folder)
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				break
			}
			if time.Since(began) > 10*time.Second {
				return err
			}
		}
	}
	return nil
}
