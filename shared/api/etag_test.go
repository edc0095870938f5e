package api

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

func TestTags(t *testing.T) {
	thing := map[string]any{"id": "T", "version": 1}
	tag, err := Tag(thing)
	require.NoError(t, err)
	assert.Regexp(t, `^"[A-Za-z0-9_-]{22}"$`, tag)
	other, err := Tag(map[string]any{"id": "T", "version": 2})
	require.NoError(t, err)
	assert.NotEqual(t, tag, other)

	for _, row := range []struct {
		method  string
		lines   []string
		status  int
		matches bool // as an If-Match
	}{
		{"GET", nil, 200, true},
		{"GET", []string{tag}, 304, true},
		{"HEAD", []string{tag}, 304, true},
		{"POST", []string{tag}, 200, true},
		{"GET", []string{"*"}, 304, true},
		{"GET", []string{`"x", ` + tag}, 304, true},
		{"GET", []string{`"x"`, tag}, 304, true},
		{"GET", []string{"W/" + tag}, 304, false},
		{"GET", []string{other}, 200, false},
		{"GET", []string{tag[1 : len(tag)-1]}, 200, false},
		{"GET", []string{""}, 200, false},
		{"GET", []string{`",*,"`}, 304, true}, // an odd tag, and taken apart for one: of no harm to anybody else
		{"GET", []string{"\x00\xff,,W/,\"\""}, 200, false},
	} {
		r, w := httptest.NewRequest(row.method, "/api/tickets/T", nil), httptest.NewRecorder()
		r.Header["If-None-Match"], r.Header["If-Match"] = row.lines, row.lines
		require.NoError(t, WriteTagged(w, r, 200, thing))
		assert.Equal(t, row.status, w.Code, "%s %q", row.method, row.lines)
		assert.Equal(t, tag, w.Header().Get("ETag"))
		assert.Equal(t, row.status == 304, w.Body.Len() == 0)
		err := PreconditionOf(r).Check(thing)
		assert.Equal(t, row.matches, err == nil, "%q", row.lines)
		if err != nil {
			assert.Equal(t, fault.PreconditionFailed, fault.KindOf(err))
		}
	}
}

// Where a list goes on is a part of it.
func TestATagOfAList(t *testing.T) {
	last, more := httptest.NewRecorder(), httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/api/tickets", nil)
	SetNext(more, r, "50")
	require.NoError(t, WriteTagged(last, r, 200, []string{"T"}))
	require.NoError(t, WriteTagged(more, r, 200, []string{"T"}))
	assert.NotEqual(t, last.Header().Get("ETag"), more.Header().Get("ETag"))
}
