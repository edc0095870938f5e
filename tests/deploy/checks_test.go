package deploy

import (
	"fmt"
	"maps"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// check says what is wrong with a market, in the eyes of the code.
type check func(m *market, c code) []string

// spoil is a mistake that a check must find.
type spoil struct {
	mistake string
	on      string // the variant to spoil; production if empty
	make    func(m *market, c *code)
	finds   string
}

// verify finds nothing wrong with any variant, and every mistake in its spoiled copy.
func verify(t *testing.T, wrong check, spoils ...spoil) {
	t.Helper()
	require.NotEmpty(t, spoils, "a check must be shown to fail")
	for name := range variants {
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, wrong(variant(t, name), facts(t)))
		})
	}
	for _, s := range spoils {
		t.Run("finds "+s.mistake, func(t *testing.T) {
			m, c := variant(t, first(s.on, "production")), copyOf(facts(t))
			s.make(m, &c)
			found := strings.Join(wrong(m, c), "\n")
			assert.Contains(t, found, s.finds)
		})
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// copyOf is deep enough for what spoils change.
func copyOf(c code) code {
	apps := map[string]int{}
	for app, port := range c.apps {
		apps[app] = port
	}
	routes := map[string][]route{}
	for app, list := range c.routes {
		routes[app] = append([]route{}, list...)
	}
	settings := map[string]map[string]bool{}
	for app, list := range c.settings {
		settings[app] = map[string]bool{}
		for name, required := range list {
			settings[app][name] = required
		}
	}
	c.apps, c.routes, c.settings, c.readiness = apps, routes, settings, maps.Clone(c.readiness)
	c.topics = append([]string{}, c.topics...)
	c.calls = append([]call{}, c.calls...)
	return c
}

// list gathers problems.
type list []string

func (l *list) add(format string, args ...any) { *l = append(*l, fmt.Sprintf(format, args...)) }

func (l *list) sorted() []string {
	sort.Strings(*l)
	return *l
}
