//go:build cluster

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These tests run against the cluster of `make cluster`, or the one that KUBECONFIG names; there SITE says where its market is.
var (
	cluster control
	site    string
)

// TestMain goes into the cluster's network, where Services and the API server have their addresses.
func TestMain(m *testing.M) {
	if err := enter(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func enter() error {
	repository, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	cluster = theCluster(repository)
	pid, err := holder(repository)
	if err != nil {
		return err
	}
	if site = os.Getenv("SITE"); site != "" {
		return nil
	}
	if pid == 0 || os.Getenv("KUBECONFIG") != "" {
		return fmt.Errorf("there is no cluster: `make cluster` makes one; or say which with KUBECONFIG, and SITE where its market is")
	}
	if os.Getenv("CLUSTER_ENTERED") == "" {
		nsenter, err := exec.LookPath("nsenter")
		if err != nil {
			return err
		}
		return syscall.Exec(nsenter, append([]string{"nsenter", fmt.Sprintf("--target=%d", pid), "--net", "--"}, os.Args...), append(os.Environ(), "CLUSTER_ENTERED=yes"))
	}
	ip, err := cluster.kubectl(context.Background(), "get", "service", "web", "-n", "marketplace", "-o", "jsonpath={.spec.clusterIP}")
	site = "http://" + ip
	return err
}

// kube is kubectl in the market's namespace. It must succeed.
func kube(t *testing.T, args ...string) string {
	t.Helper()
	out, err := cluster.kubectl(t.Context(), append([]string{"--namespace=marketplace"}, args...)...)
	require.NoError(t, err)
	return out
}

// settle waits until every service is as it should be.
func settle(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"deployment", "statefulset"} {
		for _, name := range strings.Fields(kube(t, "get", kind, "-o", "jsonpath={.items[*].metadata.name}")) {
			kube(t, "rollout", "status", kind+"/"+name, "--timeout=5m")
		}
	}
}

// A person has a session. Requests that meet a 503, or nobody at all, are sent again: that is what the API asks of its clients.
type person struct {
	email, cookie string
	odd           func(string) // told of answers that no retry explains
}

var people atomic.Int64

const patience = 90 * time.Second

func newcomer(t *testing.T) *person {
	t.Helper()
	p := &person{email: fmt.Sprintf("p%d.%d@example.com", people.Add(1), time.Now().UnixNano()), odd: func(s string) { t.Error(s) }}
	status, body := p.ask("POST", "/api/users/signup", `{"email":"`+p.email+`","password":"correct horse"}`)
	require.Equal(t, 201, status, "%s", body)
	return p
}

// newSeller is somebody whose address an operator has verified, as k8s/README.md says for a market without mail.
func newSeller(t *testing.T) *person {
	t.Helper()
	p := newcomer(t)
	kube(t, "exec", "deployment/auth", "-c", "app", "--", "/auth", "verify", p.email)
	status, body := p.ask("POST", "/api/users/signin", `{"email":"`+p.email+`","password":"correct horse"}`)
	require.Equal(t, 200, status, "%s", body)
	return p
}

// ask sends a request until it is answered with something else than "not now".
func (p *person) ask(method, path, body string) (int, []byte) {
	began := time.Now()
	for {
		status, answer, err := p.once(method, path, body)
		if err == nil && status >= 500 && status != http.StatusServiceUnavailable {
			p.odd(fmt.Sprintf("%s %s: %d %s", method, path, status, answer))
		}
		if err == nil && status < 500 {
			return status, answer
		}
		if time.Since(began) > patience {
			return status, fmt.Appendf(nil, "no answer within %v, last %d %s %v", patience, status, answer, err)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

var client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (p *person) once(method, path, body string) (int, []byte, error) {
	req, err := http.NewRequest(method, site+path, bytes.NewBufferString(body))
	if err != nil {
		return 0, nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.cookie != "" {
		req.Header.Set("Cookie", p.cookie)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name == "session" {
			p.cookie = c.Name + "=" + c.Value
		}
	}
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

func field(answer []byte, name string) string {
	var all map[string]any
	_ = json.Unmarshal(answer, &all) // without it: ""
	value, _ := all[name].(string)
	return value
}
