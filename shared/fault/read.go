package fault

import "encoding/json"

// Read makes the error body of an answer with that status an error again, nil for a body in another form: no service has
// answered, but a sidecar, say.
func Read(status int, body []byte) *Error {
	var answer struct {
		Errors []Field `json:"errors"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Errors) == 0 || answer.Errors[0].Message == "" {
		return nil
	}
	return &Error{Kind: OfStatus(status), Fields: answer.Errors}
}
