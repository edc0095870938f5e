package alarms

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// theDay reads the day's figures as an operator does, while there is trade.
func theDay(t *testing.T, s *stack.Stack, tr *trade) {
	t.Helper()
	olga := tr.newcomer(t)
	ask := func(method, path, body string, out any) {
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		resp, err := olga.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, 2, resp.StatusCode/100, "%s: %s", path, resp.Status)
		require.NoError(t, json.NewDecoder(resp.Body).Decode(out))
	}
	const me = `{"email":"operator@example.com","password":"correct horse"}`
	var who any
	ask("POST", "/api/users/signup", me, &who)
	auth := s.App("auth")
	verify := exec.CommandContext(t.Context(), auth.Command[0], "verify", "operator@example.com")
	verify.Env = append(os.Environ(), fmt.Sprint("DAPR_HTTP_PORT=", auth.HTTPPort), fmt.Sprint("DAPR_GRPC_PORT=", auth.GRPCPort))
	require.NoError(t, verify.Run())
	ask("POST", "/api/users/signin", me, &who)
	var today struct {
		Source   string
		Currency string
		Figures  map[string]int64
	}
	ask("GET", "/api/desk/figures", "", &today)
	t.Logf("%+v", today)
	assert.Equal(t, "prometheus", today.Source)
	for _, name := range []string{"listed", "placed", "completed", "charged", "mailsSent"} {
		assert.Positive(t, today.Figures[name], name)
	}
	for _, name := range []string{"expired", "refused", "refunded", "mailsFailed", "givenBack"} {
		assert.Contains(t, today.Figures, name)
	}
}
