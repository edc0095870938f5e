package service

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/api"
	"marketplace/shared/events"
)

// ask asks a server with a service's routes, with the sidecar's token or without.
func ask(t *testing.T, method, path, token string) (*http.Response, string) {
	t.Helper()
	r := NewRoutes("orders", Settings{Token: "token"}, slog.New(slog.DiscardHandler))
	said := func(what string) api.Handler {
		return func(w http.ResponseWriter, _ *http.Request) error { return api.Write(w, http.StatusOK, what) }
	}
	r.FromWeb("POST", "/api/orders", said("placed"), Quick)
	r.FromWeb("GET", "/api/orders", said("mine"), Quick)
	r.FromWeb("GET", "/api/orders/{id}", said("one"), Quick)
	r.FromWeb("GET", "/api/orders/mine", said("mine too"), Quick)
	r.FromWeb("DELETE", "/api/orders/{id}", said("gone"), Quick)
	r.Internal("POST", "/internal/orders/{id}/checkout", said("checkout"), "payments")
	On(r, func(context.Context, events.Ticket) error { return nil })
	r.Job("order-", func(context.Context, string) error { return nil })
	server := httptest.NewServer(r)
	defer server.Close()
	req, err := http.NewRequest(method, server.URL+path, nil)
	require.NoError(t, err)
	req.Header.Set("dapr-api-token", token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

// A path that is known says which methods it is known for; HEAD is GET without a body.
func TestMethods(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		allow, body  string
	}{
		{"GET", "/api/orders", 200, "", "\"mine\"\n"},
		{"POST", "/api/orders", 200, "", "\"placed\"\n"},
		{"GET", "/api/orders/mine", 200, "", "\"mine too\"\n"},
		{"HEAD", "/api/orders", 200, "", ""},
		{"HEAD", "/api/orders/1", 200, "", ""},
		{"OPTIONS", "/api/orders", 204, "GET, HEAD, OPTIONS, POST", ""},
		{"OPTIONS", "/api/orders/1", 204, "DELETE, GET, HEAD, OPTIONS", ""},
		{"PUT", "/api/orders", 405, "GET, HEAD, OPTIONS, POST", `{"errors":[{"message":"Method Not Allowed","code":"method_not_allowed"}]}` + "\n"},
		{"BREW", "/api/orders/1", 405, "DELETE, GET, HEAD, OPTIONS", `{"errors":[{"message":"Method Not Allowed","code":"method_not_allowed"}]}` + "\n"},
		{"DELETE", "/api/orders/mine", 405, "GET, HEAD, OPTIONS", `{"errors":[{"message":"Method Not Allowed","code":"method_not_allowed"}]}` + "\n"}, // no order is called mine
		{"DELETE", "/api/orders/1/2", 404, "", `{"errors":[{"message":"Not Found","code":"not_found"}]}` + "\n"},
		{"OPTIONS", "/api/nosuch", 404, "", `{"errors":[{"message":"Not Found","code":"not_found"}]}` + "\n"},
		{"POST", "/livez", 405, "GET, HEAD, OPTIONS", `{"errors":[{"message":"Method Not Allowed","code":"method_not_allowed"}]}` + "\n"},
		{"GET", "/events/tickets", 405, "OPTIONS, POST", `{"errors":[{"message":"Method Not Allowed","code":"method_not_allowed"}]}` + "\n"},
		{"GET", "/job/order-1", 405, "OPTIONS, POST", `{"errors":[{"message":"Method Not Allowed","code":"method_not_allowed"}]}` + "\n"},
		{"GET", "/internal/orders/1/checkout", 404, "", `{"errors":[{"message":"Not Found","code":"not_found"}]}` + "\n"}, // for payments alone
	} {
		got, body := ask(t, c.method, c.path, "token")
		what := c.method + " " + c.path
		assert.Equal(t, c.status, got.StatusCode, what)
		assert.Equal(t, c.allow, got.Header.Get("Allow"), what)
		assert.Equal(t, c.body, body, what)
	}
	get, _ := ask(t, "GET", "/api/orders", "token")
	head, _ := ask(t, "HEAD", "/api/orders", "token")
	get.Header.Del("Date")
	head.Header.Del("Date")
	assert.Equal(t, get.Header, head.Header)
	assert.Equal(t, get.ContentLength, head.ContentLength)
}

// Whoever has no token does not even hear what there is.
func TestMethodsAreNotForStrangers(t *testing.T) {
	for _, path := range []string{"/api/orders", "/internal/orders/1/checkout", "/events/tickets", "/job/order-1", "/dapr/subscribe"} {
		for _, method := range []string{"OPTIONS", "PATCH", "BREW"} {
			got, _ := ask(t, method, path, "guess")
			assert.Equal(t, 404, got.StatusCode, "%s %s", method, path)
			assert.Empty(t, got.Header.Get("Allow"))
		}
	}
}
