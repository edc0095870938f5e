package stack

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Its three ports: for clients, for other nodes and for the daemon that tells nodes from one another.
var rabbitmqServer = server{
	name: "rabbitmq", folders: []string{"pubsub-rabbitmq"}, program: "rabbitmq-server", debian: "rabbitmq-server", ports: 3,
	secrets: func(r *running) map[string]string {
		return map[string]string{"rabbitmqURL": fmt.Sprintf("amqp://marketplace:%s@%s/", r.password(), r.at())}
	},
	prepare: func(_ context.Context, r *running) error {
		if err := os.MkdirAll(r.dir(), 0o700); err != nil {
			return err
		}
		topology, err := os.ReadFile(filepath.Join(r.stack.options.Root, "components", "pubsub-rabbitmq", "definitions.json"))
		if err != nil {
			return err
		}
		definitions, err := withRabbitUser(topology, "marketplace", r.password())
		if err != nil {
			return err
		}
		for name, text := range map[string][]byte{
			"definitions.json": definitions,
			"plugins":          []byte("[].\n"),
			"rabbitmq.conf": fmt.Appendf(nil, "listeners.tcp.1 = %s\nload_definitions = %s\nconsumer_timeout = 86400000\nlog.console = true\nlog.console.level = warning\nlog.file = false\n",
				r.at(), filepath.Join(r.dir(), "definitions.json")),
		} {
			if err := writeSecret(filepath.Join(r.dir(), name), text); err != nil {
				return err
			}
		}
		return nil
	},
	part: func(r *running) *part {
		return &part{name: r.name, health: listens(r.ports[0]), command: command{
			args: []string{r.tool(r.program)},
			env: r.stack.environ(groupBacking, map[string]string{
				"HOME":                          r.dir(), // for its cookie
				"RABBITMQ_NODENAME":             "marketplace@localhost",
				"RABBITMQ_CONF_ENV_FILE":        "/dev/null",
				"RABBITMQ_CONFIG_FILE":          filepath.Join(r.dir(), "rabbitmq.conf"),
				"RABBITMQ_ENABLED_PLUGINS_FILE": filepath.Join(r.dir(), "plugins"),
				"RABBITMQ_MNESIA_BASE":          filepath.Join(r.dir(), "data"),
				"RABBITMQ_LOG_BASE":             filepath.Join(r.dir(), "log"),
				"RABBITMQ_LOGS":                 "-",
				"RABBITMQ_DIST_PORT":            fmt.Sprint(r.ports[1]),
				"ERL_EPMD_PORT":                 fmt.Sprint(r.ports[2]),
				"ERL_EPMD_ADDRESS":              "127.0.0.1",
				"ERL_FLAGS":                     "-kernel inet_dist_use_interface {127,0,0,1}",
				"ERL_CRASH_DUMP_SECONDS":        "0",
				// The script becomes the server instead of watching over it, so that its process is the one to signal.
				"RABBITMQ_ALLOW_INPUT":       "1",
				"RABBITMQ_SERVER_START_ARGS": "-noinput",
			}),
			dir: r.stack.options.Dir,
		}}
	},
}

// withRabbitUser adds to definitions, which a server loads when it starts, its only user.
func withRabbitUser(definitions []byte, name, password string) ([]byte, error) {
	var all map[string]any
	if err := json.Unmarshal(definitions, &all); err != nil {
		return nil, fmt.Errorf("definitions.json: %w", err)
	}
	const salt = "salt" // any four bytes: the password is random
	hash := sha256.Sum256([]byte(salt + password))
	all["users"] = []any{map[string]any{
		"name": name, "password_hash": base64.StdEncoding.EncodeToString(append([]byte(salt), hash[:]...)),
		"hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []string{},
	}}
	all["permissions"] = []any{map[string]any{"user": name, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}}
	return json.MarshalIndent(all, "", "  ")
}
