package main

import (
	"fmt"
	"net/http"
	"strings"
)

// apiError is Stripe's error object.
type apiError struct {
	Type          string         `json:"type"`
	Code          string         `json:"code,omitempty"`
	DeclineCode   string         `json:"decline_code,omitempty"`
	Message       string         `json:"message"`
	Param         string         `json:"param,omitempty"`
	Charge        string         `json:"charge,omitempty"`
	DocURL        string         `json:"doc_url,omitempty"`
	PaymentMethod map[string]any `json:"payment_method,omitempty"`
	PaymentIntent map[string]any `json:"payment_intent,omitempty"`

	status int
	early  bool // refused before the endpoint began: not kept under the idempotency key
}

// invalid is a refusal by the endpoint: the call was understood, but cannot be done.
func invalid(code, param, format string, args ...any) *apiError {
	e := &apiError{status: http.StatusBadRequest, Type: "invalid_request_error", Code: code, Param: param,
		Message: fmt.Sprintf(format, args...)}
	if code != "" {
		e.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(code, "_", "-")
	}
	return e
}

// invalidParam is a refusal of the parameters. Stripe does not keep it, so the key can be used again
// with the mistake corrected.
func invalidParam(code, param, format string, args ...any) *apiError {
	e := invalid(code, param, format, args...)
	e.early = true
	return e
}

// missing says that an id names nothing: 404 when it stood in the path, 400 when in a parameter.
func missing(status int, object, id, param string) *apiError {
	e := invalid("resource_missing", param, "No such %s: '%s'", object, id)
	e.status = status
	return e
}

// internalError is Stripe's own failure. It is kept under the key like any result.
func internalError(message string) *apiError {
	return &apiError{status: http.StatusInternalServerError, Type: "api_error", Message: message}
}

// idempotencyError refuses a key, not a call; it is never kept.
func idempotencyError(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, early: true, Type: "idempotency_error", Code: code, Message: fmt.Sprintf(format, args...)}
}
