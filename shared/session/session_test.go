package session

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 20e6, time.UTC)
	oldKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("o", ed25519.SeedSize)))
	newKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("n", ed25519.SeedSize)))
)

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// opened is a request with ann's session, issued at noon with key.
func opened(t *testing.T, key ed25519.PrivateKey, generation int) *http.Request {
	t.Helper()
	w := httptest.NewRecorder()
	_, err := NewIssuer(key, true, func() time.Time { return noon }).Open(w, User{ID: "ann", Email: "ann@example.com"}, generation)
	require.NoError(t, err)
	return with(w.Result().Cookies()...)
}

func with(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// The clocks of two machines differ by up to a minute.
func TestLeeway(t *testing.T) {
	for after, want := range map[time.Duration]bool{
		-50 * time.Millisecond: true, -59 * time.Second: true, -62 * time.Second: false,
		Lifetime + 59*time.Second: true, Lifetime + 61*time.Second: false,
	} {
		v := NewVerifier(KeysOf(public(oldKey)), func() time.Time { return noon.Add(after) })
		_, err := v.User(opened(t, oldKey, 0))
		assert.Equal(t, want, err == nil, after)
	}
}

// A key is changed in three steps, and nobody is signed out at any of them.
func TestChangingTheKey(t *testing.T) {
	now := func() time.Time { return noon }
	before, after := opened(t, oldKey, 0), opened(t, newKey, 0)
	passes := func(r *http.Request, keys ...ed25519.PrivateKey) bool {
		var all Keys
		for _, k := range keys {
			all = append(all, KeysOf(public(k))...)
		}
		_, err := NewVerifier(all, now).User(r)
		return err == nil
	}
	assert.True(t, passes(before, oldKey))
	assert.True(t, passes(before, oldKey, newKey) && passes(before, newKey, oldKey), "both are known")
	assert.True(t, passes(after, oldKey, newKey) && passes(after, newKey, oldKey), "auth signs with the new one")
	assert.True(t, passes(after, newKey), "the old one is forgotten")
	assert.False(t, passes(before, newKey))

	unnamed, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": "ann", "iat": noon.Unix(), "exp": noon.Unix() + 60}).SignedString(newKey)
	require.NoError(t, err)
	assert.True(t, passes(with(&http.Cookie{Name: Cookie, Value: unnamed}), oldKey, newKey), "from before keys had names")
	lying := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": "ann", "iat": noon.Unix(), "exp": noon.Unix() + 60})
	lying.Header["kid"] = KeysOf(public(oldKey))[0].ID
	signed, err := lying.SignedString(newKey)
	require.NoError(t, err)
	assert.False(t, passes(with(&http.Cookie{Name: Cookie, Value: signed}), oldKey, newKey), "names another key than its own")
}

// A token says what auth says of its owner; one from before it was said says no. Who is not verified is no operator, whatever the token says.
func TestWhatIsSaidOfTheOwner(t *testing.T) {
	now := func() time.Time { return noon }
	v := NewVerifier(KeysOf(public(oldKey)), now)
	read := func(r *http.Request) User {
		u, err := v.User(r)
		require.NoError(t, err)
		return u
	}
	assert.Equal(t, User{ID: "ann", Email: "ann@example.com", IssuedAt: noon.Unix()}, read(opened(t, oldKey, 0)))
	for _, c := range []struct{ said, want User }{
		{User{ID: "ann", Verified: true}, User{ID: "ann", Verified: true, IssuedAt: noon.Unix()}},
		{User{ID: "ann", Verified: true, Operator: true}, User{ID: "ann", Verified: true, Operator: true, IssuedAt: noon.Unix()}},
		{User{ID: "ann", Operator: true}, User{ID: "ann", IssuedAt: noon.Unix()}},
	} {
		w := httptest.NewRecorder()
		_, err := NewIssuer(oldKey, true, now).Open(w, c.said, 0)
		require.NoError(t, err)
		assert.Equal(t, c.want, read(with(w.Result().Cookies()...)))
	}
	old, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"sub": "ann", "email": "ann@example.com", "iat": noon.Unix(), "exp": noon.Unix() + 60}).SignedString(oldKey)
	require.NoError(t, err)
	assert.Equal(t, User{ID: "ann", Email: "ann@example.com", IssuedAt: noon.Unix()}, read(with(&http.Cookie{Name: Cookie, Value: old})))
}

