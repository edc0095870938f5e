package service

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Now tells the time that a service goes by: the machine's, but for tests that give services clocks apart. What only
// measures how long something takes inside one process needs no such clock.
func (s Settings) Now() time.Time {
	now := time.Now()
	if s.Clocks == "" {
		return now
	}
	off, err := s.Clocks.offsets()
	if err != nil {
		panic(err) // a clock that quietly goes right again would make every test with it worthless
	}
	return now.Add(off[s.Port])
}

// clocks is a file that says by how much the clocks of a machine's services are off, by APP_PORT:
//
//	{"3003": "2s", "3013": "-2s"}
//
// Whoever is not in it goes right. It is read whenever somebody wants to know the time, so replacing it makes clocks
// jump under way.
type clocks string

// Decode takes the setting, and refuses a file that cannot be read.
func (c *clocks) Decode(file string) error {
	*c = clocks(file)
	if file == "" {
		return nil
	}
	_, err := c.offsets()
	return err
}

func (c clocks) offsets() (map[string]time.Duration, error) {
	raw, err := os.ReadFile(string(c))
	if err != nil {
		return nil, err
	}
	var written map[string]string
	if err := json.Unmarshal(raw, &written); err != nil {
		return nil, fmt.Errorf("%s: %w", string(c), err)
	}
	off := map[string]time.Duration{}
	for port, text := range written {
		if off[port], err = time.ParseDuration(text); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", string(c), port, err)
		}
	}
	return off, nil
}
