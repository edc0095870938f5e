package agreed

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What breaks a contract is told in a sentence, and what does not passes.
func TestJudge(t *testing.T) {
	const ticket = `{"id":"T","version":0,"title":"x","price":1,"currency":"usd","userId":"u","createdAt":"2026-03-01T12:00:00.000Z","eventId":"T"}`
	plain := http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"abcdefgh"}, "Etag": {"\"1\""}}
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		header                   http.Header
		answer, says             string
	}{
		{"as written", "GET", "/api/tickets/T", "", 200, plain, ticket, ""},
		{"without a body for HEAD", "HEAD", "/api/tickets/T", "", 200, plain, "", ""},
		{"a status nobody wrote down", "GET", "/api/tickets/T", "", 418, plain, `{}`, "answered 418, which openapi.yaml does not say"},
		{"a page", "GET", "/api/docs", "", 200, http.Header{"Content-Type": {"text/html; charset=utf-8"}, "X-Request-Id": {"abcdefgh"}}, "<p>x", ""},
		{"a field of another type", "GET", "/api/tickets/T", "", 200, plain, strings.Replace(ticket, `"price":1`, `"price":"1"`, 1), "is not as openapi.yaml says"},
		{"a field too few", "GET", "/api/tickets/T", "", 200, plain, strings.Replace(ticket, `"userId":"u",`, "", 1), "is not as openapi.yaml says"},
		{"a field nobody wrote down", "GET", "/api/tickets/T", "", 200, plain, strings.Replace(ticket, `"price":1`, `"price":1,"buyer":"b"`, 1), "is not as openapi.yaml says"},
		{"a header too few", "GET", "/api/tickets/T", "", 200, http.Header{"Content-Type": {"application/json"}}, ticket, "is not as openapi.yaml says"},
		{"an accepted parameter nobody wrote down", "GET", "/api/tickets?limit=0", "", 200, plain, `[]`, "has no such request"},
		{"accepted although nobody is signed in", "POST", "/api/tickets", `{"title":"x","price":1}`, 201, plain, ticket, "has no such request"},
		{"a route nobody wrote down", "GET", "/api/secrets", "", 200, plain, `{}`, "openapi.yaml has no such route"},
		{"a refusal in another form", "GET", "/api/secrets", "", 404, plain, `not found`, "has not the form of an error"},
		{"a refusal as a problem", "GET", "/api/secrets", "", 404, http.Header{"Content-Type": {"application/problem+json"}},
			`{"type":"/api/docs#error-not_found","title":"Not found","status":404,"detail":"Not Found","code":"not_found","errors":[{"message":"Not Found","code":"not_found"}]}`, ""},
		{"rubbish that was refused", "GET", "/api/tickets?limit=0", "", 400, plain, `{"errors":[{"message":"no","code":"invalid"}]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			contract, err := Outside()
			require.NoError(t, err)
			req, err := http.NewRequest(c.method, "http://localhost:1234"+c.path, strings.NewReader(c.body))
			require.NoError(t, err)
			if c.body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			err = contract.Judge(req, []byte(c.body), c.status, c.header, []byte(c.answer), "")
			if c.says == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			assert.NotContains(t, err.Error(), "\n")
			t.Log(err)
		})
	}
}

func TestBothCanBeRead(t *testing.T) {
	for _, read := range []func() (*Contract, error){Outside, Inside} {
		contract, err := read()
		require.NoError(t, err)
		assert.Greater(t, len(contract.Routes()), 15)
		assert.Len(t, contract.Unseen(), len(statuses(contract)))
	}
}

func statuses(c *Contract) (all []int) {
	for _, r := range c.Routes() {
		all = append(all, r.Statuses...)
	}
	return all
}
