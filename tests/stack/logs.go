package stack

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pruneLogs keeps the logs of the run before this one, and no older ones.
func (s *Stack) pruneLogs() error {
	names := []string{partScheduler, partStripe, partZipkin, partDapr}
	for _, r := range s.servers {
		names = append(names, r.name)
	}
	for _, app := range s.further {
		names = append(names, app.name(), sidecarOf(app.name()))
	}
	for _, name := range names {
		file := s.local("logs", name+".log")
		if err := os.Rename(file, file+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.oldLogs = nil
	for _, app := range s.apps {
		for _, kind := range []string{"app", "daprd"} {
			files, err := filepath.Glob(filepath.Join(app.Dir, ".dapr", "logs", app.ID+"_"+kind+"_*.log"))
			if err != nil {
				return err
			}
			slices.Sort(files)
			for i, file := range files {
				if i < len(files)-1 {
					if err := os.Remove(file); err != nil {
						return err
					}
					continue
				}
				s.oldLogs = append(s.oldLogs, file)
			}
		}
	}
	return nil
}

// linkLogs gives the logs that the CLI names by date a place beside the others: .local/logs/orders.log and so on.
func (s *Stack) linkLogs() {
	for _, p := range s.order {
		file := s.logFile(p)
		if file == "" || p.command.log != "" { // not there yet, or in its place
			continue
		}
		link := s.local("logs", p.name+".log")
		os.Remove(link)
		_ = os.Symlink(file, link) // a convenience only
	}
}

// tail is the last n lines of file.
func tail(file string, n int) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > 16<<10 {
		_, _ = f.Seek(-16<<10, io.SeekEnd)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
