package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	node   = "node1"
	nodeIP = "10.200.0.1" // of the one node, known in the cluster's network namespace only
	pods   = "10.244.0.0/16"
	dnsIP  = "10.96.0.10"
	cgroup = "marketplace-cluster" // the group above those of the pods
)

// place is the folder of everything that a cluster keeps.
func place(root string) string { return filepath.Join(root, ".local", "cluster") }

func theCluster(root string) control {
	return control{root: root, dir: place(root), address: nodeIP, port: 6443, etcd: 2379, peer: 2380}
}

// holder is the process that holds the cluster's namespaces; 0 if there is none. A number that another process has got since does
// not count: the holder's start is noted with it.
func holder(root string) (int, error) {
	text, err := os.ReadFile(filepath.Join(place(root), "holder"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	number, began, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("read which process holds the cluster: %w", err)
	}
	if now, err := begun(pid); err != nil || now != began {
		return 0, nil
	}
	return pid, nil
}

// begun is when a process began, in ticks since the machine did.
func begun(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return "", errors.New("it is no more")
	}
	return fields[19], nil
}

// groups are the cluster's folders among the machine's cgroups: one, or one in each hierarchy of version 1.
func groups() ([]string, error) {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return []string{"/sys/fs/cgroup/" + cgroup}, nil
	}
	all, err := filepath.Glob("/sys/fs/cgroup/*/tasks")
	if err != nil {
		return nil, err
	}
	for i, file := range all {
		all[i] = filepath.Join(filepath.Dir(file), cgroup)
	}
	return all, nil
}
