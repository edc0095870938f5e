package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/fault"
)

func TestNewOrdersWaitWhileEventsAreLate(t *testing.T) {
	late, placed := time.Duration(0), 0
	place := unlessBehind(func() time.Duration { return late }, func(http.ResponseWriter, *http.Request) error { placed++; return nil })
	ask := func() error { return place(httptest.NewRecorder(), httptest.NewRequest("POST", "/api/orders", nil)) }
	assert.NoError(t, ask())
	late = time.Second
	assert.NoError(t, ask(), "web sees to it that it gets no more")
	late = tooLate
	err := ask()
	assert.Equal(t, fault.Overloaded, fault.CodeOf(err))
	assert.Equal(t, fault.Unavailable, fault.KindOf(err))
	late = 0
	assert.NoError(t, ask())
	assert.Equal(t, 3, placed)
}
