package dapr

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	sdk "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// mailLimit is for somebody outside who takes his time.
const mailLimit = 30 * time.Second

// Mailer sends mail by the server that is named in YAML.
type Mailer interface {
	// SendMail hands one mail to the mail server. An error that is ErrNotTaken is its answer, or that of the way to it. After
	// any other nobody knows whether it was taken, nor whether it still will be.
	SendMail(ctx context.Context, to, subject string, html []byte) error
	// HasMailServer tells whether YAML names one.
	HasMailServer(ctx context.Context) (bool, error)
}

// ErrNotTaken is in the chain of an answer that says why a mail was not taken; the text around it has the server's words.
var ErrNotTaken = errors.New("not taken")

// SendMail implements Mailer. It says all that a call can say of one mail: what a call leaves out, the binding takes from
// the call before.
func (s *Sidecar) SendMail(ctx context.Context, to, subject string, html []byte) error {
	ctx, cancel := context.WithTimeout(ctx, mailLimit)
	defer cancel()
	err := s.sdk.InvokeOutputBinding(ctx, &sdk.InvokeBindingRequest{
		Name: mailServer, Operation: "create", Data: html, Metadata: map[string]string{"emailTo": to, "subject": subject},
	})
	if said, ok := status.FromError(err); ok && said.Code() == codes.Internal {
		return fmt.Errorf("%w: %s", ErrNotTaken, said.Message())
	}
	if err != nil {
		return down(fmt.Errorf("hand over a mail: %w", err))
	}
	return nil
}

// HasMailServer implements Mailer.
func (s *Sidecar) HasMailServer(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	about, err := s.sdk.GetMetadata(ctx)
	if err != nil {
		return false, down(fmt.Errorf("ask for the components: %w", err))
	}
	return slices.ContainsFunc(about.RegisteredComponents, func(c *sdk.MetadataRegisteredComponents) bool { return c.Name == mailServer }), nil
}
