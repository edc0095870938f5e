package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A server is a store or a broker that folders of components/ talk to. Each stack runs its own, with its data in
// .local/<name>, on ports that nobody needs to know: components find it through .local/secrets.json.
type server struct {
	name      string                 // of its part
	folders   []string               // of components/ that need it
	program   string                 // what is run
	debian    string                 // the package that has it; "" for what `make tools` installs
	lacks     func(r *running) error // what is missing besides the program, and where from; nil: nothing can be
	elsewhere *need                  // with the variable set somebody else runs it, and says where; nil: never
	ports     int                    // how many it opens
	secrets   func(r *running) map[string]string
	prepare   func(ctx context.Context, r *running) error // makes what it needs to start; nil: nothing
	part      func(r *running) *part
	fill      func(ctx context.Context, r *running) error // makes what sidecars expect to find in it; nil: nothing
}

// servers are all that can be run here.
var servers = []server{natsServer, redisServer, postgresServer, mariadbServer, rabbitmqServer, kafkaServer, inboxServer}

// running is a server as one stack runs it.
type running struct {
	server
	stack *Stack
	ports []int
}

func (r *running) at() string           { return fmt.Sprintf("127.0.0.1:%d", r.ports[0]) }
func (r *running) dir() string          { return r.stack.local(r.name) }
func (r *running) password() string     { return r.stack.keys.serverPassword }
func (r *running) tool(n string) string { return r.stack.program(n) }

// serversFor returns the servers that the folders at paths need, without those that somebody else runs.
func serversFor(paths []string) []*running {
	var out []*running
	for _, sv := range servers {
		if sv.serves(paths) && !sv.isElsewhere() {
			out = append(out, &running{server: sv})
		}
	}
	return out
}

// serves reports that one of the folders at paths needs sv.
func (sv server) serves(paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool { return slices.Contains(sv.folders, filepath.Base(path)) })
}

func (sv server) isElsewhere() bool {
	return sv.elsewhere != nil && os.Getenv(sv.elsewhere.variable) != ""
}

// need is a secret of components whose server a stack does not run, and the variable in which whoever runs one says it.
type need struct {
	secret, variable string
	spared           bool // it can be empty
}

// elsewhere are the folders of components/ with such servers.
var elsewhere = map[string]struct {
	server string
	needs  []need
}{
	"state-mongodb": {"MongoDB, which Debian does not have", []need{{"mongodbURL", "MONGODB_URL", false}}},
	"mail-smtp": {"a mail server", []need{{"smtpHost", "SMTP_HOST", false}, {"smtpPort", "SMTP_PORT", false},
		{"smtpUser", "SMTP_USER", true}, {"smtpPassword", "SMTP_PASSWORD", true}, {"mailFrom", "MAIL_FROM", false}}},
}

// secrets are what the components in use refer to.
func (s *Stack) secrets() map[string]string {
	all := map[string]string{}
	for _, r := range s.servers {
		for name, value := range r.secrets(r) {
			all[name] = value
		}
	}
	for _, sv := range servers {
		if sv.serves(s.folders) && sv.isElsewhere() {
			all[sv.elsewhere.secret] = os.Getenv(sv.elsewhere.variable)
		}
	}
	for _, path := range s.folders {
		for _, need := range elsewhere[filepath.Base(path)].needs {
			all[need.secret] = os.Getenv(need.variable)
		}
	}
	return all
}

// findServers fails when a server that is needed is not installed, with a sentence for each.
func (s *Stack) findServers() error {
	var missing []error
	for _, r := range s.servers {
		if s.program(r.program) != "" || r.program == inboxServer.program { // built like the services: see programs
			if r.lacks != nil {
				missing = append(missing, r.lacks(r))
			}
			continue
		}
		if r.debian == "" {
			missing = append(missing, fmt.Errorf("bin/%s is missing from .tools: run `make tools`", r.program))
			continue
		}
		missing = append(missing, fmt.Errorf("%s needs %s, which is not installed: apt-get install %s%s", r.usedBy(s.folders), r.program, r.debian, r.orElsewhere()))
	}
	for _, path := range s.folders {
		there := elsewhere[filepath.Base(path)]
		for _, need := range there.needs {
			if !need.spared && os.Getenv(need.variable) == "" {
				missing = append(missing, fmt.Errorf("components/%s needs %s: say where yours is in %s", filepath.Base(path), there.server, need.variable))
			}
		}
	}
	return errors.Join(missing...)
}

