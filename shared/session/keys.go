package session

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

// Key is the public half of a key that auth signs with, or has signed with.
type Key struct {
	ID     string // its RFC 7638 thumbprint; tokens name it as their kid
	Public ed25519.PublicKey
}

// X is the key as a JSON Web Key has it.
func (k Key) X() string { return base64.RawURLEncoding.EncodeToString(k.Public) }

// Keys are those that a token may be signed with: two while auth's key is being changed, else one.
type Keys []Key

// KeysOf names keys.
func KeysOf(public ...ed25519.PublicKey) Keys {
	var all Keys
	for _, p := range public {
		all = append(all, keyOf(p))
	}
	return all
}

func keyOf(public ed25519.PublicKey) Key {
	k := Key{Public: public}
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + k.X() + `"}`))
	k.ID = base64.RawURLEncoding.EncodeToString(sum[:])
	return k
}

// Verify tells whether what is signed with private passes here.
func (k Keys) Verify(private ed25519.PrivateKey) bool {
	for _, key := range k {
		if key.Public.Equal(private.Public()) {
			return true
		}
	}
	return false
}

// of finds the key for a token of a type: the one that it names. A token from before keys had names is tried with each.
func (k Keys) of(typ string) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		if token.Header["typ"] != typ {
			return nil, errors.New("a token of another type")
		}
		kid, named := token.Header["kid"]
		var set jwt.VerificationKeySet
		for _, key := range k {
			if !named || kid == key.ID {
				set.Keys = append(set.Keys, key.Public)
			}
		}
		return set, nil // an empty set verifies nothing
	}
}

// ReadPublicKeys reads Ed25519 public keys from a PEM file (PKIX), one or several.
func ReadPublicKeys(file string) (Keys, error) {
	parsed, err := readKeys(file, x509.ParsePKIXPublicKey)
	if err != nil {
		return nil, err
	}
	var keys Keys
	for _, key := range parsed {
		public, ok := key.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("%s holds what is no Ed25519 public key", file)
		}
		keys = append(keys, keyOf(public))
	}
	return keys, nil
}

// ReadPrivateKey reads an Ed25519 private key from a PEM file (PKCS #8).
func ReadPrivateKey(file string) (ed25519.PrivateKey, error) {
	parsed, err := readKeys(file, x509.ParsePKCS8PrivateKey)
	if err != nil {
		return nil, err
	}
	private, ok := parsed[0].(ed25519.PrivateKey)
	if !ok || len(parsed) > 1 {
		return nil, fmt.Errorf("%s does not hold one Ed25519 private key", file)
	}
	return private, nil
}

// readKeys reads every block of a PEM file, at least one.
func readKeys(file string, parse func([]byte) (any, error)) ([]any, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var keys []any
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		key, err := parse(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New(file + " is not a PEM file")
	}
	return keys, nil
}
