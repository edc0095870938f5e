package service

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/metrics"
	"marketplace/shared/service/poison"
	"marketplace/shared/trace"
)

// Routes is the table of every way into a service: what people ask for, what other services ask for, events and jobs.
// Everything but /livez, /readyz, /healthz and what is Direct demands the token that only the sidecar has.
type Routes struct {
	app           string
	token         string
	log           *slog.Logger
	mux           *mux.Router
	paths         map[string]*methods
	now           clock.Now
	subscriptions []subscription
	suspects      poison.Suspects // events that could not be handled
	ready, whole  []check
	hearing       *dapr.Hearing // nil for a service that hears no broadcasts
	mentions      []func() string
	late          lateness
	grave         Grave // nil: the sidecar buries what cannot be handled, and nobody says why
}

// check says what is missing, nil when nothing is.
type check = func(context.Context) error

// subscription is an entry of the answer to GET /dapr/subscribe.
type subscription struct {
	PubSub     string `json:"pubsubname"`
	Topic      string `json:"topic"`
	Route      string `json:"route"`
	DeadLetter string `json:"deadLetterTopic,omitempty"`

	Metadata map[string]string `json:"metadata,omitempty"`
}

// Quick and Unlimited are how long a request may take. Unlimited is for what waits for somebody else's slow answer and
// must not be left half done.
const (
	Quick     = 10 * time.Second
	Unlimited = time.Duration(0)
)

// Limits on other work.
const (
	// deliveryLimit is shorter than the broker's patience (ackWait in components/pubsub-jetstream): an event that is still
	// being handled must not be sent to another replica meanwhile.
	deliveryLimit = 10 * time.Second
	persistPause  = 500 * time.Millisecond
	// jobLimit is as long as a job's work may wait for somebody outside. No other job waits for it.
	jobLimit   = 60 * time.Second
	eventLimit = 1 << 20 // bytes
)

// NewRoutes is the table of the service app. /readyz asks ready whether requests make sense, /healthz also whatever Whole
// has added.
func NewRoutes(app string, s Settings, log *slog.Logger, ready ...check) *Routes {
	r := &Routes{app: app, token: s.Token, log: log, mux: mux.NewRouter().SkipClean(true).UseEncodedPath(), paths: map[string]*methods{}, now: time.Now, ready: ready}
	r.mux.NotFoundHandler = r.answer(func(http.ResponseWriter, *http.Request) error { return fault.UnknownRoute() })
	r.handle(http.MethodGet, "/livez", anybody, func(http.ResponseWriter, *http.Request) error { return nil })
	r.handle(http.MethodGet, "/readyz", anybody, func(w http.ResponseWriter, req *http.Request) error {
		return r.pass(w, req, r.ready)
	})
	r.handle(http.MethodGet, "/healthz", anybody, func(w http.ResponseWriter, req *http.Request) error {
		return r.pass(w, req, r.everything(), r.mentions...)
	})
	metrics.Ask("events_behind_seconds", "How late the events of the last second got to this replica, 0 while that is less than half of one: web lets in less meanwhile, and nothing new from two seconds on.",
		func() float64 { return r.Behind().Seconds() })
	metrics.Ask("healthy", "1 while the service and all that it does not do without for long are well, as GET /healthz says, else 0.", r.healthy)
	r.handle(http.MethodGet, "/dapr/subscribe", r.fromSidecar, func(w http.ResponseWriter, _ *http.Request) error {
		if r.hearing != nil {
			r.hearing.Subscribes()
		}
		return api.Write(w, http.StatusOK, append([]subscription{}, r.subscriptions...))
	})
	return r
}

// Whole adds a check to /healthz of something that the service can do without for a while: without the broker it still
// answers questions.
func (r *Routes) Whole(c check) { r.whole = append(r.whole, c) }

// Mention adds words to /healthz that an operator should read although nothing is wrong; "" for none.
func (r *Routes) Mention(words func() string) { r.mentions = append(r.mentions, words) }

func (r *Routes) everything() []check { return append(r.ready[:len(r.ready):len(r.ready)], r.whole...) }

