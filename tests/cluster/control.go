package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// A control is a cluster's control plane: where it listens and how its parts are started.
type control struct {
	root, dir  string // the repository, and a folder for what it keeps
	address    string // the API server's
	port       int
	etcd, peer int // ports on loopback
	start      func(name, program string, args ...string) error
}

const services = "10.96.0.0/16" // addresses of Services; the first one is the API server's

func (c control) pki() pki {
	return pki{filepath.Join(c.dir, "pki"), fmt.Sprintf("https://%s:%d", c.address, c.port)}
}

// serve starts etcd and the API server and waits until that is ready.
func (c control) serve(ctx context.Context, more ...string) error {
	p := c.pki()
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", c.etcd), fmt.Sprintf("http://127.0.0.1:%d", c.peer)
	err := c.start("etcd", at(c.root, "etcd"), "--data-dir", filepath.Join(c.dir, "etcd"), "--log-level", "warn", "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	if err != nil {
		return err
	}
	err = c.start("kube-apiserver", at(c.root, "kube-apiserver"), append([]string{
		"--etcd-servers=" + client, "--bind-address=" + c.address, "--advertise-address=" + c.address, fmt.Sprintf("--secure-port=%d", c.port),
		"--service-cluster-ip-range=" + services, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--client-ca-file=" + p.file("ca.crt"), "--tls-cert-file=" + p.file("apiserver.crt"), "--tls-private-key-file=" + p.file("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + p.file("service-accounts.pub"), "--service-account-signing-key-file=" + p.file("service-accounts.key"),
	}, more...)...)
	if err != nil {
		return err
	}
	return until(ctx, 2*time.Minute, func() error {
		_, err := c.kubectl(ctx, "get", "--raw", "/readyz")
		return err
	})
}

// until tries again and again, and gives up with the last error.
func until(ctx context.Context, limit time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("not within %v: %w", limit, err)
		}
	}
}

// kinds gives the API server what else k8s/ needs: the kinds of Dapr, of the Gateway API, and of the Prometheus operator.
func (c control) kinds(ctx context.Context) error {
	var files []string
	for _, of := range []struct{ module, files string }{
		{"github.com/dapr/dapr@" + dapr, "charts/dapr/crds/*.yaml"},
		{"sigs.k8s.io/gateway-api@" + gatewayAPI, "config/crd/standard/gateway.networking.k8s.io_*.yaml"},
		{"github.com/prometheus-operator/prometheus-operator@" + prometheusOperator, "example/prometheus-operator-crd/monitoring.coreos.com_p*.yaml"},
	} {
		folder, err := module(ctx, of.module)
		if err != nil {
			return err
		}
		found, err := filepath.Glob(filepath.Join(folder, of.files))
		if err != nil || len(found) == 0 {
			return fmt.Errorf("%s has no %s: %w", of.module, of.files, err)
		}
		files = append(files, found...)
	}
	args := []string{"apply", "--server-side"}
	for _, file := range files {
		args = append(args, "-f", file)
	}
	if _, err := c.kubectl(ctx, args...); err != nil {
		return err
	}
	_, err := c.kubectl(ctx, "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
	return err
}
