package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"marketplace/services/auth/account"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// A link's token is a seal of what it opens: whose, for what, and which letter it came with. So nothing secret is kept, the
// same letter has the same link however often it is written, and what is spent or too old the account itself says.

// tokenOf is the token of a link.
func (s *server) tokenOf(id string, l account.Link) string {
	sealed := s.issuer.Seal(string(l.Purpose) + "." + id + "." + strconv.FormatInt(l.Version, 10))
	return strings.TrimPrefix(sealed, string(l.Purpose)+".") // the path says that
}

// readToken is what a token was made of. It returns false for any that is not ours, or for another purpose.
func (s *server) readToken(p account.Purpose, token string) (id string, version int64, ok bool) {
	text, ok := s.verifier.Unseal(string(p) + "." + token)
	if !ok {
		return "", 0, false
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return "", 0, false
	}
	version, err := strconv.ParseInt(parts[2], 10, 64)
	return parts[1], version, err == nil
}

// linked is the account of a token, the account's key and the version of its letter. It returns Refused for a link that is over.
func (s *server) linked(ctx context.Context, p account.Purpose, token string) (a account.Account, key string, version int64, err error) {
	id, version, ok := s.readToken(p, token)
	if !ok {
		return a, "", 0, account.LinkOver()
	}
	a, key, err = s.of(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		err = account.LinkOver()
	}
	return a, key, version, err
}

// addressed is what mail asks before it writes to somebody.
type addressed struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
	Deleted  bool   `json:"deleted,omitempty"` // to say that, and nothing else
}

// address tells mail whom to write to. Who has gone is still told that.
func (s *server) address(w http.ResponseWriter, r *http.Request) error {
	a, err := s.asked(r)
	if fault.KindOf(err) == fault.NotFound {
		id := mux.Vars(r)["id"]
		f, err := s.farewells.Get(r.Context(), id)
		if err != nil {
			return err
		}
		return api.Write(w, http.StatusOK, addressed{id, string(f.Email), f.Verified, true})
	}
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, addressed{a.ID, string(a.Email), a.Verified(), false})
}

// isVerified tells tickets what a session from before may not say yet.
func (s *server) isVerified(w http.ResponseWriter, r *http.Request) error {
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	return api.Write(w, http.StatusOK, map[string]bool{"verified": a.Verified()})
}

func (s *server) asked(r *http.Request) (account.Account, error) {
	id := mux.Vars(r)["id"]
	if err := api.CheckID(id); err != nil {
		return account.Account{}, err
	}
	a, _, err := s.of(r.Context(), id)
	return a, err
}

// link is what mail puts into a letter.
func (s *server) link(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Purpose account.Purpose `json:"purpose"`
		Version int64           `json:"version"`
	}
	if err := api.Read(w, r, &in); err != nil {
		return err
	}
	if in.Purpose != account.Verify && in.Purpose != account.Reset {
		return fault.InField("purpose", "Purpose must be verify or reset")
	}
	a, err := s.asked(r)
	if err != nil {
		return err
	}
	l, open := a.Open(in.Purpose, in.Version, s.now())
	if !open {
		return fault.NoSuchThing()
	}
	return api.Write(w, http.StatusOK, map[string]any{
		"path":      "/" + string(l.Purpose) + "?" + url.Values{"token": {s.tokenOf(a.ID, l)}}.Encode(),
		"expiresAt": clock.At(l.Until),
	})
}
