// Command openapi is what `make contracts` does after the linters: it starts a market of its own and has schemathesis try
// what shared/contracts/openapi.yaml says, as two people who may not see each other's things. BUDGET is how many seconds
// that may take. It needs Python 3.10 or newer, and puts schemathesis into .tools/ the first time.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"marketplace/tests/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "contracts:", err)
		os.Exit(1)
	}
}

const folder = "tests/contracts/openapi"

func run(ctx context.Context) error {
	budget := 60
	if text := os.Getenv("BUDGET"); text != "" {
		var err error
		if budget, err = strconv.Atoi(text); err != nil || budget < 1 {
			return fmt.Errorf("BUDGET must be seconds, not %q", text)
		}
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	python, err := install(ctx, root)
	if err != nil {
		return err
	}
	if err := stack.Build(ctx, root); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "marketplace-contracts-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o, err := stack.Options{Root: root, Dir: dir, FreePorts: true, Env: map[string]string{"HOLDS_PER_BUYER": "0", "HOLD_AGAIN_AFTER": "0s"}}.Chosen()
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, o)
	if err != nil {
		return err
	}
	defer s.Stop()
	accounts, err := signUp(s.URL, dir)
	if err != nil {
		return err
	}
	// Left out: what ends the sessions with which all the rest is tried.
	try := exec.CommandContext(ctx, python, "-m", "schemathesis.cli", "--config-file", filepath.Join(root, folder, "schemathesis.toml"), "run", s.URL+"/api/openapi.json",
		"--checks", "all", "--exclude-operation-id", "changePassword", "--exclude-operation-id", "signOutEverywhere", "--exclude-operation-id", "deleteMe", "--max-time", strconv.Itoa(budget), "--continue-on-failure", "--no-color", "--seed", seed())
	try.Dir, try.Stdout, try.Stderr = dir, os.Stdout, os.Stderr
	try.Env = append(os.Environ(), "ACCOUNTS="+accounts)
	if err := try.Run(); err != nil {
		return fmt.Errorf("schemathesis: %w", err)
	}
	return nil
}

// seed repeats a run: SEED=7.
func seed() string {
	if s := os.Getenv("SEED"); s != "" {
		return s
	}
	return "1"
}

// install puts schemathesis into .tools, unless it is there as requirements.txt has it. It returns the Python that has it: the
// program beside that knows only the folder it was made in.
func install(ctx context.Context, root string) (python string, err error) {
	dir := filepath.Join(root, ".tools", "schemathesis")
	python = filepath.Join(dir, "bin", "python")
	wanted, err := os.ReadFile(filepath.Join(root, folder, "requirements.txt"))
	if err != nil {
		return "", err
	}
	mark := filepath.Join(dir, "requirements.txt")
	if there, err := os.ReadFile(mark); err == nil && bytes.Equal(there, wanted) {
		return python, nil
	}
	maker, err := exec.LookPath("python3")
	if err != nil {
		return "", errors.New("needs Python 3.10 or newer, which is not installed")
	}
	fmt.Println("installing schemathesis into .tools ...")
	for _, words := range [][]string{
		{maker, "-m", "venv", "--clear", dir},
		{filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "-r", filepath.Join(root, folder, "requirements.txt")},
	} {
		if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", words[0], err, out)
		}
	}
	return python, os.WriteFile(mark, wanted, 0o644)
}

// signUp makes the two accounts, and writes down how each shows who it is.
func signUp(base, dir string) (file string, err error) {
	type header struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	type account struct {
		Name    string   `json:"name"`
		Headers []header `json:"fixedHeaders"`
	}
	var all []account
	for _, name := range []string{"ann", "bob"} {
		resp, err := http.Post(base+"/api/users/signup", "application/json", bytes.NewBufferString(`{"email":"`+name+`@tries.example.com","password":"correct horse"}`))
		if err != nil {
			return "", err
		}
		var in struct{ Token string }
		err = json.NewDecoder(resp.Body).Decode(&in)
		resp.Body.Close()
		if err != nil || in.Token == "" {
			return "", fmt.Errorf("%s cannot sign up: HTTP %d %w", name, resp.StatusCode, err)
		}
		all = append(all, account{name, []header{{"Authorization", "Bearer " + in.Token}}})
	}
	raw, err := json.Marshal(map[string]any{"auth": all})
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "accounts.json")
	return file, os.WriteFile(file, raw, 0o600)
}
