package main

import (
	"context"
	"errors"
	"fmt"

	"marketplace/services/auth/user"
	"marketplace/shared/fault"
	"marketplace/shared/session"
)

// command is what an operator types beside auth's sidecar: end-sessions bob@example.com, or verify bob@example.com.
func (s *server) command(ctx context.Context, words []string) error {
	does := map[string]struct {
		do   func(context.Context, user.Email) error
		said string
	}{
		"end-sessions": {func(ctx context.Context, email user.Email) error { return s.endSessions(ctx, email, "") }, fmt.Sprintf("Every session of %%s is over within %v.\n", session.EndsWithin)},
		"verify":       {s.vouch, "The address %s is verified. Who signs in from now on is told so.\n"},
	}
	if len(words) != 2 || does[words[0]].do == nil {
		return errors.New("usage: auth end-sessions bob@example.com, or auth verify bob@example.com")
	}
	email, ok := user.ParseEmail(words[1])
	if !ok {
		return fmt.Errorf("%q is no e-mail address", words[1])
	}
	err := does[words[0]].do(ctx, email)
	if fault.KindOf(err) == fault.NotFound {
		return fmt.Errorf("nobody has an account as %s", email)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", words[0], email, err)
	}
	fmt.Printf(does[words[0]].said, email)
	return nil
}