// RFC 8037, appendix A.3.
func TestThumbprint(t *testing.T) {
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	require.NoError(t, err)
	assert.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", keyOf(x).ID)
}

func TestReadKeys(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "key.pem")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	block := func(kind string, der []byte, err error) string {
		require.NoError(t, err)
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pub := func(k ed25519.PrivateKey) string {
		der, err := x509.MarshalPKIXPublicKey(public(k))
		return block("PUBLIC KEY", der, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(newKey)
	private := block("PRIVATE KEY", der, err)

	keys, err := ReadPublicKeys(write(pub(oldKey) + pub(newKey)))
	require.NoError(t, err)
	assert.Equal(t, KeysOf(public(oldKey), public(newKey)), keys)
	assert.True(t, keys.Verify(newKey))
	assert.False(t, keys[:1].Verify(newKey))
	read, err := ReadPrivateKey(write(private))
	require.NoError(t, err)
	assert.Equal(t, newKey, read)

	for _, text := range []string{"", "no PEM", private, pub(oldKey) + private} {
		_, err := ReadPublicKeys(write(text))
		assert.Error(t, err, text)
	}
	for _, text := range []string{"", pub(oldKey), private + private} {
		_, err := ReadPrivateKey(write(text))
		assert.Error(t, err, text)
	}
}

// A device's token is nobody's session, for whoever knows nothing of types either.
func TestDevice(t *testing.T) {
	now := noon
	v := NewVerifier(KeysOf(public(oldKey)), func() time.Time { return now })
	w := httptest.NewRecorder()
	require.NoError(t, NewIssuer(oldKey, true, func() time.Time { return noon }).Remember(w, "ann", 3))
	token := w.Result().Cookies()[0]
	d, known := v.Device(with(token))
	assert.True(t, known)
	assert.Equal(t, Device{ID: d.ID, UserID: "ann", Generation: 3}, d)
	assert.NotEmpty(t, d.ID)

	_, err := v.User(with(&http.Cookie{Name: Cookie, Value: token.Value}))
	assert.Error(t, err)
	var c jwt.RegisteredClaims
	_, _, err = jwt.NewParser().ParseUnverified(token.Value, &c)
	require.NoError(t, err)
	assert.Empty(t, c.Subject)

	session, err := opened(t, oldKey, 3).Cookie(Cookie)
	require.NoError(t, err)
	for name, value := range map[string]string{"a session": session.Value, "rubbish": "a.b.c", "nothing": ""} {
		_, known := v.Device(with(&http.Cookie{Name: DeviceCookie, Value: value}))
		assert.False(t, known, name)
	}
	now = noon.Add(deviceLifetime + 2*time.Minute)
	_, known = v.Device(with(token))
	assert.False(t, known, "a year later")
}

// What auth has said last stands for as long as it says nothing.
func TestEndedSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVerifier(KeysOf(public(oldKey)), func() time.Time { return noon })
		first, second := opened(t, oldKey, 0), opened(t, oldKey, 1)
		passes := func(r *http.Request) bool {
			_, err := v.User(r)
			return err == nil
		}
		var ended Ended
		away := errors.New("auth is away")
		var asked int
		ctx, cancel := context.WithCancel(t.Context())
		go v.Follow(ctx, func(context.Context) (Ended, error) {
			asked++
			if away != nil {
				return nil, away
			}
			return ended, nil
		}, slog.New(slog.DiscardHandler))

		time.Sleep(20 * time.Second)
		synctest.Wait()
		assert.True(t, passes(first), "nobody has said anything yet")
		assert.Greater(t, asked, 5, "at first one asks often")

		away, ended = nil, Ended{"ann": 1, "bob": 7}
		time.Sleep(askSoon)
		synctest.Wait()
		assert.False(t, passes(first))
		assert.True(t, passes(second), "the new generation")

		asked, away = 0, errors.New("auth is away again")
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.False(t, passes(first), "the last word stands")
		assert.InDelta(t, 360, asked, 3, "six times a minute")

		away, ended = nil, Ended{"ann": 2}
		time.Sleep(EndsWithin)
		synctest.Wait()
		assert.False(t, passes(second), "ended again")
		away, ended = nil, Ended{}
		time.Sleep(EndsWithin)
		synctest.Wait()
		assert.True(t, passes(second), "what is forgotten has expired")
		cancel()
	})
}

