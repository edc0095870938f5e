package stack

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"marketplace/k8s/streams/prepare"
)

// readConsumer reads from the YAML of a JetStream component what it says of its consumers.
func readConsumer(file string) (c prepare.Consumer, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	var component struct {
		Spec struct {
			Metadata []struct{ Name, Value string }
		}
	}
	if err := yaml.Unmarshal(text, &component); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	for _, m := range component.Spec.Metadata {
		switch m.Name {
		case "ackWait":
			c.AckWait, err = time.ParseDuration(m.Value)
		case "maxAckPending":
			c.MaxPending, err = strconv.Atoi(m.Value)
		}
		if err != nil {
			return c, fmt.Errorf("%s of %s: %w", m.Name, file, err)
		}
	}
	return c, nil
}
