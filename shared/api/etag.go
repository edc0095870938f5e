package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"marketplace/shared/fault"
)

// Tag is the strong entity tag of v as Write would write it: whatever changes what a caller reads changes it. An error is
// one of v's that cannot be written.
func Tag(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("marshal answer: %w", err)
	}
	return tagOf(raw, ""), nil
}

// tagOf is the tag of a body and of the link to what follows it.
func tagOf(body []byte, link string) string {
	sum := sha256.Sum256(append(body[:len(body):len(body)], link...))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// WriteTagged is Write with an ETag. To a GET whose If-None-Match names it the answer is 304, without a body.
func WriteTagged(w http.ResponseWriter, r *http.Request, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("marshal answer: %w", err)
	}
	tag := tagOf(raw, w.Header().Get("Link"))
	w.Header().Set("ETag", tag)
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if reads && status == http.StatusOK && names(r.Header.Values("If-None-Match"), tag, true) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	write(w, status, "application/json", raw)
	return nil
}

// Precondition is what a caller knows of the thing that he changes: its If-Match. Without that header anything will do.
type Precondition struct{ tags []string }

// PreconditionOf reads a request's.
func PreconditionOf(r *http.Request) Precondition { return Precondition{r.Header.Values("If-Match")} }

// Check returns PreconditionFailed unless the caller knows v, the thing as it is now and as a GET would show it to him.
func (p Precondition) Check(v any) error {
	if len(p.tags) == 0 {
		return nil
	}
	tag, err := Tag(v)
	if err != nil {
		return err
	}
	if !names(p.tags, tag, false) {
		return fault.New(fault.PreconditionFailed, "It has been changed since you read it")
	}
	return nil
}

// names tells whether the lines of an If-Match or If-None-Match name a tag, by itself or by "*". weak lets W/"x" stand for
// "x", which is right only where nothing is changed by it.
func names(lines []string, tag string, weak bool) bool {
	for _, line := range lines {
		for _, named := range strings.Split(line, ",") { // no tag of ours has a comma
			named = strings.TrimSpace(named)
			if weak {
				named = strings.TrimPrefix(named, "W/")
			}
			if named == tag || named == "*" {
				return true
			}
		}
	}
	return false
}
