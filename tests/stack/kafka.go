package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// One server that is broker and controller, in one JVM. Its two ports: for clients and for the controller.
var kafkaServer = server{
	name: "kafka", folders: []string{"pubsub-kafka"}, program: "java", debian: "default-jre-headless", ports: 2,
	elsewhere: &need{secret: "kafkaBrokers", variable: "KAFKA_BROKERS"},
	lacks: func(r *running) error {
		if jars, _ := filepath.Glob(filepath.Join(r.stack.tool(kafkaJars), "*.jar")); len(jars) == 0 {
			return errors.New("components/pubsub-kafka needs Kafka, which is missing from .tools: run `go run ./tests/tools kafka`" + r.orElsewhere())
		}
		return javaRuns("components/pubsub-kafka")
	},
	secrets: func(r *running) map[string]string { return map[string]string{"kafkaBrokers": r.at()} },
	prepare: func(ctx context.Context, r *running) error {
		settings := filepath.Join(r.stack.local(), "kafka.properties")
		if err := os.WriteFile(settings, []byte(kafkaSettings(r.dir(), r.ports[0], r.ports[1])), 0o600); err != nil {
			return err
		}
		return r.once(func(dir string) error {
			half := filepath.Join(r.stack.local(), "kafka.new.properties")
			defer os.Remove(half)
			if err := os.WriteFile(half, []byte(kafkaSettings(dir, r.ports[0], r.ports[1])), 0o600); err != nil {
				return err
			}
			return r.runTool(ctx, command{dir: r.stack.options.Dir, args: r.java("kafka.tools.StorageTool", "format", "--cluster-id", "marketplacemarketplace", "--config", half)}, "")
		})
	},
	part: func(r *running) *part {
		return &part{name: r.name, health: replies(r.ports[0], kafkaHello, kafkaAnswers), command: command{
			args: r.java("kafka.Kafka", filepath.Join(r.stack.local(), "kafka.properties")),
			env:  r.stack.environ(groupBacking, nil),
			dir:  r.stack.options.Dir,
		}}
	},
}

const (
	kafkaJars = "kafka" // in .tools

	// A request for the versions of all requests, and how the answer begins: its length, the same number, no error.
	kafkaHello   = "\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff"
	kafkaAnswers = "\x00\x00\x00\x07\x00\x00"
)

// java is the command line of one of Kafka's programs. It has to be there with a small heap and before it is worth while
// to compile it well.
func (r *running) java(class string, args ...string) []string {
	return append([]string{r.tool(r.program), "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(r.stack.tool(kafkaJars), "*"), class}, args...)
}

// kafkaSettings are as small as one machine needs: every file once, few threads, and topics that make themselves.
func kafkaSettings(dir string, client, controller int) string {
	return strings.Join([]string{
		"process.roles=broker,controller",
		"node.id=1",
		fmt.Sprintf("listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", client, controller),
		fmt.Sprintf("advertised.listeners=PLAINTEXT://127.0.0.1:%d", client),
		"controller.listener.names=CONTROLLER",
		fmt.Sprintf("controller.quorum.voters=1@127.0.0.1:%d", controller),
		"log.dirs=" + dir,
		"num.partitions=4", // of a topic that nobody has made: handlers at work in one sidecar for one topic
		"offsets.topic.num.partitions=4",
		"offsets.topic.replication.factor=1",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"share.coordinator.state.topic.replication.factor=1",
		"share.coordinator.state.topic.min.isr=1",
		"group.initial.rebalance.delay.ms=0", // the default waits 3 s for more members of a group
		"num.io.threads=2",
		"num.network.threads=2",
		"background.threads=2",
		"log.cleaner.dedupe.buffer.size=2097152", // the default is half the heap
		"",
	}, "\n")
}
