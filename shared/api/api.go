// Package api is the edge towards people: reading a request within limits, answering it, and the one place where an
// error becomes an answer.
package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"marketplace/shared/fault"
)

// BodyLimit is the most a request may carry, in bytes.
const BodyLimit = 64 << 10

// Handler answers a request, or returns why not; see Fail.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Body reads the whole body. It returns TooLarge over BodyLimit, Invalid when it breaks off.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return BodyUpTo(w, r, BodyLimit)
}

// BodyUpTo is Body with another limit, in bytes: for what has a file in it.
func BodyUpTo(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.New(fault.TooLarge, "The request is larger than %d KiB", limit>>10)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "The request broke off")
	}
	return raw, nil
}

// Read reads a JSON object into dst, a pointer to a struct. It returns NotJSON for another content type, TooLarge, or
// Invalid, which names the field that is unknown or of the wrong type.
func Read(w http.ResponseWriter, r *http.Request, dst any) error {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return fault.New(fault.NotJSON, "Content-Type must be application/json")
	}
	raw, err := Body(w, r)
	if err != nil {
		return err
	}
	return Decode(raw, dst)
}

// Decode is Read without the request.
func Decode(raw []byte, dst any) error {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return explain(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fault.New(fault.Invalid, "The body must be one JSON object")
	}
	return nil
}

// explain turns the decoder's error into words for the caller.
func explain(err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		if wrongType.Field == "" {
			return fault.New(fault.Invalid, "The body must be a JSON object")
		}
		return fault.InField(wrongType.Field, fmt.Sprintf("%s must be a %s", wrongType.Field, wrongType.Type))
	}
	// The decoder has no type for this one.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if field, err := strconv.Unquote(name); err == nil {
			return fault.InField(field, "Unknown field").Named(fault.UnknownField)
		}
	}
	return fault.New(fault.Invalid, "The body is not valid JSON")
}

// Write answers with v as JSON, and ends the line: people read answers in terminals too.
func Write(w http.ResponseWriter, status int, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("marshal answer: %w", err)
	}
	write(w, status, "application/json", raw)
	return nil
}

func write(w http.ResponseWriter, status int, mediaType string, raw []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // the caller is gone: nobody left to tell
}

// Created answers with v, which has just been made and from now on is at path.
func Created(w http.ResponseWriter, path string, v any) error {
	w.Header().Set("Location", path)
	return Write(w, http.StatusCreated, v)
}
