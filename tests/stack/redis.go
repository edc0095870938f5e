package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// One Redis serves as the store, as the broker, or as both.
var redisServer = server{
	name: "redis", folders: []string{"state-redis", "pubsub-redis"}, program: "redis-server", debian: "redis-server", ports: 1,
	secrets: func(r *running) map[string]string {
		return map[string]string{"redisHost": r.at(), "redisPassword": r.password()}
	},
	prepare: func(_ context.Context, r *running) error {
		if err := os.MkdirAll(r.dir(), 0o700); err != nil {
			return err
		}
		// What components/state-redis asks for. With everysec, while the disk is slow Redis answers before it has written
		// anything, and a crash of Redis alone loses that.
		return writeSecret(filepath.Join(r.dir(), "redis.conf"), fmt.Appendf(nil, `bind 127.0.0.1
port %d
requirepass %s
dir "%s"
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
`, r.ports[0], r.password(), r.dir()))
	},
	part: func(r *running) *part {
		// After a crash it listens while it still reads what it has written, and says so to PING.
		ready := replies(r.ports[0], "AUTH "+r.password()+"\r\nPING\r\n", "+PONG")
		return &part{name: r.name, health: ready, command: command{
			args: []string{r.tool(r.program), filepath.Join(r.dir(), "redis.conf")},
			env:  r.stack.environ(groupBacking, nil),
			dir:  r.stack.options.Dir,
		}}
	},
}
