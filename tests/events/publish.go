package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"marketplace/shared/events"
)

// publish publishes an event by hand, through a sidecar: whatever broker is behind it.
func publish(ctx context.Context, b *bench, args []string) error {
	data := b.flags.String("data", "", "the event's data, JSON (default from standard input)")
	id := b.flags.String("id", "", "the event's id; one that the broker has seen in the last minutes is dropped (default one of its own)")
	sidecar := b.flags.String("sidecar", "", "address of a sidecar (default that of tickets in dapr.yaml)")
	if err := b.flags.Parse(args); err != nil {
		return err
	}
	if b.flags.NArg() != 1 {
		return errors.New("usage: publish [-data JSON] <type>")
	}
	raw := []byte(*data)
	if *data == "" {
		var err error
		if raw, err = io.ReadAll(b.in); err != nil {
			return err
		}
	}
	e, err := parse(b.flags.Arg(0), raw)
	if err != nil {
		return err
	}
	e.ID += "/by-hand/" + rand.Text()[:8] // else the broker would take it for the one that the service published
	if *id != "" {
		e.ID = *id
	}
	if *sidecar == "" {
		if *sidecar, err = b.sidecarOf("tickets"); err != nil {
			return err
		}
	}
	if err := send(ctx, *sidecar, e); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "published %s to %s\n", e.ID, e.Topic)
	return nil
}

// send asks a sidecar to publish. The sidecar makes the envelope.
func send(ctx context.Context, sidecar string, e events.Event) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	envelope := url.Values{
		"metadata.cloudevent.id":      {e.ID},
		"metadata.cloudevent.type":    {e.Type},
		"metadata.cloudevent.subject": {e.Subject},
		"metadata.cloudevent.source":  {"tests/events"},
	}
	address := sidecar + "/v1.0/publish/pubsub/" + e.Topic + "?" + envelope.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(e.Data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("is the stack running? %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("the sidecar at %s says %s %s", sidecar, resp.Status, said)
	}
	return nil
}

// sidecarOf is where dapr.yaml puts the HTTP API of an app's sidecar.
func (b *bench) sidecarOf(app string) (string, error) {
	file := filepath.Join(b.dir, "dapr.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var run struct {
		Apps []struct {
			ID       string `yaml:"appID"`
			HTTPPort int    `yaml:"daprHTTPPort"`
		} `yaml:"apps"`
	}
	if err := yaml.Unmarshal(text, &run); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	for _, a := range run.Apps {
		if a.ID == app {
			return fmt.Sprintf("http://127.0.0.1:%d", a.HTTPPort), nil
		}
	}
	return "", fmt.Errorf("%s knows no app %s", file, app)
}
