package dapr

import (
	"context"
	"fmt"

	sdk "github.com/dapr/go-sdk/client"
)

// PutFile keeps data under a name where an output binding leads: a disk, a bucket. Names are used once: written twice, nobody
// knows which is read.
func (s *Sidecar) PutFile(ctx context.Context, binding, name string, data []byte) error {
	in := fileCall(binding, "create", name)
	in.Data = data
	if _, err := s.sdk.InvokeBinding(ctx, in); err != nil {
		return fmt.Errorf("put %s into %s: %w", name, binding, err)
	}
	return nil
}

// GetFile returns what PutFile kept. A name that there is not is an error like any other: bindings have no word for it.
func (s *Sidecar) GetFile(ctx context.Context, binding, name string) ([]byte, error) {
	out, err := s.sdk.InvokeBinding(ctx, fileCall(binding, "get", name))
	if err != nil {
		return nil, fmt.Errorf("get %s from %s: %w", name, binding, err)
	}
	return out.Data, nil
}

// fileCall names a file in the words of each binding that keeps some: the local disk, S3 and Google Cloud, Azure.
func fileCall(binding, operation, name string) *sdk.InvokeBindingRequest {
	return &sdk.InvokeBindingRequest{Name: binding, Operation: operation, Metadata: map[string]string{"fileName": name, "key": name, "blobName": name}}
}
