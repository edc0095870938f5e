package session

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
)

// sealed comes before a text that is sealed: no session or device begins so, and no seal is taken for one.
const sealed = "standby seal\n"

// Seal signs a text, which must have no dot-separated part to lose: it stands before the last dot. The same text has the same
// seal, so nothing of it needs keeping.
func (i *Issuer) Seal(text string) string {
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(i.key, []byte(sealed+text)))
}

// Unseal returns the text of what Seal made, false for anything else.
func (v *Verifier) Unseal(seal string) (string, bool) {
	at := strings.LastIndexByte(seal, '.')
	if at < 0 {
		return "", false
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(seal[at+1:])
	if err != nil {
		return "", false
	}
	for _, key := range v.keys {
		if ed25519.Verify(key.Public, []byte(sealed+seal[:at]), signature) {
			return seal[:at], true
		}
	}
	return "", false
}
