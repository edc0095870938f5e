// Package session is the signed-in user's token, both ends: auth issues it with the private key, everybody else verifies
// it with the public one. Browsers have it in a cookie, programs show it as a bearer. Beside it stands the cookie by which
// auth knows a device again.
package session

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// Cookie is the name of the cookie. Changing it signs everybody out.
const Cookie = "session"

// Lifetime of a session.
const Lifetime = 24 * time.Hour

// leeway is how far the clocks of two machines may be apart: a session that auth has just issued is not from the future.
const leeway = time.Minute

// sessionType is the token's typ, by which it is told from a device's.
const sessionType = "JWT"

// User is who is signed in. What is said of him was so when he signed in; tokens from before it was said say false.
type User struct {
	ID       string
	Email    string
	Verified bool // the address is his: he has opened a link that was sent there
	Operator bool // of the marketplace: verified, and his address is one of auth's OPERATORS

	// What the issuer says besides.
	Generation int   // of the account's sessions, see Ended
	IssuedAt   int64 // Unix seconds
}

type claims struct {
	Email      string `json:"email"`
	Verified   bool   `json:"verified,omitempty"`
	Operator   bool   `json:"operator,omitempty"`
	Generation int    `json:"gen,omitempty"` // of the account's sessions, see Ended
	jwt.RegisteredClaims
}

// Verifier tells whose session a request carries.
type Verifier struct {
	keys  Keys
	now   clock.Now
	ended atomic.Pointer[Ended] // nil until auth has said; see Follow
}

// NewVerifier checks sessions with the public halves of auth's keys.
func NewVerifier(keys Keys, now clock.Now) *Verifier { return &Verifier{keys: keys, now: now} }

// User returns who is signed in, by the bearer token if there is one, else by the cookie. It returns Unauthenticated for a session that is missing, forged, expired, ended or
// signed in any way but ours: a bad session is no session.
func (v *Verifier) User(r *http.Request) (User, error) {
	var c claims
	token, shown := bearer(r)
	if !shown {
		token = cookieOf(r, Cookie)
	}
	if !v.read(token, sessionType, &c) || c.Subject == "" || c.IssuedAt == nil || v.isOver(c.Subject, c.Generation) {
		return User{}, fault.NotSignedIn()
	}
	return User{ID: c.Subject, Email: c.Email, Verified: c.Verified, Operator: c.Verified && c.Operator, Generation: c.Generation, IssuedAt: c.IssuedAt.Unix()}, nil
}

// Operator returns who is signed in, as User does, and Forbidden when that is no operator.
func (v *Verifier) Operator(r *http.Request) (User, error) {
	u, err := v.User(r)
	if err == nil && !u.Operator {
		err = fault.NotOwner()
	}
	return u, err
}

// bearer returns the token of an Authorization header, false when there is none. Another scheme is for somebody else, such
// as a proxy that asks for a password.
func bearer(r *http.Request) (string, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// cookieOf returns a cookie's value, "" when there is none.
func cookieOf(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// read reads a token. It returns false unless it is of that type, valid now and signed by auth.
func (v *Verifier) read(token, typ string, into jwt.Claims) bool {
	_, err := jwt.ParseWithClaims(token, into, v.keys.of(typ), jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(v.now))
	return err == nil
}

// Issuer opens and closes sessions.
type Issuer struct {
	key    ed25519.PrivateKey
	kid    string
	secure bool
	now    clock.Now
}

// NewIssuer issues sessions. secure keeps the cookies off plain HTTP: true everywhere but on a developer's machine.
func NewIssuer(key ed25519.PrivateKey, secure bool, now clock.Now) *Issuer {
	return &Issuer{key: key, kid: keyOf(key.Public().(ed25519.PublicKey)).ID, secure: secure, now: now}
}

// Token is a session for a program, which shows it as Authorization: Bearer.
type Token struct {
	Token     string     `json:"token"`
	ExpiresAt clock.Time `json:"expiresAt"`
}

// Open signs the user in, with a cookie, and returns what is in it. generation is the account's, see Ended.
func (i *Issuer) Open(w http.ResponseWriter, u User, generation int) (Token, error) {
	now := i.now()
	expires := jwt.NewNumericDate(now.Add(Lifetime))
	token, err := i.sign(sessionType, claims{Email: u.Email, Verified: u.Verified, Operator: u.Operator, Generation: generation, RegisteredClaims: jwt.RegisteredClaims{
		Subject: u.ID, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: expires,
	}})
	if err != nil {
		return Token{}, fmt.Errorf("sign session: %w", err)
	}
	http.SetCookie(w, i.cookie(Cookie, token, Lifetime))
	return Token{token, clock.At(expires.Time)}, nil
}

// Close signs the user out.
func (i *Issuer) Close(w http.ResponseWriter) { http.SetCookie(w, i.cookie(Cookie, "", -time.Second)) }

func (i *Issuer) sign(typ string, c jwt.Claims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	token.Header["typ"], token.Header["kid"] = typ, i.kid
	return token.SignedString(i.key)
}

func (i *Issuer) cookie(name, value string, lifetime time.Duration) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(lifetime.Seconds()), HttpOnly: true, Secure: i.secure, SameSite: http.SameSiteLaxMode}
}
