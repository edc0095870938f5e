package account

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ann() Account { return New("ANN", "ann@example.com", "hash", "Firefox on Linux", noon) }

// A device is said in a few words of ours, whatever it calls itself.
func TestDeviceOf(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                            "Chrome on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15":                      "Safari on Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1":    "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1":     "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"curl/8.5.0":                             "curl",
		"":                                       "A program",
		"<script>alert(1)</script>":              "A program",
		"Log in at evil.example now!":            "A program",
		strings.Repeat("x", 1<<20) + "Firefox/1": "A program",
	} {
		assert.Equal(t, want, DeviceOf(agent), "%.80s", agent)
	}
}

// A history has an end, and what often happens pushes nothing else out of it.
func TestHistoryHasAnEnd(t *testing.T) {
	a := ann()
	require.NoError(t, a.ChangePassword("hash", "other", "Edge", noon))
	for i := range 500 {
		a.Forget(noon.Add(time.Duration(i) * time.Second))
		require.NoError(t, a.SignIn("other", "Edge", i%2 == 0, noon))
		assert.LessOrEqual(t, len(a.History), mostHistory)
		assert.LessOrEqual(t, len(a.Links), 2*mostLinks)
	}
	var whats []string
	for _, h := range a.History[:2] {
		whats = append(whats, h.What)
	}
	assert.Equal(t, []string{SignedUp, PasswordChanged}, whats)
	assert.EqualValues(t, 1+500+250, a.Version)
}

// A program that signs in again and again and keeps no cookie is news once in a while: its owner's letters have an end, and so has, while the
// broker is away, what waits for it. Another device is news at once.
func TestAProgramThatSignsInOften(t *testing.T) {
	a := ann()
	told := func(device string, at time.Time) bool {
		was := a.Version
		require.NoError(t, a.SignIn("hash", device, false, at))
		return a.Version > was
	}
	news := 0
	for i := range 1000 {
		if told("curl", noon.Add(time.Duration(i)*time.Second)) {
			news++
		}
	}
	assert.Equal(t, 4, news)
	later := noon.Add(1000 * time.Second)
	assert.True(t, told("Firefox on Linux", later))
	assert.False(t, told("Firefox on Linux", later.Add(newsOnceIn-time.Second)))
	a.SignOutEverywhere("", later)
	assert.True(t, told("Firefox on Linux", later.Add(time.Second)), "everybody was sent away: this one is back")
	assert.True(t, told("Firefox on Linux", later.Add(time.Hour)))
}

// A proof of the password is worth nothing when the password has changed meanwhile.
func TestAnOldProof(t *testing.T) {
	for name, do := range map[string]func(*Account) error{
		"sign in": func(a *Account) error { return a.SignIn("hash", "", true, noon) },
		"change":  func(a *Account) error { return a.ChangePassword("hash", "mine", "", noon) },
		"delete":  func(a *Account) error { return a.Delete("hash", noon) },
	} {
		for when, before := range map[string]func(*Account) error{
			"changed": func(a *Account) error { return a.ChangePassword("hash", "other", "", noon) },
			"deleted": func(a *Account) error { return a.Delete("hash", noon) },
		} {
			a := ann()
			require.NoError(t, before(&a))
			was := a
			assert.Equal(t, fault.InvalidCredentials, fault.CodeOf(do(&a)), "%s, %s", name, when)
			assert.Equal(t, was, a)
		}
	}
}

// A link opens what it is for, while it is good; a second time only what is done already.
func TestLinks(t *testing.T) {
	a := ann()
	a.Forget(noon)
	a.Forget(noon)
	assert.Equal(t, fault.LinkOver, fault.CodeOf(a.Choose(0, "new", noon)), "that is for the address")
	assert.Equal(t, fault.LinkOver, fault.CodeOf(a.Confirm(1, true, noon)), "that is for the password")
	assert.Equal(t, fault.LinkOver, fault.CodeOf(a.Choose(1, "new", noon.Add(ResetFor))), "too late")
	require.NoError(t, a.Choose(1, "new", noon.Add(ResetFor-time.Second)))
	assert.True(t, a.Verified() && a.Generation == 1 && a.Password == "new")
	for version := range int64(4) {
		assert.Equal(t, fault.LinkOver, fault.CodeOf(a.Choose(version, "third", noon)), version)
	}
	was := a.Version
	require.NoError(t, a.Confirm(0, true, noon), "it is verified")
	assert.Equal(t, was, a.Version)
	assert.Equal(t, fault.AddressVerified, fault.CodeOf(a.AskVerify(noon)))

	require.NoError(t, a.Delete("new", noon))
	assert.Equal(t, fault.LinkOver, fault.CodeOf(a.Confirm(0, true, noon)), "of a deleted account")
	assert.Equal(t, fault.NotFound, fault.KindOf(a.Vouch(noon)))
	assert.True(t, a.Gone() && a.Email == "" && a.History == nil && a.Password == "")
}