func (r *Routes) pass(w http.ResponseWriter, req *http.Request, checks []check, mentions ...func() string) error {
	if err := r.missing(req.Context(), checks); err != nil {
		return err
	}
	answer := struct {
		Status string   `json:"status"`
		Notes  []string `json:"notes,omitempty"`
		Behind float64  `json:"behind,omitempty"` // seconds
	}{Status: "ready", Behind: r.Behind().Seconds()}
	for _, words := range mentions {
		if note := words(); note != "" {
			answer.Notes = append(answer.Notes, note)
		}
	}
	return api.Write(w, http.StatusOK, answer)
}

// missing says what does not pass, nil when everything does.
func (r *Routes) missing(ctx context.Context, checks []check) error {
	for _, check := range checks {
		err := check(ctx)
		if fault.KindOf(err) == fault.Unavailable {
			return err // it says itself what is missing
		}
		if err != nil {
			return fault.Down(err, "%s is not ready", r.app)
		}
	}
	return nil
}

// ServeHTTP implements http.Handler. A path that was added word by word comes before those with an {id} in its place: it
// has methods of its own.
func (r *Routes) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if m := r.paths[req.URL.EscapedPath()]; m != nil {
		m.ServeHTTP(w, req)
		return
	}
	r.mux.ServeHTTP(w, req)
}

// FromWeb adds a route for what web passes on from outside. It demands the sidecar's token, as all do that are not Direct;
// other services may ask there too. limit is Quick or Unlimited.
func (r *Routes) FromWeb(method, path string, h api.Handler, limit time.Duration) {
	r.handle(method, path, r.withToken, traced(method+" "+path, within(limit, h)))
	r.measure(method, path)
}

// Direct adds everything under a path for whoever comes without a sidecar between, token or not: browsers. Only web has
// such routes.
func (r *Routes) Direct(prefix string, h http.Handler) {
	r.mux.PathPrefix(prefix + "/").Handler(h)
	r.mux.Path(prefix).Handler(h)
}

// Rest is Direct for everything that no other route answers.
func (r *Routes) Rest(h http.Handler) { r.mux.NotFoundHandler = h }

// Internal adds a route for the services named by callers, and for nobody else.
func (r *Routes) Internal(method, path string, h api.Handler, callers ...string) {
	r.handle(method, path, func(h api.Handler) api.Handler {
		return r.withToken(func(w http.ResponseWriter, req *http.Request) error {
			// One value: a caller that claims to be another has two, in any order.
			if by := req.Header.Values(callerHeader); len(by) != 1 || !slices.Contains(callers, by[0]) {
				return fault.NotOwner()
			}
			return h(w, req)
		})
	}, traced(method+" "+path, within(Quick, h)))
	r.measure(method, path)
}

// On subscribes h to the events that carry P. They come at least once and in any order; an error asks for them again,
// as fault.OutcomeOf says, and for as long as fault.PatienceWith does. One that waits holds up those behind it.
func On[P any, T interface {
	*P
	events.Payload
}](r *Routes, h func(ctx context.Context, payload P) error) {
	topic := T(new(P)).Topic()
	r.subscribe(subscription{PubSub: dapr.PubSub, Topic: topic, Route: "/events/" + topic, DeadLetter: events.DeadTopic(r.app)}, payloads[P, T](h))
}

// OnBroadcast is On for a service of which every replica must hear each event. It hears only what is published while it
// listens, and once at most: nothing may depend on it that cannot be looked up again.
func OnBroadcast[P any, T interface {
	*P
	events.Payload
}](r *Routes, h func(ctx context.Context, payload P) error) {
	topic := T(new(P)).Topic()
	r.subscribe(subscription{PubSub: dapr.Broadcast, Topic: topic, Route: "/events/broadcast/" + topic}, payloads[P, T](h))
}

// Hears has h watch that the service's broadcasts arrive. /healthz says so when they do not.
func (r *Routes) Hears(h *dapr.Hearing) {
	r.hearing = h
	r.subscribe(subscription{PubSub: dapr.Broadcast, Topic: events.HeartbeatsTopic, Route: "/events/broadcast/" + events.HeartbeatsTopic}, h.Heard)
	r.Whole(h.Ready)
}

