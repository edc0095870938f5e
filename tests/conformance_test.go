package tests

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"marketplace/shared/dapr"
	"marketplace/shared/dapr/daprtest"
)

// The real sidecar and its store keep the promises that the fake is tested for.
func TestTheRealSidecarIsAStore(t *testing.T) {
	app := market(t).App("tickets")
	sidecar, err := dapr.Connect(dapr.Config{HTTPPort: strconv.Itoa(app.HTTPPort), GRPCPort: strconv.Itoa(app.GRPCPort)})
	require.NoError(t, err)
	t.Cleanup(sidecar.Close)
	daprtest.TestStore(t, sidecar)
}
