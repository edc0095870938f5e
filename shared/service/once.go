package service

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
)

// IdempotencyKey is the header by which a client names a request, so that sending it twice does its work once.
const IdempotencyKey = "Idempotency-Key"

// replayed marks an answer that was given before.
const replayed = "Idempotency-Replayed"

const (
	onceKept   = 24 * time.Hour // how long a key is known after its request was last heard of
	onceMargin = 2 * time.Second
	longestKey = 255
	keepLimit  = 2 * time.Second
)

// Once answers requests that name themselves by an Idempotency-Key: the same sender's same request gets the same answer
// for a day, from any replica. Without that header it does nothing and costs nothing.
//
// A key is noted, with a hash of the body, before its work begins, and the answer with it before anybody hears the answer:
//
//   - Another body under the key is refused, and so is the same while the first is at work.
//   - Success and what the state of things refuses are kept. After what says of itself that nothing was done (400 for the
//     request's own content, 401, 404, 413, 415) the key is free for another body. After 429 and 5xx nobody may know what was
//     done: the same body may try again, and no other.
//   - Work that stopped half way (the process died, or the answer could not be kept) is taken over by a repetition once it
//     has had its time. Both may then run at once, if the first was only frozen. So the work must bear being repeated; the
//     key makes it easy by naming what is made: NewID is the same for every try.
type Once struct {
	requests *dapr.Collection[request]
	sender   func(*http.Request) (string, error)
	now      clock.Now
	log      *slog.Logger
}

// request is what is known of a key.
type request struct {
	Body   string    `json:"body,omitempty"` // its hash, "" while the key is free
	Name   string    `json:"name"`           // of what it makes
	Try    int       `json:"try"`            // counts those who have begun
	Until  time.Time `json:"until,omitzero"` // the latest has its time, zero when it is at an end
	Done   bool      `json:"done,omitempty"`
	Answer *kept     `json:"answer,omitempty"` // nil when it holds secrets, see Again
}

// kept is an answer: a success, or a refusal.
type kept struct {
	Status  int               `json:"status,omitempty"`
	Header  map[string]string `json:"header,omitempty"`
	Body    string            `json:"body,omitempty"`
	Refusal []fault.Field     `json:"refusal,omitempty"`
}

// NewOnce keeps what it knows in store. sender tells whose keys they are: what two senders call alike is not the same. Its
// error is that of a request that nobody has sent, which is left to its handler.
func NewOnce(store dapr.Store, sender func(*http.Request) (string, error), now clock.Now, log *slog.Logger) *Once {
	return &Once{requests: dapr.NewTemporary[request]("request", store, onceKept), sender: sender, now: now, log: log}
}

// Do is h, done once for a key. limit is how long h may work; for as long a repetition is told that it is under way.
func (o *Once) Do(h api.Handler, limit time.Duration) api.Handler {
	return o.handler(h, limit, readBody, true)
}

// Again is Do for what has secrets in its body or its answer: the answer is not kept, and of the body only about, which must
// be no secret. A repetition runs h again, which finds by NewID what it has made and sees itself to that the rest of the body
// is the same.
func (o *Once) Again(h api.Handler, limit time.Duration, about string) api.Handler {
	return o.handler(h, limit, func(http.ResponseWriter, *http.Request) (string, error) { return about, nil }, false)
}

// readBody reads the body, and leaves it for who reads it next.
func readBody(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := api.Body(w, r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body), err
}

func (o *Once) handler(h api.Handler, limit time.Duration, about func(http.ResponseWriter, *http.Request) (string, error), keep bool) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if len(r.Header.Values(IdempotencyKey)) == 0 {
			return h(w, r)
		}
		sender, err := o.sender(r)
		if err != nil {
			return h(w, r)
		}
		key := r.Header.Get(IdempotencyKey)
		if err := CheckKey(key); err != nil {
			return err
		}
		body, err := about(w, r)
		if err != nil {
			return err
		}
		id := hash(sender, r.URL.Path, key)
		req, err := o.begin(r.Context(), id, hash(body), limit+onceMargin)
		countKey(req, err)
		if err != nil {
			return err
		}
		if req.Answer != nil {
			return req.Answer.replay(w)
		}
		got := &recorded{header: http.Header{}}
		err = h(got, r.WithContext(context.WithValue(r.Context(), nameKey{}, req.Name)))
		if req.Done { // by an earlier try, and its answer holds secrets
			if err == nil {
				got.header.Set(replayed, "true")
			}
			return got.to(w, err)
		}
		var answer *kept
		if keep {
			answer = worthKeeping(got, err)
		}
		now, failed := o.end(r.Context(), id, req.Try, err, answer)
		if failed != nil {
			o.log.Warn("an answer was not kept, a repetition does the work again", "path", r.URL.Path, "error", failed)
		}
		if now.Answer != nil && now.Try != req.Try { // we took so long that somebody took over, and was first
			return now.Answer.replay(w)
		}
		return got.to(w, err)
	}
}

