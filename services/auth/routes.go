package main

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"

	"marketplace/shared/api"
	"marketplace/shared/service"
)

// routes is every way into auth.
func (s *server) routes(cfg service.Settings, log *slog.Logger, ready func(context.Context) error) *service.Routes {
	r := service.NewRoutes("auth", cfg, log, ready)

	// People, through web. Repeating a sign-up is refused, everything else is harmless twice.
	r.FromWeb("POST", "/api/users/signup", s.signUp, service.Quick)
	r.FromWeb("POST", "/api/users/signin", s.signIn, service.Quick)
	r.FromWeb("POST", "/api/users/signout", s.signOut, service.Quick)
	r.FromWeb("GET", "/api/users/currentuser", s.currentUser, service.Quick)
	r.FromWeb("GET", "/api/users/.well-known/jwks.json", s.keys, service.Quick)
	return r
}

// keys publishes the public key, for services of other makes that verify sessions themselves.
func (s *server) keys(w http.ResponseWriter, _ *http.Request) error {
	return api.Write(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "x": base64.RawURLEncoding.EncodeToString(s.public),
	}}})
}
