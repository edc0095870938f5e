package dapr

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"marketplace/shared/fault"
	"marketplace/shared/trace"
)

// Invoker calls another service by its app id.
type Invoker interface {
	// Invoke sends in as JSON (nil: no body) and reads the answer into out (nil: ignored). A refusal of the other
	// service comes back as the same kind with the same words and codes; a service that does not answer is Unavailable.
	Invoke(ctx context.Context, app, method, path string, in, out any) error
}

// Invoke implements Invoker.
func (s *Sidecar) Invoke(ctx context.Context, app, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("call %s: %w", app, err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return fmt.Errorf("call %s: %w", app, err)
	}
	req.Header.Set("dapr-app-id", app)
	req.Header.Set("Content-Type", "application/json")
	if t := trace.Parent(ctx); t != "" {
		req.Header.Set("traceparent", t)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return fault.Down(err, "Please try again in a moment")
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fault.Down(err, "Please try again in a moment")
	}
	if resp.StatusCode/100 != 2 {
		return refusal(app, resp.StatusCode, raw)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil { // its sidecar died in the middle of it, and ours did not notice
		return fault.Down(fmt.Errorf("answer of %s to %s %s: %w", app, method, path, err), "Please try again in a moment")
	}
	return nil
}

// refusal makes another service's error body an error again. A body of another shape is the sidecar's: the service
// could not be reached.
func refusal(app string, status int, body []byte) error {
	said := fault.Read(status, body)
	if said == nil {
		return fault.Down(fmt.Errorf("%s: HTTP %d %.200s", app, status, body), "Please try again in a moment")
	}
	said.Cause = fmt.Errorf("said by %s", app)
	return said
}
