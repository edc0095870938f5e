package session

import (
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"marketplace/shared/fault"
)

// Whatever is sent as cookies and Authorization, it is the session that was issued, or none.
func FuzzUser(f *testing.F) {
	now := func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	ours := ed25519.NewKeyFromSeed([]byte(strings.Repeat("o", ed25519.SeedSize)))
	theirs := ed25519.NewKeyFromSeed([]byte(strings.Repeat("t", ed25519.SeedSize)))
	public := ours.Public().(ed25519.PublicKey)
	issue := func(key ed25519.PrivateKey, at time.Time) string {
		w := httptest.NewRecorder()
		if _, err := NewIssuer(key, true, func() time.Time { return at }).Open(w, User{ID: "ann", Email: "ann@example.com"}, 0); err != nil {
			f.Fatal(err)
		}
		return w.Result().Cookies()[0].Value
	}
	sign := func(m jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(m, claims).SignedString(key)
		if err != nil {
			f.Fatal(err)
		}
		return token
	}
	good := issue(ours, now())
	device := httptest.NewRecorder()
	if err := NewIssuer(ours, true, now).Remember(device, "eve", 0); err != nil {
		f.Fatal(err)
	}
	claims := jwt.MapClaims{"sub": "eve", "email": "e", "iat": now().Unix(), "exp": now().Add(time.Hour).Unix()}
	head, rest, _ := strings.Cut(good, ".")
	tokens := []string{good, device.Result().Cookies()[0].Value, issue(theirs, now()), issue(ours, now().Add(-25*time.Hour)), issue(ours, now().Add(time.Hour)), sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims),
		sign(jwt.SigningMethodHS256, []byte(public), claims), good + "=", good + ".", head + "..", "." + rest, head + "." + head + "." + head, "", "a.b.c", "....", strings.Repeat("A", 5000)}
	for _, token := range tokens {
		f.Add(Cookie+"="+token, "")
		f.Add("", "Bearer "+token)
		f.Add(Cookie+"="+good, "Bearer "+token)
		f.Add(Cookie+"="+token, "Bearer "+good)
	}
	for _, header := range []string{"", "session", "session=; session=" + good, "other=1; session=" + good, `session="` + good + `"`, "session=" + good + "; session=x", "SESSION=" + good, strings.Repeat("a=b; ", 300) + "session=" + good} {
		f.Add(header, "")
	}
	for _, header := range []string{"Bearer", "Bearer ", "bearer " + good, "BEARER  " + good + " ", "Basic YW5uOng=", good, "Bearer" + good, "Bearer " + good + ", Bearer x", "\x00 " + good} {
		f.Add("", header)
	}
	v := NewVerifier(KeysOf(public), now)
	f.Fuzz(func(t *testing.T, cookies, authorization string) {
		u, err := v.User(&http.Request{Header: http.Header{"Cookie": {cookies}, "Authorization": {authorization}}})
		if err != nil {
			if fault.KindOf(err) != fault.Unauthenticated || u != (User{}) {
				t.Fatalf("%q %q: %+v, %v", cookies, authorization, u, err)
			}
			return
		}
		if (u != User{ID: "ann", Email: "ann@example.com", IssuedAt: now().Unix()}) {
			t.Fatalf("%q %q passes for %+v", cookies, authorization, u)
		}
	})
}
