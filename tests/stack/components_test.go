package stack

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// component is as much of a component as the folders of components/ must agree on.
type component struct {
	Metadata struct{ Name string }
	Spec     struct {
		Metadata []struct {
			Name, Value  string
			SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
		}
	}
	Auth struct {
		SecretStore string `yaml:"secretStore"`
	}
	Scopes []string
}

func readComponents(t *testing.T, folder string) map[string]component {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	require.NoError(t, err)
	all := map[string]component{}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
			var c component
			err := decoder.Decode(&c)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, file)
			all[c.Metadata.Name] = c
		}
	}
	return all
}

// One folder can take another's place: the same names for the same services, and addresses only from secrets that the
// stack provides.
func TestFoldersOfAKindAreInterchangeable(t *testing.T) {
	root, err := findRoot()
	require.NoError(t, err)
	for kind, standard := range map[string]string{"state": "state-sqlite", "pubsub": "pubsub-jetstream", "mail": "mail-inbox"} {
		want := readComponents(t, filepath.Join(root, "components", standard))
		folders, err := filepath.Glob(filepath.Join(root, "components", kind+"-*"))
		require.NoError(t, err)
		for _, folder := range folders {
			t.Run(filepath.Base(folder), func(t *testing.T) {
				provided := map[string]bool{}
				t.Setenv("KAFKA_BROKERS", "")
				for _, need := range elsewhere[filepath.Base(folder)].needs {
					provided[need.secret] = true
				}
				for _, r := range serversFor([]string{folder}) {
					r.stack, r.ports = &Stack{}, []int{1, 2}
					for name := range r.secrets(r) {
						provided[name] = true
					}
				}
				got := readComponents(t, folder)
				for name, c := range want {
					assert.Equal(t, c.Scopes, got[name].Scopes, name)
				}
				assert.Len(t, got, len(want))
				for name, c := range got {
					for _, m := range c.Spec.Metadata {
						if secret := m.SecretKeyRef; secret.Name != "" {
							assert.Equal(t, secret.Name, secret.Key, "%s of %s: a secret file has no keys within keys", m.Name, name)
							assert.True(t, provided[secret.Name], "%s of %s: nobody provides the secret %s", m.Name, name, secret.Name)
							assert.Equal(t, "secretstore", c.Auth.SecretStore, name)
						}
						// Only its name counts: with "false" too a sidecar says at error level, once a minute, that it reloads no store of actors.
						assert.NotEqual(t, "actorStateStore", m.Name, "%s is a store of actors", name)
						assert.NotContains(t, m.Value, "://", "%s of %s is an address: it belongs into a secret", m.Name, name)
					}
				}
			})
		}
	}
}

func TestChoosePutsOneFolderInThePlaceOfAnother(t *testing.T) {
	root, err := findRoot()
	require.NoError(t, err)
	paths := func(state, pubsub string) ([]string, error) {
		f := &runFile{Common: common{ResourcesPaths: []string{"components/state-sqlite", "components/pubsub-jetstream", "components/resiliency"}}}
		err := errors.Join(f.choose(root, "state", state), f.choose(root, "pubsub", pubsub))
		return f.Common.ResourcesPaths, err
	}
	got, err := paths("redis", "")
	require.NoError(t, err)
	assert.Equal(t, []string{"components/state-redis", "components/pubsub-jetstream", "components/resiliency"}, got)
	got, err = paths("postgresql", "rabbitmq")
	require.NoError(t, err)
	assert.Equal(t, []string{"components/state-postgresql", "components/pubsub-rabbitmq", "components/resiliency"}, got)
	_, err = paths("oracle", "")
	require.Error(t, err)
	assert.Contains(t, err.Error(), "there is no components/state-oracle; the choices are mongodb, mysql, postgresql, redis, sqlite")
}

func TestOneServerForBothChoices(t *testing.T) {
	names := func(paths ...string) string {
		var all []string
		for _, r := range serversFor(paths) {
			all = append(all, r.name)
		}
		return strings.Join(all, " ")
	}
	assert.Equal(t, "nats", names("components/state-sqlite", "components/pubsub-jetstream"))
	assert.Equal(t, "redis", names("/repo/components/state-redis", "/repo/components/pubsub-redis"))
	assert.Equal(t, "mariadb rabbitmq", names("components/state-mysql", "components/pubsub-rabbitmq"))
}

func TestMissingServerIsOneSentenceWithItsPackage(t *testing.T) {
	folders := []string{"components/state-redis", "components/pubsub-kafka"}
	t.Setenv("KAFKA_BROKERS", "")
	t.Setenv("PATH", t.TempDir())
	absent, kafka := redisServer, kafkaServer
	absent.program, kafka.program = "no-such-redis", "no-such-java"
	s := &Stack{folders: folders, servers: []*running{{server: absent}, {server: kafka}}}
	for _, r := range s.servers {
		r.stack = s
	}
	assert.EqualError(t, s.findServers(), "components/state-redis needs no-such-redis, which is not installed: apt-get install redis-server\n"+
		"components/pubsub-kafka needs no-such-java, which is not installed: apt-get install default-jre-headless, or say in KAFKA_BROKERS where yours is")

	s.servers, s.options.Root, s.options.Bin = []*running{{server: kafka, stack: s}}, t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(s.options.Bin, kafka.program), nil, 0o755))
	assert.EqualError(t, s.findServers(), "components/pubsub-kafka needs Kafka, which is missing from .tools: run `go run ./tests/tools kafka`, or say in KAFKA_BROKERS where yours is")
}

// Whoever runs a server himself says where it is, and the stack starts none.
func TestAServerElsewhereIsNotStartedHere(t *testing.T) {
	folders := []string{"components/pubsub-kafka"}
	t.Setenv("KAFKA_BROKERS", "")
	assert.Len(t, serversFor(folders), 1)
	t.Setenv("KAFKA_BROKERS", "kafka.example.com:9092")
	s := &Stack{folders: folders, servers: serversFor(folders)}
	assert.Empty(t, s.servers)
	assert.Equal(t, map[string]string{"kafkaBrokers": "kafka.example.com:9092"}, s.secrets())
	assert.NoError(t, s.findServers())
	assert.Empty(t, (&Stack{folders: []string{"components/pubsub-redis"}}).secrets(), "nobody asks for it")
}

// A MongoDB that the stacks of tests share keeps what each puts there: they have a database each, and the same one after a restart.
func TestStacksSideBySideShareNoDatabase(t *testing.T) {
	root, err := findRoot()
	require.NoError(t, err)
	database := func(o Options) string {
		o.Root = root
		s := &Stack{options: o}
		copied, err := s.copyComponents()
		require.NoError(t, err)
		for _, m := range readComponents(t, filepath.Join(copied, "components", "state-mongodb"))["statestore"].Spec.Metadata {
			if m.Name == "databaseName" {
				return m.Value
			}
		}
		return ""
	}
	one, two := t.TempDir(), t.TempDir()
	assert.Equal(t, "marketplace", database(Options{Dir: one}))
	first := database(Options{Dir: one, FreePorts: true})
	assert.Regexp(t, "^marketplace-[0-9a-f]{16}$", first)
	assert.NotEqual(t, first, database(Options{Dir: two, FreePorts: true}))
	assert.Equal(t, first, database(Options{Dir: one, FreePorts: true}))
}

func TestSQLForAnInitFile(t *testing.T) {
	assert.Equal(t, "CREATE DATABASE a;\nCREATE TABLE b ( c INT, d INT );\n", linePerStatement("-- why;\nCREATE DATABASE a;\nCREATE TABLE b (\n  c INT, -- what\n  d INT\n);\n"))
}
