package tests

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// command is what auth says to an operator who types it beside its sidecar.
func command(t *testing.T, s *stack.Stack, words ...string) string {
	t.Helper()
	auth := s.App("auth")
	typed := exec.CommandContext(t.Context(), auth.Command[0], words...)
	typed.Env = append(os.Environ(), fmt.Sprint("DAPR_HTTP_PORT=", auth.HTTPPort), fmt.Sprint("DAPR_GRPC_PORT=", auth.GRPCPort))
	var log strings.Builder
	typed.Stderr = &log
	said, err := typed.Output()
	require.NoError(t, err, "%s", log.String())
	return string(said)
}

// vouched has the address of somebody verified beside auth, and him signed in anew, so that his session says so.
func vouched(t *testing.T, s *stack.Stack, p *person) {
	t.Helper()
	command(t, s, "verify", p.Email)
	require.Equal(t, 200, p.post("/api/users/signin", `{"email":"`+p.Email+`","password":"correct horse"}`).Status)
}

// The one of dapr.yaml's OPERATORS is an operator once the address is verified, and nobody else is.
func TestOperators(t *testing.T) {
	s := market(t)
	olga, ann := operator(t, s), newcomer(t, s)
	vouched(t, s, ann)
	assert.Contains(t, string(olga.get("/api/users/currentuser").Body), `"verified":true`)
	assert.Contains(t, string(olga.get("/api/users/currentuser").Body), `"operator":true`)
	assert.Contains(t, string(ann.get("/api/users/currentuser").Body), `"operator":false`)
}

// operator is signed in as the marketplace's operator.
func operator(t *testing.T, s *stack.Stack) *person {
	t.Helper()
	olga := visitor(t, s)
	olga.Email = "operator@example.com"
	if entered := olga.post("/api/users/signup", `{"email":"`+olga.Email+`","password":"correct horse"}`); entered.Status != 201 {
		require.Contains(t, string(entered.Body), "email_in_use", "another test may have signed up")
	} else {
		assert.Contains(t, string(olga.get("/api/users/currentuser").Body), `"operator":false`, "not by the address alone")
	}
	vouched(t, s, olga)
	return olga
}
