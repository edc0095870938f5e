package fault

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"time"
)

// Outcome is what a service tells its sidecar about an event or a job.
type Outcome string

// In the words of the sidecar's answer body {"status": ...}.
const (
	Done  Outcome = "SUCCESS" // never deliver it again
	Retry Outcome = "RETRY"   // again later, for as long as PatienceWith says; then it becomes a dead letter
	Drop  Outcome = "DROP"    // to the dead-letter topic at once: no try can help
)

// How long an event is asked for again before it counts as one that nobody can handle. Until then it holds up those behind
// it, so what may be the event's own fault gets little.
const (
	brief = 10 * time.Second
	// long is for what is known to be on its way. Longer than machines' clocks are apart, and than a service that died
	// between a change and its event takes to be there again; and short enough for the events behind it. It has an end,
	// because a clock that is wrong by hours would keep every deadline waiting; with that end readers see to them.
	long = 2 * time.Minute
	// Endless is for the outage of a part, which is never the event's fault, however long it lasts.
	Endless = time.Duration(math.MaxInt64)
)

// Two audiences, two tables. They differ on purpose: a person who asks for a missing ticket is told 404, but an event
// about a missing ticket is early, and 404 would make the sidecar throw it away.
var answers = map[Kind]struct {
	status   int
	outcome  Outcome
	patience time.Duration // with Retry
	code     Code
}{
	Internal:           {http.StatusInternalServerError, Retry, brief, internal},      // ours to mend; until then it is kept with the dead letters
	Invalid:            {http.StatusBadRequest, Drop, 0, invalid},                     // it will be as malformed the next time
	Refused:            {http.StatusBadRequest, Done, 0, refused},                     // late or repeated: there is nothing left to do
	Unauthenticated:    {http.StatusUnauthorized, Retry, long, notSignedIn},           // a token being changed
	Forbidden:          {http.StatusUnauthorized, Retry, long, notOwner},              // the contract says 401 for "not the owner" too
	Restricted:         {http.StatusForbidden, Done, 0, restricted},                   // not for what has happened already
	NotFound:           {http.StatusNotFound, Retry, brief, notFound},                 // the event that makes it is still on its way, or there is none
	MethodNotAllowed:   {http.StatusMethodNotAllowed, Retry, brief, methodNotAllowed}, // of another service of ours: one of us is newer
	Early:              {http.StatusConflict, Retry, long, early},                     // what it builds on is still on its way, known for sure
	Conflict:           {http.StatusConflict, Retry, brief, conflict},                 // the other request ends
	PreconditionFailed: {http.StatusPreconditionFailed, Done, 0, preconditionFailed},  // somebody else was first
	TooLarge:           {http.StatusRequestEntityTooLarge, Drop, 0, tooLarge},         // no smaller the next time
	NotJSON:            {http.StatusUnsupportedMediaType, Drop, 0, notJSON},           // still not JSON the next time
	TooMany:            {http.StatusTooManyRequests, Retry, Endless, tooMany},         // later
	Unavailable:        {http.StatusServiceUnavailable, Retry, Endless, unavailable},  // later
}

// Status is the HTTP status that answers err to a person.
func Status(err error) int { return answers[kindOf(err)].status }

// OutcomeOf is what the broker is told about an event whose handler returned err.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Done
	}
	return answers[kindOf(err)].outcome
}

// PatienceWith is how long an event whose handler returns err is asked for again, when OutcomeOf says Retry.
func PatienceWith(err error) time.Duration { return answers[kindOf(err)].patience }

// Public is what a stranger may read of err, each complaint with a code, and when to come back (0: not said).
func Public(err error) ([]Field, time.Duration) {
	kind := kindOf(err)
	var e *Error
	switch {
	case errors.As(err, &e) && e.Kind != Internal:
	case kind == Unavailable:
		e = New(kind, "Please try again in a moment")
	default:
		e = New(Internal, "Something went wrong")
	}
	fields := slices.Clone(e.Fields)
	for i := range fields {
		fields[i].Code = cmp.Or(fields[i].Code, answers[kind].code)
	}
	if kind == Unavailable || kind == TooMany {
		return fields, max(e.RetryAfter, time.Second)
	}
	return fields, e.RetryAfter
}

// OfStatus is the kind that another service's HTTP status stands for: the first table read backwards.
func OfStatus(status int) Kind {
	switch status {
	case http.StatusBadRequest:
		return Refused
	case http.StatusUnauthorized:
		return Forbidden
	case http.StatusForbidden:
		return Restricted
	case http.StatusNotFound:
		return NotFound
	case http.StatusMethodNotAllowed:
		return MethodNotAllowed
	case http.StatusConflict:
		return Conflict
	case http.StatusPreconditionFailed:
		return PreconditionFailed
	case http.StatusRequestEntityTooLarge:
		return TooLarge
	case http.StatusUnsupportedMediaType:
		return NotJSON
	case http.StatusTooManyRequests:
		return TooMany
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return Unavailable
	}
	return Internal
}

// kindOf is KindOf, with a deadline that passed read as a part that is down.
func kindOf(err error) Kind {
	kind := KindOf(err)
	if kind == Internal && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return Unavailable
	}
	return kind
}
