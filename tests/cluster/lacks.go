package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// lacks says in one sentence what this machine has not that a cluster needs, before anything is built.
func lacks() error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster of its own needs root; with KUBECONFIG set, one that is there is used")
	}
	var missing []string
	for program, pkg := range map[string]string{
		"containerd": "containerd", "ctr": "containerd", "runc": "runc", "iptables": "iptables", "ipset": "ipset", "conntrack": "conntrack",
		"ip": "iproute2", "nsenter": "util-linux", "openssl": "openssl", "redis-server": "redis-server", "ldd": "libc-bin", "tar": "tar",
		"/usr/lib/cni/bridge": "containernetworking-plugins",
	} {
		if _, err := exec.LookPath(program); err != nil && !strings.Contains(strings.Join(missing, " ")+" ", pkg+" ") {
			missing = append(missing, pkg)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing here, all of Debian: apt-get install --no-install-recommends %s", strings.Join(missing, " "))
	}
	probe := exec.Command("true")
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if err := probe.Run(); err != nil {
		return fmt.Errorf("this machine gives nobody namespaces for network, mounts and processes: %w", err)
	}
	if kinds, err := os.ReadFile("/proc/filesystems"); err != nil || !bytes.Contains(kinds, []byte("\toverlay\n")) {
		return errors.New("this machine's kernel has no overlayfs")
	}
	all, err := groups()
	if err != nil || len(all) == 0 {
		return errors.New("no cgroups are mounted on /sys/fs/cgroup")
	}
	return nil
}