// One question without an answer does not keep an ended session good for more than a minute.
func TestAQuestionThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVerifier(KeysOf(public(oldKey)), time.Now)
		ended, asked := Ended{}, 0
		go v.Follow(t.Context(), func(ctx context.Context) (Ended, error) {
			if asked++; asked == 2 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return ended, nil
		}, slog.New(slog.DiscardHandler))
		synctest.Wait()
		ended = Ended{"ann": 1}
		time.Sleep(time.Minute)
		assert.True(t, v.isOver("ann", 0))
	})
}

// A program shows the cookie's token as a bearer. It counts before a cookie, and a bad one is nobody.
func TestBearer(t *testing.T) {
	issuer := NewIssuer(oldKey, true, func() time.Time { return noon })
	v := NewVerifier(KeysOf(public(oldKey)), func() time.Time { return noon })
	w := httptest.NewRecorder()
	ann, err := issuer.Open(w, User{ID: "ann", Email: "ann@example.com"}, 0)
	require.NoError(t, err)
	assert.Equal(t, w.Result().Cookies()[0].Value, ann.Token)
	assert.Equal(t, noon.Truncate(time.Second).Add(Lifetime), ann.ExpiresAt.UTC(), "as the token has it")
	bob, err := issuer.Open(httptest.NewRecorder(), User{ID: "bob", Email: "bob@example.com"}, 0)
	require.NoError(t, err)
	old, err := NewIssuer(oldKey, true, func() time.Time { return noon.Add(-Lifetime - 2*time.Minute) }).Open(httptest.NewRecorder(), User{ID: "ann", Email: "ann@example.com"}, 0)
	require.NoError(t, err)
	w = httptest.NewRecorder()
	require.NoError(t, issuer.Remember(w, "ann", 0))
	device := w.Result().Cookies()[0].Value
	for _, c := range []struct{ name, authorization, cookie, user string }{
		{"a bearer", "Bearer " + ann.Token, "", "ann"},
		{"schemes have no case", "bEARER " + ann.Token, "", "ann"},
		{"both: the bearer counts", "Bearer " + bob.Token, ann.Token, "bob"},
		{"a bad bearer is nobody, whatever the cookie", "Bearer x", ann.Token, ""},
		{"an expired one", "Bearer " + old.Token, ann.Token, ""},
		{"a device's", "Bearer " + device, ann.Token, ""},
		{"an empty one", "Bearer", ann.Token, ""},
		{"another scheme is not for us", "Basic YW5uOng=", ann.Token, "ann"},
		{"no scheme", ann.Token, "", ""},
	} {
		r := with(&http.Cookie{Name: Cookie, Value: c.cookie})
		r.Header.Set("Authorization", c.authorization)
		u, err := v.User(r)
		assert.Equal(t, c.user, u.ID, c.name)
		assert.Equal(t, c.user != "", err == nil, c.name)
	}
	r := with()
	r.Header.Set("Authorization", "Bearer "+device)
	_, known := v.Device(r)
	assert.False(t, known, "a device is known by its cookie alone")
}
