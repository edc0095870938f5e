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

// MailServer is the output binding that passes mail on. A market without that component works, and writes to nobody.
const MailServer = "mailserver"

// bindingLimit is for somebody outside who takes his time.
const bindingLimit = 30 * time.Second

// Binding passes things on to somebody outside who is named in YAML.
type Binding interface {
	// Pass hands data to the output binding called name. An error that is ErrNotPassed is the binding's own answer: it has
	// tried and says why not. After any other nobody knows whether it was passed on, nor whether it still will be.
	Pass(ctx context.Context, name string, data []byte, metadata map[string]string) error
	// HasBinding tells whether there is such a component.
	HasBinding(ctx context.Context, name string) (bool, error)
}

// ErrNotPassed is in the chain of what a binding itself answers; the text around it has the other side's words.
var ErrNotPassed = errors.New("not passed on")

// Pass implements Binding.
func (s *Sidecar) Pass(ctx context.Context, name string, data []byte, metadata map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, bindingLimit)
	defer cancel()
	err := s.sdk.InvokeOutputBinding(ctx, &sdk.InvokeBindingRequest{Name: name, Operation: "create", Data: data, Metadata: metadata})
	if said, ok := status.FromError(err); ok && said.Code() == codes.Internal {
		return fmt.Errorf("%w by %s: %s", ErrNotPassed, name, said.Message())
	}
	if err != nil {
		return down(fmt.Errorf("pass on to %s: %w", name, err))
	}
	return nil
}

// HasBinding implements Binding.
func (s *Sidecar) HasBinding(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	about, err := s.sdk.GetMetadata(ctx)
	if err != nil {
		return false, down(fmt.Errorf("ask for the components: %w", err))
	}
	return slices.ContainsFunc(about.RegisteredComponents, func(c *sdk.MetadataRegisteredComponents) bool { return c.Name == name }), nil
}
