package stack

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keys are the secrets of a local stack, made at first use and kept in .local/keys, so that sessions and payments of
// one run are good in the next. They protect nothing but a developer's machine.
type keys struct {
	appToken      string // what a sidecar shows its service
	stripeKey     string // what the simulator takes for its API key
	webhookSecret string // what the simulator signs its webhooks with

	serverPassword string // of the store's and the broker's server
}

// openKeys reads the keys in dir and makes those that are missing, readable by their owner only.
func openKeys(dir string) (keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return keys{}, err
	}
	if err := makeSessionKeys(dir); err != nil {
		return keys{}, fmt.Errorf("make the session keys in %s: %w", dir, err)
	}
	if err := makeContentKey(dir); err != nil {
		return keys{}, fmt.Errorf("make the content key in %s: %w", dir, err)
	}
	var k keys
	for _, secret := range []struct {
		value        *string
		file, prefix string
	}{
		{&k.appToken, "app-api-token", ""},
		{&k.stripeKey, "stripe-secret-key", "sk_test_"},
		{&k.webhookSecret, "stripe-webhook-secret", "whsec_"},
		{&k.serverPassword, "server-password", ""},
	} {
		var err error
		if *secret.value, err = readOrMake(filepath.Join(dir, secret.file), secret.prefix); err != nil {
			return keys{}, err
		}
	}
	return k, nil
}

func readOrMake(path, prefix string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(text))) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	secret := prefix + rand.Text()
	return secret, writeSecret(path, []byte(secret+"\n"))
}

// makeSessionKeys makes the pair that auth signs sessions with and the others verify them with, unless it is there.
func makeSessionKeys(dir string) error {
	private, public := filepath.Join(dir, "session-private.pem"), filepath.Join(dir, "session-public.pem")
	_, errPrivate := os.Stat(private)
	_, errPublic := os.Stat(public)
	if errPrivate == nil && errPublic == nil {
		return nil
	}
	publicKey, privateKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(privateKey)
	if err != nil {
		return err
	}
	pkix, err := x509.MarshalPKIXPublicKey(publicKey)
	if err != nil {
		return err
	}
	if err := writeSecret(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})); err != nil {
		return err
	}
	return writeSecret(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}))
}

// makeContentKey makes the key that handover seals content with, unless there is one.
func makeContentKey(dir string) error {
	path := filepath.Join(dir, "content-keys")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return writeSecret(path, []byte("local "+base64.StdEncoding.EncodeToString(key)+"\n"))
}

// writeSecret replaces path as a whole, readable by its owner only, whatever stood there before.
func writeSecret(path string, text []byte) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return err
	}
	if err := os.Chmod(temp, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
