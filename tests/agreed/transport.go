package agreed

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// Transport passes requests on, and returns an error in place of an answer that breaks its contract.
type Transport struct {
	Next http.RoundTripper
	// Of is the contract that a request falls under and the service it is for (see Judge); nil for none.
	Of func(*http.Request) (*Contract, string)

	mu     sync.Mutex
	broken []string
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	contract, app := t.Of(req)
	if contract == nil {
		return t.Next.RoundTrip(req)
	}
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		req = with(req, body)
	}
	resp, err := t.Next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if err := contract.Judge(req, body, resp.StatusCode, resp.Header, answer, app); err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.broken = append(t.broken, err.Error())
		return nil, err
	}
	return resp, nil
}

// Broken are the sentences of all answers that broke a contract, for tests that looked at no error.
func (t *Transport) Broken() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// with is a request with a body that has been read.
func with(req *http.Request, body []byte) *http.Request {
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		req.Body = http.NoBody
	}
	return req
}

// asJSON is what stands in an answer, nil when it is no JSON.
func asJSON(raw []byte) (v any) {
	_ = json.Unmarshal(raw, &v)
	return v
}