// payloads passes on what carries P.
func payloads[P any, T interface {
	*P
	events.Payload
}](h func(ctx context.Context, payload P) error) func(context.Context, events.Envelope) error {
	return func(ctx context.Context, e events.Envelope) error {
		var payload P
		if err := events.Read(e, T(&payload)); err != nil {
			if errors.Is(err, events.ErrOtherType) {
				return nil
			}
			return err
		}
		note(ctx, about(payload))
		return h(ctx, payload)
	}
}

// Nudges subscribes the service to its own outbox topic.
func (r *Routes) Nudges(outbox *dapr.Outbox) {
	topic := outbox.Topic()
	// Without dead letters: a nudge is repeated until its write is settled.
	r.subscribe(subscription{PubSub: dapr.OutboxBus, Topic: topic, Route: "/events/" + topic}, outbox.Nudged)
}

func (r *Routes) subscribe(s subscription, h func(context.Context, events.Envelope) error) {
	r.subscriptions = append(r.subscriptions, s)
	expectEvents(s)
	r.handle(http.MethodPost, s.Route, r.fromSidecar, func(w http.ResponseWriter, req *http.Request) error {
		return api.Write(w, http.StatusOK, map[string]fault.Outcome{"status": r.deliver(s, req, h)})
	})
}

// deliver hands one event to its handler and says what is to become of it.
func (r *Routes) deliver(s subscription, req *http.Request, h func(context.Context, events.Envelope) error) fault.Outcome {
	body, err := io.ReadAll(io.LimitReader(req.Body, eventLimit))
	if err != nil {
		return fault.Retry
	}
	e, err := events.Open(body)
	began, noted := time.Now(), &notes{}
	ctx, end := r.hear(req, s, e)
	ctx = context.WithValue(ctx, notesKey{}, noted)
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, deliveryLimit)
		defer cancel()
		err = persist(limited, func() error { return withoutPanic(limited, e, h) })
	}
	outcome := r.judge(s, e, err)
	countEvent(s, e, outcome, time.Now())
	if outcome == fault.Done && s.DeadLetter != "" {
		r.late.took(s.Topic, e, r.now())
	}
	end(outcome)
	log := r.log.With("topic", s.Topic, "type", e.Type, "id", e.ID, "trace", trace.ID(ctx), "ms", sinceMS(began)).With(noted.fields()...)
	if err != nil {
		log = log.With("error", err)
	}
	switch outcome {
	case fault.Done:
		if s.PubSub == dapr.PubSub { // what every replica hears, and what we say to ourselves, tells no story
			log.Info("event handled")
		}
	case fault.Drop:
		log.Error("event cannot be handled, sent to the dead letters")
		r.explain(ctx, s, body, err)
	case fault.Retry:
		log.Warn("event not handled yet, asking for it again")
	}
	return outcome
}

// judge says what is to become of an event whose handler returned err. The sidecar asks again for ever
// (components/resiliency), because it cannot tell an event that nobody can handle from a store that is away; only here is
// known which it was.
func (r *Routes) judge(s subscription, e events.Envelope, err error) fault.Outcome {
	outcome := fault.OutcomeOf(err)
	if s.DeadLetter == "" {
		return outcome
	}
	event := s.Topic + " " + e.ID
	switch patience := fault.PatienceWith(err); {
	case outcome == fault.Done, outcome == fault.Retry && patience == fault.Endless:
		r.suspects.Clear(event)
	case outcome == fault.Retry && r.suspects.Fails(event, patience, r.now()):
		return fault.Drop
	}
	return outcome
}

// persist repeats do while a part behind it is down, for as long as ctx lasts: the part may be back in a moment.
func persist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if fault.KindOf(err) != fault.Unavailable {
			return err
		}
		select {
		case <-time.After(persistPause):
		case <-ctx.Done():
			return err
		}
	}
}

