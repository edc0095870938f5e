package tests

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Passwords, sessions, card tokens and the keys of the stack reach no log: of no service, sidecar or part behind them.
func TestSecretsStayOutOfLogs(t *testing.T) {
	s := market(t)
	secrets := map[string]string{
		"a password": "open-sesame-7316", "a wrong password": "open-barley-7316", "a password that is too short": "qx7!z", "a password sent to the wrong place": "open-rye-7316",
		"a card": "tok_secret_7316", "a card of the page": "pm_secret_7316",
	}
	p := newcomer(t, s)
	someone := visitor(t, s)
	email := "secret." + p.Email
	account := func(password string) string {
		body, err := json.Marshal(map[string]string{"email": email, "password": password})
		require.NoError(t, err)
		return string(body)
	}
	require.Equal(t, 201, someone.post("/api/users/signup", account(secrets["a password"])).Status)
	secrets["a session"] = someone.cookie.Value
	assert.Equal(t, 400, someone.post("/api/users/signup", account(secrets["a password"])).Status)
	assert.Equal(t, 400, someone.post("/api/users/signup", account(secrets["a password that is too short"])).Status)
	assert.Equal(t, 400, someone.post("/api/users/signin", account(secrets["a wrong password"])).Status)
	require.Equal(t, 200, someone.post("/api/users/signin", account(secrets["a password"])).Status)
	secrets["a second session"] = someone.cookie.Value
	assert.Equal(t, 404, someone.post("/api/users/nosuch", account(secrets["a password sent to the wrong place"])).Status)
	assert.Equal(t, 400, someone.post("/api/users/signin", account(secrets["a password"])[1:]).Status, "not even JSON")

	placed := someone.orders(p.sells("For a secret card", "10").ID)
	assert.Equal(t, 400, someone.pays(placed.ID, secrets["a card"]).Status, "a card that does not exist")
	page := url.Values{"token": {secrets["a card of the page"]}}.Encode()
	assert.NotEqual(t, "200", knock(t, s, "POST", "/orders/"+placed.ID+"/pay", page, someone.cookie.Value, ""))
	assert.Equal(t, 201, someone.pays(placed.ID, "tok_visa").Status)
	form := url.Values{"email": {email}, "password": {secrets["a password"]}}.Encode()
	assert.Equal(t, "303 /", knock(t, s, "POST", "/signin", form, "", ""))
	assert.Equal(t, "400", knock(t, s, "POST", "/signin", url.Values{"email": {email}, "password": {secrets["a wrong password"]}}.Encode(), "", ""))

	for name, file := range map[string]string{"the token of the sidecars": "app-api-token", "Stripe's key": "stripe-secret-key", "the secret of the webhook": "stripe-webhook-secret"} {
		text, err := os.ReadFile(filepath.Join(s.Dir, ".local/keys", file))
		require.NoError(t, err)
		secrets[name] = strings.TrimSpace(string(text))
		require.Greater(t, len(secrets[name]), 10)
	}
	for _, name := range []string{"session-private.pem"} {
		text, err := os.ReadFile(filepath.Join(s.Dir, ".local/keys", name))
		require.NoError(t, err)
		secrets["the key that signs"] = strings.Split(string(text), "\n")[1]
	}
	logs := 0
	for _, name := range s.Names() {
		text, err := os.ReadFile(s.LogFile(name))
		require.NoError(t, err)
		logs++
		for what, secret := range secrets {
			assert.False(t, strings.Contains(string(text), secret) || strings.Contains(string(text), url.QueryEscape(secret)), "%s is in the log of %s", what, name)
		}
		assert.NotContains(t, string(text), "$argon2id$", "a kept password is in the log of %s", name)
	}
	assert.GreaterOrEqual(t, logs, 15, "six services, six sidecars, and what is behind them")
}
