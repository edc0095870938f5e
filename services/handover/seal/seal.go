// Package seal keeps content from whoever can read the store: AES-256-GCM, with keys that can be changed.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Keys seal with the first of them and open with all.
type Keys struct {
	first string
	byID  map[string]cipher.AEAD
}

const keySize = 32

var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// ReadKeys reads a file with a key on each line: a name of its own, a space, and 32 random bytes in base64. To change the
// key put a new line behind the others, and before them when every replica has read it; a line may go when nothing that it sealed is needed any more.
func ReadKeys(file string) (*Keys, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	k := &Keys{byID: map[string]cipher.AEAD{}}
	for i, line := range strings.Split(string(raw), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		id, text, _ := strings.Cut(line, " ")
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(key) != keySize || !keyID.MatchString(id) || k.byID[id] != nil {
			return nil, fmt.Errorf("%s: line %d is no key: a name of its own, a space, and 32 bytes in base64", file, i+1)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if k.byID[id], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
		if k.first == "" {
			k.first = id
		}
	}
	if k.first == "" {
		return nil, fmt.Errorf("%s: there is no key in it", file)
	}
	return k, nil
}

// version begins every envelope. What follows is the key's name and, in base64, a nonce and what it sealed: text, which
// every store gives back as it was sent.
const version = "S1"

// Seal seals plain for what it belongs to: for anything else it does not open.
func (k *Keys) Seal(plain []byte, belongsTo string) []byte {
	aead := k.byID[k.first]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	sealed := aead.Seal(nonce, nonce, plain, bound(k.first, belongsTo))
	return []byte(version + "." + k.first + "." + base64.RawURLEncoding.EncodeToString(sealed))
}

// ErrSealed is returned for what does not open: it is damaged, belongs to something else, or its key is not here.
var ErrSealed = errors.New("sealed content does not open")

// Open is Seal undone.
func (k *Keys) Open(envelope []byte, belongsTo string) ([]byte, error) {
	parts := strings.SplitN(string(envelope), ".", 3)
	if len(parts) != 3 || parts[0] != version {
		return nil, fmt.Errorf("%w: it is no envelope", ErrSealed)
	}
	aead := k.byID[parts[1]]
	if aead == nil {
		return nil, fmt.Errorf("%w: there is no key %q", ErrSealed, parts[1])
	}
	sealed, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(sealed) < aead.NonceSize() {
		return nil, fmt.Errorf("%w: it is cut off", ErrSealed)
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], bound(parts[1], belongsTo))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return plain, nil
}

func bound(key, belongsTo string) []byte { return []byte(version + "." + key + "." + belongsTo) }
