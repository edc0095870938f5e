package main

import (
	"strings"
	"testing"

	"marketplace/services/auth/user"
	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// Credentials are understood or refused as malformed. An address that is accepted is one key, however it was written.
func FuzzCredentials(f *testing.F) {
	for _, seed := range []string{`{"email":"Ann@Example.com","password":"correct horse"}`, `{"email":" ann@example.com ","password":"1234567"}`, `{"email":"nope","password":"short"}`, `{}`, `null`, `[]`,
		`{"email":"Ann <ann@example.com>","password":"correct horse"}`, `{"email":"a@b.c, d@e.f","password":"correct horse"}`, `{"email":"ann@\u0000example.com","password":"correct horse"}`, `{"email":"ann@example.com\r\nBcc: x@y.z","password":"correct horse"}`,
		`{"email":"\"ann\"@example.com","password":"correct horse"}`, `{"email":"ANN@EXAMPLE.COM","password":"12345678"}`, `{"email":"ann@xn--e1afmkfd.com","password":"correct horse"}`, `{"email":"\u0130@example.com","password":"correct horse"}`, `{"email":"ann@ex ample.com","password":"        "}`,
		`{"email":1,"password":"correct horse"}`, `{"email":"ann@example.com","password":{"$ne":""}}`, `{"email":"ann@example.com","email":"bob@example.com","password":"correct horse"}`, `{"email":"ann@example.com","password":"x","admin":true}`, "{\"email\":\"\xff@example.com\",\"password\":\"correct horse\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in user.Credentials
		if err := api.Decode(body, &in); err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%q: %v is no refusal", body, err)
			}
			return
		}
		for name, check := range map[string]func(user.Credentials) (user.Email, error){"signing up": user.Credentials.ForSignUp, "signing in": user.Credentials.ForSignIn} {
			email, err := check(in)
			if err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Fatalf("%s with %q: %v is no refusal", name, body, err)
				}
				continue
			}
			if !strings.Contains(string(email), "@") || strings.ContainsAny(string(email), " \r\n\t\x00<>,") {
				t.Fatalf("%s with %q: the address is %q", name, body, email)
			}
			for _, spelt := range []string{string(email), strings.ToUpper(string(email)), " " + string(email) + " "} {
				if spelt == strings.ToUpper(spelt) && strings.ToLower(spelt) != string(email) {
					continue // a letter without a way back
				}
				again, err := check(user.Credentials{Email: spelt, Password: in.Password})
				if err != nil || accountKey(again) != accountKey(email) {
					t.Fatalf("%s as %q, then as %q: %q, %v", name, email, spelt, again, err)
				}
			}
		}
	})
}

// A kept password that is damaged is an error of ours, never a match.
func FuzzKeptPassword(f *testing.F) {
	for _, seed := range []string{"", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$", "$argon2id$v=19$m=8,t=1,p=1$$", "$$$$$", "$argon2id$v=19$m=0,t=0,p=0$c2FsdA$AAAA", "$2b$10$abc", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, kept string) {
		if len(kept) > 200 || strings.Count(kept, "$") == 5 && !strings.Contains(kept, "m=8,t=1,p=1$") {
			return // nobody but us writes the costs, and a dear one would take all day
		}
		if ok, _ := matches("guess", kept); ok {
			t.Fatalf("any password matches %q", kept)
		}
	})
}
