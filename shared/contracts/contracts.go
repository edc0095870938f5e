// Package contracts holds what this system has agreed with programs in any language. The documents are the contract:
// the tests hold what is asked and answered against them (tests/agreed), and web shows the first to people.
package contracts

import (
	"bytes"
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

// Parse reads a document into its root, with aliases and in the order in which it was written.
func Parse(document []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(document, &doc); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return doc.Content[0], nil
}

// JSON writes a part of a document as JSON, in its order.
func JSON(n *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	if err := write(&out, n); err != nil {
		return nil, fmt.Errorf("contract, line %d: %w", n.Line, err)
	}
	return out.Bytes(), nil
}

func write(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.AliasNode:
		return write(out, n.Alias)
	case yaml.MappingNode, yaml.SequenceNode:
		marks := "{:,}"
		if n.Kind == yaml.SequenceNode {
			marks = "[,,]"
		}
		out.WriteByte(marks[0])
		for i, part := range n.Content {
			if i > 0 {
				out.WriteByte(marks[2-i%2])
			}
			if err := write(out, part); err != nil {
				return err
			}
		}
		out.WriteByte(marks[3])
		return nil
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return err
	}
	raw, err := json.Marshal(value)
	out.Write(raw)
	return err
}
