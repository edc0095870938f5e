package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// namespaces are the cluster's own: its network, what it mounts, its processes.
const namespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID

// hold is the first process in the cluster's namespaces. It starts the parts and takes in the orphans until it is killed, and with
// it end all others: pods, mounts, addresses and filters are gone without being counted.
func hold(root string) error {
	c := theCluster(root)
	c.start = c.spawn
	if err := c.mounts(); err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	if err := network(); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if err := c.parts(); err != nil {
		return err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.ECHILD {
			return nil
		}
		if err == nil && started[pid] != "" {
			fmt.Printf("%s ended: exit %d, signal %d\n", started[pid], status.ExitStatus(), status.Signal())
		}
	}
}

var started = map[int]string{}

// spawn starts a part, whose words go to a file of its name. Nobody waits for it but hold.
func (c control) spawn(name, path string, args ...string) error {
	log, err := os.Create(filepath.Join(c.dir, "logs", name+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	nowhere, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer nowhere.Close()
	p, err := os.StartProcess(path, append([]string{path}, args...), &os.ProcAttr{Files: []*os.File{nowhere, log, log}, Env: os.Environ()})
	if err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	started[p.Pid] = name
	return nil
}

// mounts gives the parts a place for what they would leave on the machine: /run, /var/lib and /var/log are the cluster's own.
func (c control) mounts() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, folder := range []string{"/var/lib", "/var/log"} {
		own := filepath.Join(c.dir, folder)
		if err := os.MkdirAll(own, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(own, folder, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, "") // kubelet's volumes must reach the containers
}

// network is the node's: a veth pair of which it is one end, since not every kernel has dummies.
func network() error {
	for _, line := range []string{
		"link set lo up",
		"link add node0 type veth peer name node0p",
		"addr add " + nodeIP + "/24 dev node0",
		"link set node0 up",
		"link set node0p up",
		"route add default dev node0",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, out)
		}
	}
	for _, file := range []string{"net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"} {
		if err := os.WriteFile("/proc/sys/"+file, []byte("1"), 0o644); err != nil {
			return err
		}
	}
	return nil
}
