// Package contracts holds what this system has agreed with programs in any language. The documents are the contract:
// the tests hold what is asked and answered against them (tests/agreed), and web shows the first to people.
package contracts

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// OpenAPI is all that comes in through web.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Internal is what services ask each other and sidecars ask their services. It refers to openapi.yaml.
//
//go:embed internal.yaml
var Internal []byte

// JSON is a document as JSON.
func JSON(document []byte) ([]byte, error) {
	var tree any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return raw, nil
}
