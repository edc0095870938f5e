// Package fault is the vocabulary of refusal: every error that a caller may see has a Kind and a sentence fit for a
// stranger. Any other error is internal: logged, and shown only as "Something went wrong".
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says whose fault it is and what the caller can do about it. How each is answered stands in answer.go.
type Kind int

// The zero Kind is Internal, so that forgetting to choose never tells a stranger more than it should.
const (
	Internal           Kind = iota
	Invalid                 // the request is malformed, or breaks a rule about its own content
	Refused                 // the request is fine, the state of things does not allow it
	Unauthenticated         // nobody is signed in
	Forbidden               // somebody is, but it is not theirs
	Restricted              // somebody is, and has to do something else first
	NotFound                // no such thing, or an id that cannot name one
	MethodNotAllowed        // there is such a thing, but this cannot be done to it
	Early                   // what the event builds on has not arrived yet; ask again
	Conflict                // another request is in the way; see Error.RetryAfter
	PreconditionFailed      // it has changed since the caller looked
	TooLarge                // the body is over the limit
	NotJSON                 // the body is not JSON
	TooMany                 // slow down; see Error.RetryAfter
	Unavailable             // a part is down, nothing was done or it is safe to repeat; see Error.RetryAfter
)

// Field is one complaint about one part of a request.
type Field struct {
	Message string `json:"message"`
	Field   string `json:"field,omitempty"` // name as the caller wrote it, empty when no field is to blame
	Code    Code   `json:"code,omitempty"`  // empty: the kind's; never empty in an answer
}

// Error is a refusal.
type Error struct {
	Kind       Kind
	Fields     []Field       // what the caller is told, at least one
	RetryAfter time.Duration // when to come back, 0 where that is no use; TooMany and Unavailable always say
	Cause      error         // what the log is told, may be nil
}

func (e *Error) Error() string {
	msg := e.Fields[0].Message
	for _, f := range e.Fields[1:] {
		msg += "; " + f.Message
	}
	if e.Cause != nil {
		msg += ": " + e.Cause.Error()
	}
	return msg
}

func (e *Error) Unwrap() error { return e.Cause }

// New makes a refusal with one sentence.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Fields: []Field{{Message: fmt.Sprintf(format, args...)}}}
}

// Named gives the refusal a code of its own, which says more than its kind's.
func (e *Error) Named(code Code) *Error {
	for i := range e.Fields {
		e.Fields[i].Code = code
	}
	return e
}

// InField makes an Invalid that blames one field.
func InField(field, message string) *Error {
	return &Error{Kind: Invalid, Fields: []Field{{Message: message, Field: field}}}
}

// Down makes an Unavailable from the error of a part that did not answer.
func Down(cause error, format string, args ...any) *Error {
	e := New(Unavailable, format, args...)
	e.Cause, e.RetryAfter = cause, time.Second
	return e
}

// Overload makes an Unavailable for what is refused because more is asked for than can be done. Nothing was done.
func Overload(wait time.Duration) *Error {
	e := New(Unavailable, "More is asked of us at this moment than we can do. Please try again in a moment").Named(Overloaded)
	e.RetryAfter = wait
	return e
}

// Wait makes a TooMany that says in words how long to wait: "why. Please wait 12 minutes".
func Wait(wait time.Duration, why string) *Error {
	count, unit := (wait+time.Minute-1)/time.Minute, "minute"
	if wait <= 90*time.Second {
		count, unit = max(1, (wait+time.Second-1)/time.Second), "second"
	}
	if count != 1 {
		unit += "s"
	}
	e := New(TooMany, "%s. Please wait %d %s", why, count, unit)
	e.RetryAfter = wait
	return e
}

// The refusals whose wording the contract fixes.
func NotSignedIn() *Error   { return New(Unauthenticated, "Not authorized") }
func NotOwner() *Error      { return New(Forbidden, "Not authorized") }
func NoSuchThing() *Error   { return New(NotFound, "Not Found") }
func UnknownRoute() *Error  { return New(NotFound, "Not Found") }
func UnknownMethod() *Error { return New(MethodNotAllowed, "Method Not Allowed") }

// KindOf finds the kind anywhere in err's chain; Internal when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Fields gathers complaints, so that a caller hears of every wrong field at once.
type Fields []Field

// Check adds a complaint when ok is false.
func (f *Fields) Check(ok bool, field, message string) {
	if !ok {
		*f = append(*f, Field{Message: message, Field: field})
	}
}

// Err is an Invalid with every complaint, or nil when there is none.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Fields: f}
}
