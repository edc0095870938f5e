package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// source is what stands in the Go files of a service, its tests apart.
func source(t *testing.T, app string) string {
	t.Helper()
	files, err := filepath.Glob("../services/" + app + "/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

var (
	webRoute      = regexp.MustCompile(`\br\.FromWeb\("([A-Z]+)", "([^"]+)"`)
	internalRoute = regexp.MustCompile(`\br\.Internal\("([A-Z]+)", "([^"]+)", s\.\w+((?:, "\w+")+)\)`)
	appName       = regexp.MustCompile(`\w+`)
	jobRoute      = regexp.MustCompile(`\br\.Job\((\w+),`)
	pageRoute     = regexp.MustCompile(`(?m)^\t*(?:pages\.HandleFunc\()?"((?:[A-Z]+ )?/[^"]*)"(?::|,) +s\.`)
	anyRoute      = regexp.MustCompile(`\br\.(?:FromWeb|Internal|Job)\(`)
)

// openRoutes are the routes for people that the services register, as "METHOD /path".
func openRoutes(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, app := range []string{"auth", "tickets", "orders", "payments", "expiration", "handover", "mail", "desk", "web"} {
		text := source(t, app)
		found := webRoute.FindAllStringSubmatch(text, -1)
		for _, m := range found {
			all = append(all, m[1]+" "+m[2])
		}
		understood := len(found) + len(internalRoute.FindAllString(text, -1)) + len(jobRoute.FindAllString(text, -1))
		require.Len(t, anyRoute.FindAllString(text, -1), understood, "a route of %s is written in a way that this test does not understand", app)
	}
	for _, m := range pageRoute.FindAllStringSubmatch(source(t, "web"), -1) {
		all = append(all, m[1])
	}
	return all
}

// door is a route that is not for people.
type door struct {
	app, method, path, body string
	callers                 []string // the services that may invoke it
}

// closedDoors are those that the services register, about a live order.
func closedDoors(t *testing.T, s *stack.Stack, orderID, buyerID string) (all []door) {
	t.Helper()
	ticketID := orderID[:strings.LastIndexByte(orderID, '-')]
	event := `{"id":"forged","type":"payment.created","specversion":"1.0","source":"x","data":{"id":"p","version":1,"orderId":"` + orderID + `","stripeId":"pi","amount":1000,"currency":"usd"}}`
	for _, app := range []string{"auth", "tickets", "orders", "payments", "expiration", "handover", "mail", "desk", "web"} {
		all = append(all, door{app: app, method: "GET", path: "/dapr/subscribe"})
		for _, sub := range subscriptions(t, s, app) {
			all = append(all, door{app: app, method: "POST", path: sub.Route, body: event})
		}
		text := source(t, app)
		for _, m := range internalRoute.FindAllStringSubmatch(text, -1) {
			body := ""
			if m[1] == "POST" {
				body = `{"userId":"` + buyerID + `","checkout":"try"}`
			}
			about := orderID
			if strings.HasPrefix(m[2], "/internal/accounts/") || strings.HasPrefix(m[2], "/internal/verified/") {
				about = buyerID
			}
			if strings.HasPrefix(m[2], "/internal/tickets/") {
				about = ticketID
			}
			if strings.HasSuffix(m[2], "/links") {
				body = `{"purpose":"verify","version":0}`
			}
			path := strings.NewReplacer("{id}", about, "{orderId}", orderID, "{checkout}", "try").Replace(m[2])
			all = append(all, door{app: app, method: m[1], path: path, body: body, callers: appName.FindAllString(m[3], -1)})
		}
		for _, m := range jobRoute.FindAllStringSubmatch(text, -1) {
			prefix := regexp.MustCompile(m[1] + ` += "([^"]+)"`).FindStringSubmatch(text)
			require.Len(t, prefix, 2, "the name of job %s of %s", m[1], app)
			all = append(all, door{app: app, method: "POST", path: "/job/" + prefix[1] + orderID})
		}
	}
	require.Greater(t, len(all), 16)
	return all
}

type subscription struct{ PubSubName, Topic, Route, DeadLetterTopic string }

// subscriptions are what a service wants to hear, and where, as it tells its sidecar.
func subscriptions(t *testing.T, s *stack.Stack, app string) (all []subscription) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", fmt.Sprintf("http://127.0.0.1:%d/dapr/subscribe", s.App(app).AppPort), nil)
	require.NoError(t, err)
	req.Header.Set("dapr-api-token", s.APIToken)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &all), "%s", raw)
	return all
}
