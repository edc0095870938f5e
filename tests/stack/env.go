package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stripeEnv is how payments reaches its card network: the environment's Stripe account, or else the simulator.
func (s *Stack) stripeEnv() map[string]string {
	if key := os.Getenv("STRIPE_SECRET_KEY"); s.RealStripe {
		env := map[string]string{"STRIPE_SECRET_KEY": key}
		for _, name := range []string{"STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE", "STRIPE_PUBLISHABLE_KEY"} {
			if value := os.Getenv(name); value != "" {
				env[name] = value
			}
		}
		return env
	}
	return map[string]string{
		"STRIPE_SECRET_KEY":     s.keys.stripeKey,
		"STRIPE_WEBHOOK_SECRET": s.keys.webhookSecret,
		"STRIPE_API_BASE":       s.StripeURL,
	}
}

// daprEnv is what the Dapr CLI must find in its environment, and hands down to every sidecar and service.
func (s *Stack) daprEnv() map[string]string {
	env := s.stripeEnv()
	env["APP_API_TOKEN"] = s.APIToken
	env["SITE_URL"] = s.siteURL()
	env["DAPR_RUNTIME_PATH"] = s.runtimePath()
	env["DAPR_HOST_IP"] = "127.0.0.1" // where the sidecars tell one another to call
	return env
}

// siteURL is where links in mails lead. A browser keeps its session by name: who came to localhost is nobody at 127.0.0.1.
func (s *Stack) siteURL() string {
	if s.options.FreePorts {
		return s.URL
	}
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

// environ is our own environment without what would confuse the parts, with the mark of group and env over it.
// A DAPR_ or APP_ variable would overrule dapr.yaml, and a Stripe key is for those who are given it.
func (s *Stack) environ(group string, env map[string]string) []string {
	var out []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "DAPR_") || strings.HasPrefix(name, "APP_") || strings.HasPrefix(name, "STRIPE") || name == markKey {
			continue
		}
		out = append(out, entry)
	}
	out = append(out, markKey+"="+s.mark+group)
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	return out
}

// writeEnv leaves what `dapr run -f dapr.yaml` needs, for those who type that themselves.
func (s *Stack) writeEnv() error {
	env := s.daprEnv()
	names := make([]string, 0, len(env))
	for name := range env {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, "%s=%s\n", name, quote(env[name]))
	}
	// The CLI that `make tools` put there, when the machine has none of its own.
	fmt.Fprintf(&text, "PATH=\"$PATH\":%s\n", quote(filepath.Dir(s.tool("bin/dapr"))))
	return writeSecret(s.local("env"), []byte(text.String()))
}

// quote makes text one word for a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