// CheckKey returns Invalid for what is no Idempotency-Key.
func CheckKey(key string) error {
	ok := len(key) >= 1 && len(key) <= longestKey
	for _, c := range []byte(key) {
		ok = ok && c >= ' ' && c <= '~'
	}
	if !ok {
		return fault.InField(IdempotencyKey, "Idempotency-Key must be 1 to 255 printable ASCII characters")
	}
	return nil
}

// KeyReused is the refusal of a request whose key came with another.
func KeyReused() *fault.Error {
	return ofKey("This Idempotency-Key came with another request before", fault.KeyReused)
}

func ofKey(words string, code fault.Code) *fault.Error {
	return &fault.Error{Kind: fault.Conflict, Fields: []fault.Field{{Message: words, Field: IdempotencyKey, Code: code}}}
}

// begin takes the key for a try, unless it is done. It returns Conflict when it may not be tried.
func (o *Once) begin(ctx context.Context, id, body string, limit time.Duration) (request, error) {
	name := rand.Text()
	return o.requests.Upsert(ctx, id, func(q *request) error {
		now := o.now()
		wait := q.Until.Sub(now)
		switch {
		case q.Body != "" && q.Body != body:
			return KeyReused()
		case q.Done:
			return nil
		case wait > 0 && wait <= limit: // more is another machine's wrong clock
			refusal := ofKey("The request with this Idempotency-Key is still under way", fault.KeyInProgress)
			refusal.RetryAfter = time.Second
			return refusal
		}
		if q.Name == "" {
			q.Name = name
		}
		q.Body, q.Until = body, now.Add(limit).Truncate(time.Millisecond)
		q.Try++
		return nil
	})
}

// end notes how a try ended, with or without err, and returns what is known then: the answer that stands may be that of
// another try, which was first. It sees to that also when the sender has hung up.
func (o *Once) end(ctx context.Context, id string, try int, err error, answer *kept) (request, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepLimit)
	defer cancel()
	return o.requests.Update(ctx, id, func(q *request) error {
		switch {
		case q.Done:
		case err == nil || answer != nil:
			q.Done, q.Answer, q.Try, q.Until = true, answer, try, time.Time{}
		case q.Try != try: // somebody else is at work
		default:
			q.Until = time.Time{}
			if nothingDone(err) {
				q.Body = ""
			}
		}
		return nil
	})
}

// nothingDone tells whether err says that its request was refused before it did anything.
func nothingDone(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotJSON, fault.TooLarge, fault.Unauthenticated, fault.Forbidden, fault.Restricted, fault.NotFound:
		return true
	}
	return false
}

// worthKeeping is an answer that a repetition gets as well, nil when it is none.
func worthKeeping(got *recorded, err error) *kept {
	var refusal *fault.Error
	switch {
	case err == nil:
		k := &kept{Status: cmp.Or(got.status, http.StatusOK), Body: got.body.String(), Header: map[string]string{}}
		for _, name := range []string{"Content-Type", "Location", "Etag"} { // never a cookie
			if value := got.header.Get(name); value != "" {
				k.Header[name] = value
			}
		}
		return k
	case errors.As(err, &refusal) && refusal.Kind == fault.Refused && fault.CodeOf(err) != fault.PaymentInProgress:
		return &kept{Refusal: refusal.Fields}
	}
	return nil
}

// replay answers as before.
func (k *kept) replay(w http.ResponseWriter) error {
	w.Header().Set(replayed, "true")
	if k.Refusal != nil {
		return &fault.Error{Kind: fault.Refused, Fields: k.Refusal}
	}
	for name, value := range k.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(k.Status)
	_, _ = io.WriteString(w, k.Body)
	return nil
}

type nameKey struct{}

// NewID is an id for what a request makes: the same for every try of a request that names itself by an Idempotency-Key,
// whatever replica tries, else a new one. Whoever finds it taken has made it before.
func NewID(ctx context.Context) string {
	if name, ok := ctx.Value(nameKey{}).(string); ok {
		return name
	}
	return rand.Text()
}

// hash tells lists of texts apart.
func hash(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		part := sha256.Sum256([]byte(text))
		sum.Write(part[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// recorded is an answer that nobody has heard yet.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorded) Header() http.Header { return a.header }

func (a *recorded) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *recorded) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// to passes the answer on; of one that ended with err that is what its header says besides.
func (a *recorded) to(w http.ResponseWriter, err error) error {
	maps.Copy(w.Header(), a.header)
	if err != nil {
		return err
	}
	w.WriteHeader(cmp.Or(a.status, http.StatusOK))
	_, _ = w.Write(a.body.Bytes()) // the caller is gone: nobody left to tell
	return nil
}
