package deploy

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The job asks for as many copies of each message as there are servers, on all topics of the code, and the services
// that listen wait for it.
func TestStreamsFitTheBroker(t *testing.T) {
	verify(t, func(m *market, c code) []string {
		var wrong list
		job := &m.jobs["streams"].Spec.Template.Spec.Containers[0]
		servers := strconv.Itoa(int(*m.statefulSets["nats"].Spec.Replicas))
		if got := value(job, "REPLICAS"); got != servers {
			wrong.add("the job asks for %s copies of each message, and there are %s servers", got, servers)
		}
		if !slices.Equal(job.Args, []string{"create"}) {
			wrong.add("the job does %v", job.Args)
		}
		for name, d := range m.deployments {
			waits := false
			for _, init := range d.Spec.Template.Spec.InitContainers {
				waits = waits || slices.Equal(init.Args, []string{"wait"}) && init.Image == job.Image
			}
			if waits != c.listens[name] {
				wrong.add("%s: waits for the streams: %v, has events: %v", name, waits, c.listens[name])
			}
		}
		return wrong.sorted()
	},
		spoil{"fewer servers than copies", "", func(m *market, c *code) { *m.statefulSets["nats"].Spec.Replicas = 1 }, "asks for 3 copies of each message, and there are 1"},
		spoil{"a service that does not wait", "", func(m *market, c *code) { m.deployments["orders"].Spec.Template.Spec.InitContainers = nil }, "orders: waits for the streams: false"},
	)
}

// The servers of each overlay, with the configuration it gives them, and the job's program on them: every topic gets
// its stream, on every server, on the disk at once.
func TestStreamsOnTheConfiguredServers(t *testing.T) {
	program, err := streams()
	require.NoError(t, err)
	for name, servers := range map[string]int{"dev": 1, "production": 3} {
		t.Run(name, func(t *testing.T) {
			m := variant(t, name)
			require.Equal(t, servers, int(*m.statefulSets["nats"].Spec.Replicas))
			url := startBroker(t, m, servers)
			run := func(args ...string) ([]byte, error) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				command := exec.CommandContext(ctx, program, args...)
				command.Env = append(os.Environ(), "NATS_URL="+url, "REPLICAS="+strconv.Itoa(servers), "STREAM_PATIENCE=40s")
				return command.CombinedOutput()
			}

			waited := make(chan error, 1)
			go func() { _, err := run("wait"); waited <- err }()
			select {
			case <-waited:
				t.Fatal("nothing to wait for yet")
			case <-time.After(time.Second):
			}
			out, err := run("create")
			require.NoError(t, err, string(out))
			require.NoError(t, <-waited)
			out, err = run("create")
			require.NoError(t, err, "a second time: %s", out)
			assert.NotContains(t, string(out), "sesame", "the log has the password")

			conn, err := nats.Connect(url)
			require.NoError(t, err)
			defer conn.Close()
			js, err := jetstream.New(conn)
			require.NoError(t, err)
			var found []string
			for info := range js.ListStreams(t.Context()).Info() {
				found = append(found, info.Config.Name)
				assert.Equal(t, []string{info.Config.Name}, info.Config.Subjects)
				assert.Equal(t, servers, info.Config.Replicas, info.Config.Name)
				assert.Equal(t, jetstream.FileStorage, info.Config.Storage, info.Config.Name)
				// What all have handled goes, and who is to handle it is known beforehand.
				goes := info.Config.Retention == jetstream.InterestPolicy
				assert.Equal(t, goes, info.State.Consumers > 0, info.Config.Name)
				assert.NotEqual(t, goes, info.Config.Name == "heartbeats", info.Config.Name)
			}
			assert.ElementsMatch(t, facts(t).topics, found)

			for range 5 {
				_, err := js.Publish(t.Context(), "payments", []byte("{}"))
				require.NoError(t, err)
			}
			left := func() uint64 {
				stream, err := js.Stream(t.Context(), "payments")
				require.NoError(t, err)
				return stream.CachedInfo().State.Msgs
			}
			assert.EqualValues(t, 5, left(), "nobody listens yet")
			orders, err := js.PushConsumer(t.Context(), "payments", "orders")
			require.NoError(t, err)
			consuming, err := orders.Consume(func(msg jetstream.Msg) { assert.NoError(t, msg.DoubleAck(t.Context())) })
			require.NoError(t, err)
			assert.Eventually(t, func() bool { return left() == 0 }, 10*time.Second, 50*time.Millisecond, "all is handled")
			consuming.Stop()

			_, err = nats.Connect(strings.ReplaceAll(url, "sesame", "hunter2"))
			assert.ErrorIs(t, err, nats.ErrAuthorization)
		})
	}
}

// startBroker runs the servers in this process and returns how clients reach them.
func startBroker(t *testing.T, m *market, servers int) string {
	t.Helper()
	t.Setenv("NATS_PASSWORD", "sesame")
	files := map[string]string{}
	for name, c := range m.configMaps {
		if strings.HasPrefix(name, "nats") {
			files = c.Data
		}
	}
	require.NotEmpty(t, files)

	var urls, routes []string
	var all []*server.Server
	for i := range servers {
		t.Setenv("POD_NAME", fmt.Sprintf("nats-%d", i))
		dir := t.TempDir()
		for name, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
		options, err := server.ProcessConfigFile(filepath.Join(dir, "nats.conf"))
		require.NoError(t, err)
		assert.True(t, options.SyncAlways, "what is confirmed must be on the disk")
		assert.True(t, options.JetStream)
		assert.Equal(t, 4222, options.Port)
		assert.Equal(t, 8222, options.HTTPPort)
		assert.Equal(t, fmt.Sprintf("nats-%d", i), options.ServerName)
		assert.Less(t, options.JetStreamMaxStore, quantity(m), "the disk is larger than what the server may keep")
		if servers > 1 {
			require.Len(t, options.Routes, servers)
			assert.Equal(t, 6222, options.Cluster.Port)
			for n, r := range options.Routes {
				assert.Equal(t, fmt.Sprintf("nats-%d.%s:6222", n, m.statefulSets["nats"].Spec.ServiceName), r.Host)
			}
			options.Cluster.Host, options.Cluster.Port = "127.0.0.1", -1
			options.Routes = server.RoutesFromStr(strings.Join(routes, ","))
		}
		// Where they are is this machine's business, the rest stays.
		options.Host, options.Port, options.HTTPPort = "127.0.0.1", -1, 0
		options.StoreDir, options.PidFile, options.NoLog, options.NoSigs = dir, "", true, true
		s, err := server.NewServer(options)
		require.NoError(t, err)
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		require.True(t, s.ReadyForConnections(10*time.Second))
		if servers > 1 {
			routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", s.ClusterAddr().Port))
		}
		all = append(all, s)
		urls = append(urls, fmt.Sprintf("nats://marketplace:sesame@%s", s.Addr()))
	}
	require.Eventually(t, func() bool {
		return servers == 1 || slices.ContainsFunc(all, (*server.Server).JetStreamIsLeader)
	}, 30*time.Second, 50*time.Millisecond)
	return strings.Join(urls, ",")
}

// quantity is the size of a server's disk.
func quantity(m *market) int64 {
	size := m.statefulSets["nats"].Spec.VolumeClaimTemplates[0].Spec.Resources.Requests["storage"]
	return size.Value()
}
