package service

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Nobody holds a connection by asking, or reading, slowly; and whoever waits for slow work gets its answer.
func TestEveryConnectionEnds(t *testing.T) {
	s := newServer(slog.New(slog.DiscardHandler), nil)
	for _, limit := range []time.Duration{s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout} {
		assert.NotZero(t, limit)
	}
	const payment = 40 * time.Second // timeouts.invocation in components/resiliency
	for _, work := range []time.Duration{Quick, deliveryLimit, jobLimit, payment} {
		assert.GreaterOrEqual(t, s.WriteTimeout, s.ReadTimeout+work)
	}
}

// A client that asks for much and reads nothing.
func TestWhoDoesNotReadIsLetGo(t *testing.T) {
	ended := make(chan error, 1)
	server := httptest.NewUnstartedServer(nil)
	server.Config = newServer(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.CopyN(w, zeros{}, 1<<30)
		ended <- err
	}))
	server.Config.WriteTimeout /= 500 // or we would wait for more than a minute
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case err := <-ended:
		assert.Error(t, err)
	case <-time.After(10 * time.Second):
		conn.Close()
		t.Fatal("it holds the connection for ever")
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
