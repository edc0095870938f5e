package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets this test binary be the program itself, so that it can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("STRIPESIM_TEST_IS_MAIN") != "" {
		main()
		return
	}
	pauses = []time.Duration{10 * time.Millisecond, 20 * time.Millisecond}
	os.Exit(m.Run())
}

// program starts the simulator as its own process, with only these settings.
func program(t *testing.T, settings ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append([]string{"STRIPESIM_TEST_IS_MAIN=1"}, settings...)
	var said bytes.Buffer
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, &said
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func awaitHealth(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	}, 20*time.Second, 20*time.Millisecond)
}

func TestNothingAnsweredIsLostToKill9(t *testing.T) {
	address := freeAddress(t)
	settings := []string{"STRIPESIM_ADDRESS=" + address, "STRIPESIM_DATA=" + t.TempDir(), "STRIPESIM_SECRET_KEY=" + secretKey}
	cmd, _ := program(t, settings...)
	awaitHealth(t, address)

	answered := sync.Map{} // key -> intent
	var buyers sync.WaitGroup
	for buyer := range 4 {
		buyers.Go(func() {
			api := stripeClient("http://"+address, secretKey)
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", buyer, i)
				in, err := api.PaymentIntents.New(payment("pm_card_visa", key))
				if err != nil {
					return // killed
				}
				answered.Store(key, in.ID)
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	buyers.Wait()
	_ = cmd.Wait()

	cmd, _ = program(t, settings...)
	awaitHealth(t, address)
	a := &account{API: stripeClient("http://"+address, secretKey), url: "http://" + address}
	booked := map[string]bool{}
	for _, in := range a.ledger(t).Intents {
		booked[in.ID] = in.Charged
	}
	calls := 0
	answered.Range(func(key, id any) bool {
		calls++
		assert.True(t, booked[id.(string)], "answered, and lost")
		again, err := a.PaymentIntents.New(payment("pm_card_visa", key.(string)))
		return assert.NoError(t, err) && assert.Equal(t, id, again.ID)
	})
	assert.Greater(t, calls, 4)
	assert.Len(t, a.ledger(t).Intents, len(booked), "asking again charges nobody again")

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, cmd.Wait(), "a graceful stop is no failure")
}

func TestAMissingSettingStopsItWithOneSentence(t *testing.T) {
	data, key := "STRIPESIM_DATA="+t.TempDir(), "STRIPESIM_SECRET_KEY="+secretKey
	for name, settings := range map[string][]string{
		"STRIPESIM_DATA":           {key},
		"STRIPESIM_SECRET_KEY":     {data},
		"sk_test_":                 {data, "STRIPESIM_SECRET_KEY=sk_live_no"},
		"STRIPESIM_WEBHOOK_SECRET": {data, key, "STRIPESIM_WEBHOOK_URL=http://127.0.0.1:1/"},
		"STRIPESIM_ADDRESS":        {data, key, "STRIPESIM_ADDRESS=0.0.0.0:0"},
	} {
		cmd, said := program(t, settings...)
		assert.Error(t, cmd.Wait(), name)
		assert.Contains(t, said.String(), name)
		assert.Equal(t, 1, bytes.Count(said.Bytes(), []byte("\n")), said.String())
	}
}
