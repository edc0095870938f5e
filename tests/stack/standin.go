package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A stand-in takes a service's place: the same contract in another language, in tests/polyglot/<service>-<language>. What
// it needs is installed into .local/polyglot by whoever starts a stack with it first, from its lock file alone.

// replaceable are the services that a variable of their name can have replaced: EXPIRATION=python.
var replaceable = []string{"expiration", "payments"}

// installLimit is for packages that come over a slow network.
const installLimit = 5 * time.Minute

// A language is how its stand-ins are installed and run.
type language struct {
	needs   string     // in words, with what Debian calls it
	probes  [][]string // each must succeed, or it is not there
	made    []string   // the files whose content decides what is installed; none: all of the folder
	install [][]string // run one after the other in the new folder; $from is the stand-in's
	command []string   // that runs it; $in is the folder it was installed into, $from the stand-in's
	tests   []string   // run in its folder, if that has files called so
	called  string
}

var languages = map[string]language{
	"python": {
		needs:  "python3 with venv: apt-get install python3-venv",
		probes: [][]string{{"python3", "-c", "import venv, ensurepip"}},
		made:   []string{"requirements.txt"},
		install: [][]string{
			{"python3", "-m", "venv", "."},
			{"bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", "$from/requirements.txt"},
		},
		command: []string{"$in/bin/python", "-B", "$from/main.py"},
		tests:   []string{"$in/bin/python", "-B", "-m", "unittest"},
		called:  "test_*.py",
	},
	"typescript": {
		needs:  "node 18 or newer and npm: apt-get install nodejs npm",
		probes: [][]string{{"npm", "--version"}, {"node", "-e", "process.exit(Number(parseInt(process.versions.node) < 18))"}},
		install: [][]string{
			{"cp", "-R", "$from/.", "."},
			{"npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"},
			{"npm", "run", "--silent", "build"},
		},
		command: []string{"node", "--enable-source-maps", "$in/dist/main.js"},
	},
}

// A standIn is one that takes part in a stack.
type standIn struct {
	service string
	language
	from string // its folder
	in   string // where it is installed
}

// standIns are those that o chooses.
func (o Options) standIns() ([]standIn, error) {
	var all []standIn
	for _, service := range slices.Sorted(maps.Keys(o.StandIns)) {
		chosen := o.StandIns[service]
		name := service + "-" + chosen
		s := standIn{service: service, language: languages[chosen], from: filepath.Join(o.Root, "tests", "polyglot", name)}
		if _, err := os.Stat(s.from); err != nil || s.command == nil {
			return nil, fmt.Errorf("there is no %s in tests/polyglot; the choices are %s", name, strings.Join(o.choices(service), ", "))
		}
		sum, err := s.sum()
		if err != nil {
			return nil, err
		}
		s.in = filepath.Join(o.Root, ".local", "polyglot", name+"-"+sum)
		all = append(all, s)
	}
	return all, nil
}

// choices are the languages that service is written in beside Go.
func (o Options) choices(service string) []string {
	found, _ := filepath.Glob(filepath.Join(o.Root, "tests", "polyglot", service+"-*"))
	for i, path := range found {
		found[i] = strings.TrimPrefix(filepath.Base(path), service+"-")
	}
	return found
}

// sum tells an installation from every other: a changed lock file, or source that has to be compiled, is installed anew.
func (s standIn) sum() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(os.DirFS(s.from), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || s.made != nil && !slices.Contains(s.made, path) {
			return err
		}
		text, err := os.ReadFile(filepath.Join(s.from, path))
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:12], err
}

// missing is what s lacks on this machine.
func (s standIn) missing() error {
	for _, probe := range s.probes {
		if exec.Command(probe[0], probe[1:]...).Run() != nil {
			return fmt.Errorf("%s needs %s", filepath.Base(s.from), s.needs)
		}
	}
	return nil
}

// args is the command that runs s, without what is looked up in PATH: a process of the stack is told by its own name.
func (s standIn) args() []string {
	args := s.fill(s.command)
	if path, err := exec.LookPath(args[0]); err == nil {
		args[0] = path
	}
	return args
}

func (s standIn) fill(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		args[i] = strings.NewReplacer("$from", s.from, "$in", s.in).Replace(arg)
	}
	return args
}

// StandInTests is the command that runs the tests which the one stand-in of o has in its folder, and that folder; nil when
// it has none. What it needs is installed.
func (o Options) StandInTests(ctx context.Context) (args []string, dir string, err error) {
	all, err := o.standIns()
	if err != nil {
		return nil, "", err
	}
	one := all[0]
	if found, _ := filepath.Glob(filepath.Join(one.from, one.called)); len(found) == 0 || one.called == "" {
		return nil, one.from, nil
	}
	return one.fill(one.tests), one.from, installStandIns(ctx, o.Log, all)
}

// installStandIns makes what they need, unless it is there.
func installStandIns(ctx context.Context, log io.Writer, all []standIn) error {
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	for _, one := range all {
		if _, err := os.Stat(one.in); err == nil {
			continue
		}
		if err := one.missing(); err != nil {
			return err
		}
		fmt.Fprintf(log, "installing what %s needs ...\n", filepath.Base(one.from))
		if err := one.make(ctx); err != nil {
			return fmt.Errorf("install what %s needs: %w", filepath.Base(one.from), err)
		}
	}
	return nil
}

// make installs into a folder that takes its name when it is complete: somebody else may be at it too.
func (s standIn) make(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.in), 0o755); err != nil {
		return err
	}
	half, err := os.MkdirTemp(filepath.Dir(s.in), "half-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(half)
	for _, args := range s.install {
		args = s.fill(args)
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Dir = half
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", args[0], err, out)
		}
	}
	err = os.Rename(half, s.in)
	if _, statErr := os.Stat(s.in); statErr == nil {
		return nil // by us or by the other
	}
	return err
}

// standIn gives app's place in f to the stand-in for it.
func (f *runFile) standIn(s standIn) error {
	i := slices.IndexFunc(f.Apps, func(a App) bool { return a.ID == s.service })
	if i < 0 {
		return fmt.Errorf("dapr.yaml lists no app called %s that a stand-in could replace", s.service)
	}
	f.Apps[i].Command = s.args()
	return nil
}

// ChosenStandIns are those that the environment names.
func ChosenStandIns() map[string]string {
	all := map[string]string{}
	for _, service := range replaceable {
		if language := os.Getenv(strings.ToUpper(service)); language != "" {
			all[service] = language
		}
	}
	return all
}

// missingStandIns is what the stand-ins that o chooses lack on this machine.
func (o Options) missingStandIns() error {
	all, err := o.standIns()
	if err != nil {
		return err
	}
	var missing []error
	for _, s := range all {
		missing = append(missing, s.missing())
	}
	return errors.Join(missing...)
}
