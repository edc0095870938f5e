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
	r.FromWeb("GET", "/api/users/.well-known/jwks.json", s.keys, service.Quick)

	// Every service that verifies sessions, every half minute: which are over before their time.
	r.Internal("GET", "/internal/sessions/ended", s.endedSessions, "tickets", "orders", "payments", "handover", "web")
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
