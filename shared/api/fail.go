package api

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"marketplace/shared/fault"
)

// problemType is RFC 9457's form of an error.
const problemType = "application/problem+json"

// RequestID is the header that follows a request from web through every service it touches.
const RequestID = "X-Request-Id"

// refusal is the contract's error body. The request's id finds the lines of the log, and the trace if it is kept.
type refusal struct {
	Errors    []fault.Field `json:"errors"`
	RequestID string        `json:"requestId,omitempty"`
}

// problem is the same for those who ask for RFC 9457's.
type problem struct {
	Type   string     `json:"type"`
	Title  string     `json:"title"`
	Status int        `json:"status"`
	Detail string     `json:"detail"`
	Code   fault.Code `json:"code"`
	refusal
}

// Fail answers r with the contract's error body, or as a problem if it asks for that. What is internal stays in the log.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	fields, retryAfter := fault.Public(err)
	if retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((retryAfter+time.Second-1)/time.Second)))
	}
	status, said := fault.Status(err), refusal{fields, r.Header.Get(RequestID)}
	if !wantsProblem(r) {
		_ = Write(w, status, said) // plain data: always marshals
		return
	}
	code := fields[0].Code
	title := strings.ReplaceAll(string(code), "_", " ")
	var detail []string
	for _, f := range fields {
		detail = append(detail, f.Message)
	}
	raw, _ := json.Marshal(problem{ // the same
		Type: "/api/docs#error-" + string(code), Title: strings.ToUpper(title[:1]) + title[1:], Status: status,
		Detail: strings.Join(detail, "; "), Code: code, refusal: said,
	})
	write(w, status, problemType, raw)
}

// wantsProblem tells whether the caller names the form among those that it accepts. Who takes anything gets the usual.
func wantsProblem(r *http.Request) bool {
	for accepted := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		name, how, err := mime.ParseMediaType(accepted)
		if err != nil || name != problemType {
			continue
		}
		if q, err := strconv.ParseFloat(how["q"], 64); err != nil || q > 0 {
			return true
		}
	}
	return false
}