// Missing returns what a stack with these choices lacks on this machine, a sentence for each; nil when nothing.
func (o Options) Missing() error {
	o, err := o.complete()
	if err != nil {
		return err
	}
	file, err := readRunFile(filepath.Join(o.Root, "dapr.yaml"))
	if err != nil {
		return err
	}
	if err := file.chooseAll(o); err != nil {
		return err
	}
	s := &Stack{options: o, servers: serversFor(file.Common.ResourcesPaths), folders: file.Common.ResourcesPaths}
	for _, r := range s.servers {
		r.stack = s
	}
	return errors.Join(s.findServers(), s.missingPrometheus(), o.missingStandIns())
}

// orElsewhere is the other way to have r, for who is told what is missing.
func (r *running) orElsewhere() string {
	if r.elsewhere == nil {
		return ""
	}
	return ", or say in " + r.elsewhere.variable + " where yours is"
}

func (r *running) usedBy(folders []string) string {
	var users []string
	for _, path := range folders {
		if slices.Contains(r.folders, filepath.Base(path)) {
			users = append(users, "components/"+filepath.Base(path))
		}
	}
	return strings.Join(users, " and ")
}

// program is where the program called name is, "" when it is nowhere. Debian keeps servers where PATH does not look, and
// what lies in PATH for RabbitMQ is a script for its own user only.
func (s *Stack) program(name string) string {
	for _, pattern := range []string{s.options.Bin, s.tool("bin"), "/usr/lib/rabbitmq/bin", "/usr/lib/postgresql/*/bin", "/usr/sbin"} {
		found, _ := filepath.Glob(filepath.Join(pattern, name))
		if len(found) > 0 {
			return found[len(found)-1] // the newest PostgreSQL
		}
	}
	path, _ := exec.LookPath(name)
	return path
}

// startServers starts the store and the broker, makes what is missing in them, and returns when both can be used.
func (s *Stack) startServers(ctx context.Context) error {
	for _, r := range s.servers {
		if r.prepare != nil {
			if err := r.prepare(ctx, r); err != nil {
				return fmt.Errorf("prepare %s in %s: %w", r.name, r.dir(), err)
			}
		}
		if err := s.run(r.part(r)); err != nil {
			return err
		}
	}
	for _, r := range s.servers {
		if err := s.await(ctx, s.parts[r.name]); err != nil {
			return err
		}
		if r.fill != nil {
			if err := r.fill(ctx, r); err != nil {
				return fmt.Errorf("prepare %s: %w", r.name, err)
			}
		}
	}
	return nil
}

// once makes r's data folder by running make on another one, which takes its name when it is complete.
func (r *running) once(make func(dir string) error) error {
	if _, err := os.Stat(r.dir()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	half := r.dir() + ".new"
	if err := os.RemoveAll(half); err != nil { // what an interrupted start left
		return err
	}
	if err := make(half); err != nil {
		return err
	}
	return os.Rename(half, r.dir())
}

// runTool runs c to its end, with input. Its error holds what c said.
func (r *running) runTool(ctx context.Context, c command, input string) error {
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Env, cmd.Dir = r.stack.environ(groupBacking, nil), c.dir
	cmd.SysProcAttr = c.attributes()
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(c.args[0]), err, out)
	}
	return nil
}

// replies checks that who listens on port answers said with something that contains wanted.
func replies(port int, said, wanted string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return fmt.Errorf("nothing listens on port %d", port)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		if _, err := conn.Write([]byte(said)); err != nil {
			return err
		}
		var heard []byte
		for part := make([]byte, 1<<10); ; {
			n, err := conn.Read(part)
			heard = append(heard, part[:n]...)
			if bytes.Contains(heard, []byte(wanted)) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("not ready yet: %q", heard)
			}
		}
	}
}
