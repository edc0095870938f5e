package main

import (
	"encoding/json"
	"net/http"
)

// answer is an HTTP answer as the caller got it, and gets it again on a replay.
type answer struct {
	Status    int             `json:"status"`
	Body      json.RawMessage `json:"body"`
	RequestID string          `json:"request_id"`
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a caller that has gone asks again under its key
}

func encode(object any) (json.RawMessage, *apiError) {
	body, err := json.Marshal(object)
	if err != nil {
		return nil, internalError(err.Error())
	}
	return body, nil
}

func (e *apiError) answer(c *call) answer {
	body, err := json.Marshal(map[string]any{"error": e})
	if err != nil {
		body = []byte(`{"error":{"type":"api_error","message":"the error cannot be encoded"}}`)
	}
	return answer{Status: e.status, Body: body, RequestID: c.id}
}
