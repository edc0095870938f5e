package contracts

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// As JSON a document says the same.
func TestJSON(t *testing.T) {
	for name, document := range map[string][]byte{
		"openapi.yaml": OpenAPI, "internal.yaml": Internal,
		"every kind": []byte("a: &x [1, 2.5, true, null, \"3\", {}]\nb: {c: *x, d: []}\n\"404\": \"a \\\"quote\\\"\""),
	} {
		t.Run(name, func(t *testing.T) {
			var want any
			require.NoError(t, yaml.Unmarshal(document, &want))
			root, err := Parse(document)
			require.NoError(t, err)
			raw, err := JSON(root)
			require.NoError(t, err)
			wanted, err := json.Marshal(want)
			require.NoError(t, err)
			assert.JSONEq(t, string(wanted), string(raw))
		})
	}
}
