package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
)

//go:embed settings
var settings embed.FS

// parts starts everything that makes a node and its control plane, in this order: each waits for the API server by itself.
func (c control) parts() error {
	p := c.pki()
	containerd, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	if err := c.makeGroups(); err != nil {
		return err
	}
	if err := c.write("containerd.toml", "kubelet.yaml", "kube-proxy.yaml", "resolver"); err != nil {
		return err
	}
	if err := c.into("cni", "bridge.conflist"); err != nil {
		return err
	}
	if err := c.start("containerd", containerd, "--config", filepath.Join(c.dir, "settings", "containerd.toml")); err != nil {
		return err
	}
	err = c.serve(context.Background(), "--allow-privileged=true",
		"--kubelet-certificate-authority="+p.file("ca.crt"), "--kubelet-client-certificate="+p.file("to-kubelet.crt"),
		"--kubelet-client-key="+p.file("to-kubelet.key"), "--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file="+p.file("front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+p.file("front-proxy.crt"), "--proxy-client-key-file="+p.file("front-proxy.key"))
	if err != nil {
		return err
	}
	asks := func(name string) []string {
		conf := p.file(name + ".conf")
		return []string{"--kubeconfig=" + conf, "--authentication-kubeconfig=" + conf, "--authorization-kubeconfig=" + conf,
			"--bind-address=127.0.0.1", "--leader-elect=false"}
	}
	return errors.Join(
		c.start("kube-controller-manager", at(c.root, "kube-controller-manager"), append(asks("controller-manager"),
			"--use-service-account-credentials", "--service-account-private-key-file="+p.file("service-accounts.key"),
			"--root-ca-file="+p.file("ca.crt"), "--cluster-signing-cert-file="+p.file("ca.crt"), "--cluster-signing-key-file="+p.file("ca.key"),
			"--cluster-cidr="+pods, "--allocate-node-cidrs=false", "--requestheader-client-ca-file="+p.file("front-proxy-ca.crt"))...),
		c.start("kube-scheduler", at(c.root, "kube-scheduler"), asks("scheduler")...),
		c.start("kubelet", at(c.root, "kubelet"), "--config="+filepath.Join(c.dir, "settings", "kubelet.yaml"), "--kubeconfig="+p.file("kubelet.conf"),
			"--hostname-override="+node, "--node-ip="+nodeIP, "--node-labels=topology.kubernetes.io/zone=zone1"),
		c.start("kube-proxy", at(c.root, "kube-proxy"), "--config="+filepath.Join(c.dir, "settings", "kube-proxy.yaml")),
		// As a process of the node, not a pod: it is to enforce the policies, not to be subject to them.
		c.start("kube-router", at(c.root, "kube-router"), "--kubeconfig="+p.file("admin.conf"), "--hostname-override="+node,
			"--run-router=false", "--run-service-proxy=false", "--run-loadbalancer=false", "--run-firewall=true",
			"--service-cluster-ip-range="+services, "--health-port=0", "--metrics-port=0", "--iptables-sync-period=30s"),
	)
}

// write fills in the settings of parts and puts them into the cluster's folder.
func (c control) write(names ...string) error { return c.into("settings", names...) }

func (c control) into(folder string, names ...string) error {
	for _, name := range names {
		text, err := c.filled(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.dir, folder, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (c control) filled(name string) ([]byte, error) {
	t, err := template.ParseFS(settings, "settings/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{
		"Dir": c.dir, "PKI": c.pki().dir, "Node": node, "NodeIP": nodeIP, "Pods": pods, "DNS": dnsIP, "Cgroup": cgroup, "Disks": make([]struct{}, 16),
	})
	return out.Bytes(), err
}

// makeGroups makes the group above those of the pods. In version 1 a new cpuset has no processors and must be given some.
func (c control) makeGroups() error {
	all, err := groups()
	if err != nil {
		return err
	}
	for _, folder := range all {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		above := filepath.Dir(folder)
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if text, err := os.ReadFile(filepath.Join(above, file)); err == nil {
				if err := os.WriteFile(filepath.Join(folder, file), text, 0o644); err != nil {
					return err
				}
			}
		}
		if _, err := os.Stat(filepath.Join(above, "cgroup.subtree_control")); err == nil {
			for _, at := range []string{above, folder} {
				_ = os.WriteFile(filepath.Join(at, "cgroup.subtree_control"), []byte("+cpu +cpuset +memory +pids +io"), 0o644) // kubelet says what it misses
			}
		}
	}
	return nil
}