// withoutPanic makes an error of a panic: a sidecar takes an answer of 500 for a service that is down, and asks for ever.
func withoutPanic(ctx context.Context, e events.Envelope, h func(context.Context, events.Envelope) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(ctx, e)
}

// Job adds what to do when a job rings whose name begins with prefix; the rest of the name says what about. It rings
// again until h returns nil or an error that no repetition can mend.
func (r *Routes) Job(prefix string, h func(ctx context.Context, rest string) error) {
	paths := r.mux.MatcherFunc(func(req *http.Request, _ *mux.RouteMatch) bool {
		return strings.HasPrefix(req.URL.Path, "/job/"+prefix)
	})
	job := strings.TrimRight(prefix, "-")
	expectJobs(job)
	r.methods(paths, r.fromSidecar).by[http.MethodPost] = r.answer(r.fromSidecar(func(w http.ResponseWriter, req *http.Request) error {
		rest := strings.TrimPrefix(req.URL.Path, "/job/"+prefix)
		began := time.Now()
		ctx, end := ring(req, prefix)
		outcome := fault.Retry // of a panic too
		defer func() { end(outcome) }()
		limited, cancel := context.WithTimeout(ctx, jobLimit)
		defer cancel()
		err := h(limited, rest)
		countJob(job, err)
		outcome = fault.OutcomeOf(err)
		if outcome == fault.Retry {
			return fault.Down(err, "job %s%s not done yet", prefix, rest) // 404 would end the job
		}
		log := r.log.With("job", prefix+rest, "trace", trace.ID(ctx), "ms", sinceMS(began))
		if err != nil {
			log.Error("job given up", "error", err)
		} else {
			log.Info("job done")
		}
		return api.Write(w, http.StatusOK, struct{}{})
	}))
}

// callerHeader is set by the caller's sidecar on an invocation; an event or a job has none.
const callerHeader = "dapr-caller-app-id"

// withToken lets only the sidecar in.
func (r *Routes) withToken(h api.Handler) api.Handler {
	return func(w http.ResponseWriter, req *http.Request) error {
		if subtle.ConstantTimeCompare([]byte(req.Header.Get("dapr-api-token")), []byte(r.token)) != 1 {
			return fault.NotSignedIn()
		}
		return h(w, req)
	}
}

// fromSidecar lets in only what the sidecar does by itself: no other service gets it to bring an event or ring a job. A
// service that is out for it can make its sidecar leave the caller out (by naming it in a Connection header): what keeps
// that one away is the sidecars' own access control, in k8s/.
func (r *Routes) fromSidecar(h api.Handler) api.Handler {
	return r.withToken(func(w http.ResponseWriter, req *http.Request) error {
		if len(req.Header.Values(callerHeader)) > 0 {
			return fault.NotOwner()
		}
		return h(w, req)
	})
}

// within ends h's context after limit.
func within(limit time.Duration, h api.Handler) api.Handler {
	if limit == Unlimited {
		return h
	}
	return func(w http.ResponseWriter, req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), limit)
		defer cancel()
		return h(w, req.WithContext(ctx))
	}
}

// answer runs h and answers for it when it returns an error or panics. It is the only place that does.
func (r *Routes) answer(h api.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req = req.WithContext(trace.From(req.Context(), req.Header.Get("traceparent")))
		log := r.log.With("method", req.Method, "path", req.URL.Path, "request", req.Header.Get(RequestID), "trace", trace.ID(req.Context()))
		defer func() {
			if p := recover(); p != nil {
				log.Error("panic", "panic", p, "stack", string(debug.Stack()))
				api.Fail(w, req, errors.New("panic"))
			}
		}()
		err := h(w, req)
		if err == nil {
			return
		}
		switch status := fault.Status(err); {
		case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
			log.Error("failed", "error", err)
		case status == http.StatusServiceUnavailable && req.URL.Path != "/healthz" && req.URL.Path != "/readyz": // whoever asks for that will see
			log.Warn("unavailable", "error", err)
		}
		api.Fail(w, req, err)
	})
}

// RequestID is the header that follows a request from web through every service it touches.
const RequestID = api.RequestID
