package stack

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A runFile is a dapr.yaml. What it does not name here it keeps as it was.
type runFile struct {
	Common common         `yaml:"common"`
	Apps   []App          `yaml:"apps"`
	Rest   map[string]any `yaml:",inline"`
}

type common struct {
	ResourcesPaths       []string       `yaml:"resourcesPaths"`
	ConfigFilePath       string         `yaml:"configFilePath"`
	SchedulerHostAddress string         `yaml:"schedulerHostAddress"`
	Rest                 map[string]any `yaml:",inline"`
}

// An App is one service with its sidecar, as dapr.yaml describes it.
type App struct {
	ID           string            `yaml:"appID"`
	Dir          string            `yaml:"appDirPath"` // where both processes start
	AppPort      int               `yaml:"appPort"`    // the service itself
	HTTPPort     int               `yaml:"daprHTTPPort"`
	GRPCPort     int               `yaml:"daprGRPCPort"`
	InternalPort int               `yaml:"daprInternalGRPCPort"` // where other sidecars call this one
	MetricsPort  int               `yaml:"metricsPort"`
	Command      []string          `yaml:"command"`
	Env          map[string]string `yaml:"env"` // never absent: the CLI panics when common has an env and an app has none
	Rest         map[string]any    `yaml:",inline"`

	replica int // 2 for the second of its kind; dapr.yaml knows only the first, 0
}

// name is what the part that runs the service is called.
func (a App) name() string {
	if a.replica < 2 {
		return a.ID
	}
	return fmt.Sprintf("%s-%d", a.ID, a.replica)
}

func (a App) url() string { return fmt.Sprintf("http://127.0.0.1:%d", a.AppPort) }

// FiguresPort is where the service itself shows its metrics, 0 when it does not. MetricsPort is its sidecar's.
func (a App) FiguresPort() int {
	port, _ := strconv.Atoi(a.Env[figuresKey])
	return port
}

const figuresKey = "METRICS_PORT"

// renumber gives every listener of the service and its sidecar a port from next.
func (a *App) renumber(next func() int) {
	for _, port := range []*int{&a.AppPort, &a.HTTPPort, &a.GRPCPort, &a.InternalPort, &a.MetricsPort} {
		*port = next()
	}
	if a.FiguresPort() != 0 {
		a.Env = maps.Clone(a.Env) // others of its kind have the same
		a.Env[figuresKey] = strconv.Itoa(next())
	}
}

// readRunFile reads the dapr.yaml at path.
func readRunFile(path string) (*runFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f runFile
	if err := yaml.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(f.Apps) == 0 {
		return nil, fmt.Errorf("%s lists no apps", path)
	}
	return &f, nil
}

// chooseAll puts the folders in place that o chooses. Without a mail server there is no folder for it.
func (f *runFile) chooseAll(o Options) error {
	err := errors.Join(f.choose(o.Root, "state", o.State), f.choose(o.Root, "pubsub", o.PubSub))
	if o.Mail == NoMail {
		f.Common.ResourcesPaths = slices.DeleteFunc(f.Common.ResourcesPaths, func(path string) bool { return strings.HasPrefix(filepath.Base(path), "mail-") })
		return err
	}
	return errors.Join(err, f.choose(o.Root, "mail", o.Mail))
}

// choose puts another folder of components/ in the place of the one of its kind: with "state" and "redis",
// components/state-redis comes where components/state-sqlite was. No choice changes nothing.
func (f *runFile) choose(root, kind, choice string) error {
	if choice == "" {
		return nil
	}
	folder := filepath.Join("components", kind+"-"+choice)
	if _, err := os.Stat(filepath.Join(root, folder)); err != nil {
		found, _ := filepath.Glob(filepath.Join(root, "components", kind+"-*"))
		var names []string
		for _, path := range found {
			names = append(names, strings.TrimPrefix(filepath.Base(path), kind+"-"))
		}
		return fmt.Errorf("there is no %s; the choices are %s", folder, strings.Join(names, ", "))
	}
	i := slices.IndexFunc(f.Common.ResourcesPaths, func(path string) bool { return strings.HasPrefix(filepath.Base(path), kind+"-") })
	if i < 0 {
		return fmt.Errorf("dapr.yaml names no %s-... folder of components/ that %s could replace", kind, folder)
	}
	f.Common.ResourcesPaths[i] = folder
	return nil
}

// move makes f fit to run in another folder than the repository's: what belongs to the repository is named by its
// full path, and the apps start in dir, so that relative paths in components and environments lead there.
func (f *runFile) move(root, dir, bin string) {
	for i, path := range f.Common.ResourcesPaths {
		f.Common.ResourcesPaths[i] = under(root, path)
	}
	f.Common.ConfigFilePath = under(root, f.Common.ConfigFilePath)
	for i := range f.Apps {
		app := &f.Apps[i]
		app.Dir = dir
		if len(app.Command) > 0 {
			app.Command[0] = filepath.Join(bin, filepath.Base(app.Command[0]))
		}
	}
}

// renumber gives every listener of every app a port from next.
func (f *runFile) renumber(next func() int) {
	for i := range f.Apps {
		f.Apps[i].renumber(next)
	}
}

// setEnv sets env for every app, over what the file says.
func (f *runFile) setEnv(env map[string]string) {
	for i := range f.Apps {
		app := &f.Apps[i]
		if app.Env == nil {
			app.Env = map[string]string{}
		}
		for key, value := range env {
			app.Env[key] = value
		}
	}
}

// setEnvOf sets one for one app.
func (f *runFile) setEnvOf(id, key, value string) {
	for i := range f.Apps {
		if app := &f.Apps[i]; app.ID == id {
			app.Env = maps.Clone(app.Env)
			app.Env[key] = value
		}
	}
}

func (f *runFile) write(path string) error {
	text, err := yaml.Marshal(f)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte("# Made from the repository's dapr.yaml at every start.\n"), text...), 0o600)
}

func under(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}
