package main

import (
	"context"
	"log/slog"
	"net/http"

	"marketplace/shared/api"
	"marketplace/shared/service"
)

// routes is every way into auth.
func (s *server) routes(cfg service.Settings, log *slog.Logger, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("auth", cfg, log, ready)

	// People, through web. Repeating a sign-up is refused, unless it has an Idempotency-Key; everything else is harmless twice.
	r.FromWeb("POST", "/api/users/signup", s.signUp, service.Quick)
	r.FromWeb("POST", "/api/users/signin", s.signIn, service.Quick)
	r.FromWeb("POST", "/api/users/signout", s.signOut, service.Quick)
	r.FromWeb("GET", "/api/users/currentuser", s.currentUser, service.Quick)
	r.FromWeb("GET", "/api/users/me", s.me, service.Quick)
	r.FromWeb("DELETE", "/api/users/me", s.deleteMe, service.Quick) // a second time nobody is signed in
	r.FromWeb("POST", "/api/users/forgot", s.forgot, service.Quick) // another letter each time, so many at most
	r.FromWeb("POST", "/api/users/reset", s.reset, service.Quick)   // a link does it once
	r.FromWeb("POST", "/api/users/password", s.changePassword, service.Quick)
	r.FromWeb("POST", "/api/users/verify", s.verify, service.Quick)
	r.FromWeb("POST", "/api/users/verification", s.askVerification, service.Quick) // as forgot
	r.FromWeb("POST", "/api/users/signout-everywhere", s.signOutEverywhere, service.Quick)
	r.FromWeb("GET", "/api/users/.well-known/jwks.json", s.keys, service.Quick)

	// Every service that verifies sessions, every half minute: which are over before their time.
	r.Internal("GET", "/internal/sessions/ended", s.endedSessions, "tickets", "orders", "payments", "handover", "desk", "web")

	// Who writes to people asks whom, and for the link of the letter; who lists tickets, whether the address was verified since.
	r.Internal("GET", "/internal/accounts/{id}", s.address, "mail")
	r.Internal("POST", "/internal/accounts/{id}/links", s.link, "mail")
	r.Internal("GET", "/internal/verified/{id}", s.isVerified, "tickets")

	r.Nudges(s.outbox) // from ourselves: a look at what we may have left unpublished
	return r
}

// keys publishes the public keys, for services of other makes that verify sessions themselves.
func (s *server) keys(w http.ResponseWriter, _ *http.Request) error {
	set := []map[string]string{}
	for _, key := range s.public {
		set = append(set, map[string]string{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.ID, "x": key.X()})
	}
	return api.Write(w, http.StatusOK, map[string]any{"keys": set})
}
