package stack

import (
	"context"
	"fmt"
	"os"
	"strconv"
)

// Only over TCP, only from this machine, with a password. It refuses to run as root.
var postgresServer = server{
	name: "postgres", folders: []string{"state-postgresql"}, program: "postgres", debian: "postgresql", ports: 1,
	secrets: func(r *running) map[string]string {
		return map[string]string{"postgresURL": fmt.Sprintf("postgres://marketplace:%s@%s/marketplace?sslmode=disable&connect_timeout=4", r.password(), r.at())}
	},
	prepare: func(ctx context.Context, r *running) error {
		return r.once(func(dir string) error {
			password := dir + ".password"
			defer os.Remove(password)
			if err := writeSecret(password, []byte(r.password())); err != nil {
				return err
			}
			initdb := command{as: postgresUser, dir: "/", args: []string{r.tool("initdb"), "--pgdata", dir, "--username", "marketplace", "--pwfile", password,
				"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"}}
			if err := r.runTool(ctx, initdb, ""); err != nil {
				return err
			}
			single := command{as: postgresUser, dir: "/", args: []string{r.tool(r.program), "--single", "-D", dir, "postgres"}}
			return r.runTool(ctx, single, "CREATE DATABASE marketplace\n")
		})
	},
	part: func(r *running) *part {
		return &part{name: r.name, health: replies(r.ports[0], postgresHello, postgresAsksWho), command: command{
			args: []string{r.tool(r.program), "-D", r.dir(), "-p", strconv.Itoa(r.ports[0]), "-c", "listen_addresses=127.0.0.1",
				"-c", "unix_socket_directories=", "-c", "max_connections=200"},
			env: r.stack.environ(groupBacking, nil),
			dir: "/", // a start in our own folder would be as the other user, who may not be let in
			as:  postgresUser,
		}}
	},
}

const (
	postgresUser = "postgres" // Debian's package makes it

	// The first message of protocol 3.0 and how the answer begins once connections are taken: R, with a request for a
	// password. While it starts it answers E, with the reason.
	postgresHello   = "\x00\x00\x00\x2f\x00\x03\x00\x00user\x00marketplace\x00database\x00marketplace\x00\x00"
	postgresAsksWho = "R\x00"
)
