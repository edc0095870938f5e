// Package session is the signed-in user's cookie, both ends: auth issues it with the private key, everybody else
// verifies it with the public one.
package session

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// Cookie is the name of the cookie. Changing it signs everybody out.
const Cookie = "session"

// Lifetime of a session.
const Lifetime = 24 * time.Hour

// User is who is signed in.
type User struct {
	ID       string
	Email    string
	IssuedAt int64 // Unix seconds
}

type claims struct {
	Email string `json:"email"`
	jwt.RegisteredClaims
}

// Verifier tells whose session a request carries.
type Verifier struct {
	key ed25519.PublicKey
	now clock.Now
}

// NewVerifier checks sessions with the public half of auth's key.
func NewVerifier(key ed25519.PublicKey, now clock.Now) *Verifier {
	return &Verifier{key: key, now: now}
}

// User returns who is signed in. It returns Unauthenticated for a session that is missing, forged, expired or signed in
// any way but ours: a bad session is no session.
func (v *Verifier) User(r *http.Request) (User, error) {
	cookie, err := r.Cookie(Cookie)
	if err != nil {
		return User{}, fault.NotSignedIn()
	}
	var c claims
	_, err = jwt.ParseWithClaims(cookie.Value, &c, func(*jwt.Token) (any, error) { return v.key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(v.now))
	if err != nil || c.Subject == "" || c.IssuedAt == nil {
		return User{}, fault.NotSignedIn()
	}
	return User{ID: c.Subject, Email: c.Email, IssuedAt: c.IssuedAt.Unix()}, nil
}

// Issuer opens and closes sessions.
type Issuer struct {
	key    ed25519.PrivateKey
	secure bool
	now    clock.Now
}

// NewIssuer issues sessions. secure keeps the cookie off plain HTTP: true everywhere but on a developer's machine.
func NewIssuer(key ed25519.PrivateKey, secure bool, now clock.Now) *Issuer {
	return &Issuer{key: key, secure: secure, now: now}
}

// Open signs the user in.
func (i *Issuer) Open(w http.ResponseWriter, userID, email string) error {
	now := i.now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{Email: email, RegisteredClaims: jwt.RegisteredClaims{
		Subject: userID, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(Lifetime)),
	}}).SignedString(i.key)
	if err != nil {
		return fmt.Errorf("sign session: %w", err)
	}
	http.SetCookie(w, i.cookie(token, int(Lifetime.Seconds())))
	return nil
}

// Close signs the user out.
func (i *Issuer) Close(w http.ResponseWriter) { http.SetCookie(w, i.cookie("", -1)) }

func (i *Issuer) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: Cookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: i.secure, SameSite: http.SameSiteLaxMode}
}

// ReadPublicKey reads an Ed25519 public key from a PEM file (PKIX).
func ReadPublicKey(file string) (ed25519.PublicKey, error) {
	key, err := readKey(file, x509.ParsePKIXPublicKey)
	public, ok := key.(ed25519.PublicKey)
	if err == nil && !ok {
		err = fmt.Errorf("%s does not hold an Ed25519 public key", file)
	}
	return public, err
}

// ReadPrivateKey reads an Ed25519 private key from a PEM file (PKCS #8).
func ReadPrivateKey(file string) (ed25519.PrivateKey, error) {
	key, err := readKey(file, x509.ParsePKCS8PrivateKey)
	private, ok := key.(ed25519.PrivateKey)
	if err == nil && !ok {
		err = fmt.Errorf("%s does not hold an Ed25519 private key", file)
	}
	return private, err
}

func readKey(file string, parse func([]byte) (any, error)) (any, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New(file + " is not a PEM file")
	}
	return parse(block.Bytes)
}
