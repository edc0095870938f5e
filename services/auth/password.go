package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"marketplace/shared/fault"
)

// Cost of a hash: OWASP's recommendation for argon2id. It is stored with each hash, so it can be raised at any time.
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashLength  = 32
)

// hash makes what is kept of a password, in the PHC string format.
func (s *server) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	sum, err := s.derive(ctx, password, salt, hashMemory, hashPasses, hashThreads)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// matches compares a password with what was kept; with nothing kept it takes as long and says no.
func (s *server) matches(ctx context.Context, password, kept string) (bool, error) {
	var version int
	memory, passes, threads := uint32(hashMemory), uint32(hashPasses), uint8(hashThreads)
	salt, want := make([]byte, 16), []byte(nil)
	if parts := strings.Split(kept, "$"); len(parts) == 6 {
		if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil {
			return false, fmt.Errorf("kept password: %w", err)
		}
		var err error
		if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
			return false, fmt.Errorf("kept password: %w", err)
		}
		if want, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
			return false, fmt.Errorf("kept password: %w", err)
		}
	}
	got, err := s.derive(ctx, password, salt, memory, passes, threads)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

// derive computes argon2id, a few at a time: each takes 19 MiB.
func (s *server) derive(ctx context.Context, password string, salt []byte, memory, passes uint32, threads uint8) ([]byte, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, fault.Down(ctx.Err(), "Please try again in a moment")
	}
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, hashLength), nil
}
