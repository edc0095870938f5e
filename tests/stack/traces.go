package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Where the traces go, if any are kept: a Zipkin of the stack's own, in memory, on loopback.
const (
	partZipkin        = "zipkin"
	zipkinJar         = "zipkin/zipkin-server-exec.jar" // in .tools
	defaultZipkinPort = 9411
	oldestJava        = 17
	// ofSidecars is the share of the traces that begin at a sidecar, as heartbeats do: of no interest, but none would end all
	// tracing. Those of people begin at web, and the sidecars follow what it has decided.
	ofSidecars = "0.0001"
)

// CanTrace says in one sentence what is missing for traces, nil when nothing is.
func CanTrace(root string) error {
	if err := javaRuns("Zipkin, which shows the traces,"); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, ".tools", zipkinJar)); errors.Is(err, fs.ErrNotExist) {
		return errors.New("traces are shown by Zipkin, which is missing from .tools: run `go run ./tests/tools zipkin`")
	}
	return nil
}

// javaRuns says in one sentence what is missing of the Java that what needs, nil when nothing is.
func javaRuns(what string) error {
	said, err := exec.Command("java", "-version").CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s needs Java %d or newer: `apt install default-jre-headless`", what, oldestJava)
	}
	version := regexp.MustCompile(`version "(\d+)`).FindSubmatch(said)
	if err != nil || version == nil {
		return fmt.Errorf("`java -version` does not say which it is: %.200s", said)
	}
	if major, _ := strconv.Atoi(string(version[1])); major < oldestJava {
		return fmt.Errorf("%s needs Java %d or newer, and java is %d", what, oldestJava, major)
	}
	return nil
}

// trace has every service and every sidecar in file send its spans to the stack's Zipkin.
func (s *Stack) trace(file *runFile) error {
	if s.options.Traces == "" {
		return nil
	}
	if s.ports.zipkin = defaultZipkinPort; s.options.FreePorts {
		s.ports.zipkin = s.block.take()
	}
	s.ZipkinURL = fmt.Sprintf("http://127.0.0.1:%d", s.ports.zipkin)
	spans := s.ZipkinURL + "/api/v2/spans"
	file.setEnv(map[string]string{"TRACES_TO": spans, "TRACES_SHARE": s.options.Traces})

	text, err := os.ReadFile(under(s.options.Root, file.Common.ConfigFilePath))
	if err != nil {
		return err
	}
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("read %s: %w", file.Common.ConfigFilePath, err)
	}
	spec, ok := config["spec"].(map[string]any)
	if !ok {
		return fmt.Errorf("%s has no spec", file.Common.ConfigFilePath)
	}
	spec["tracing"] = map[string]any{"samplingRate": ofSidecars, "zipkin": map[string]any{"endpointAddress": spans}}
	if text, err = yaml.Marshal(config); err != nil {
		return err
	}
	file.Common.ConfigFilePath = s.local("traced.yaml")
	return os.WriteFile(file.Common.ConfigFilePath, text, 0o600)
}

// zipkinPart keeps the latest spans in a quarter of a gigabyte, and shows them.
func (s *Stack) zipkinPart() *part {
	return &part{name: partZipkin, health: answers(s.ports.zipkin, "/health", http.StatusOK), command: command{
		args: []string{"java", "-Xmx256m", "-XX:MaxMetaspaceSize=128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
			"-Darmeria.ports[0].ip=127.0.0.1", fmt.Sprintf("-Darmeria.ports[0].port=%d", s.ports.zipkin), "-Darmeria.ports[0].protocols[0]=http",
			"-jar", s.tool(zipkinJar)},
		env: s.environ(groupBacking, map[string]string{"STORAGE_TYPE": "mem", "MEM_MAX_SPANS": "100000"}),
		dir: s.options.Dir,
	}}
}

// startZipkin starts it when traces are kept. Nobody waits for it: what comes before it is up is lost.
func (s *Stack) startZipkin() error {
	if s.options.Traces == "" {
		return nil
	}
	return s.run(s.zipkinPart())
}
