package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"marketplace/shared/fault"
	"marketplace/shared/service"
)

// told is what an asking page passes on of its visitor's request.
var told = []string{"Authorization", "Cookie", "X-Forwarded-For", "User-Agent", service.RequestID, "Traceparent", service.IdempotencyKey, "If-Match"}

// ask puts a request to the API as the visitor could, and reads the answer into out (nil: ignored). A service's refusal
// comes back as an error with its words.
func (s *site) ask(r *http.Request, method, path string, in, out any) (http.Header, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", path, err)
	}
	header, body, err := s.send(r, method, path, "application/json", raw)
	if err != nil || out == nil {
		return header, err
	}
	if err := json.Unmarshal(body, out); err != nil {
		return nil, fmt.Errorf("answer to %s %s: %w", method, path, err)
	}
	return header, nil
}

// send is ask for what is no JSON, there or back.
func (s *site) send(r *http.Request, method, path, mediaType string, raw []byte) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(r.Context(), method, path, bytes.NewReader(raw))
	if err != nil {
		return nil, nil, fault.NoSuchThing() // an id that cannot name anything
	}
	for _, name := range told {
		if values := r.Header.Values(name); len(values) > 0 {
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	req.Header.Set("Content-Type", mediaType)
	got := &answer{header: http.Header{}}
	s.api.ServeHTTP(got, req)
	if got.status/100 != 2 {
		if said := fault.Read(got.status, got.body.Bytes()); said != nil {
			if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); err == nil {
				said.RetryAfter = time.Duration(seconds) * time.Second
			}
			return nil, nil, said
		}
		return nil, nil, fmt.Errorf("HTTP %d %.200s", got.status, got.body.Bytes())
	}
	return got.header, got.body.Bytes(), nil
}

// nextCursor is where the next page of a listing begins, "" when there is none.
func nextCursor(header http.Header) string {
	link, _, _ := strings.Cut(strings.TrimPrefix(header.Get("Link"), "<"), ">")
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Query().Get("cursor")
}

// answer is the API's answer to a page.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}
