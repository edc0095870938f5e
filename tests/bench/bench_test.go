package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/tickets/catalogue"
	"marketplace/tests/stack"
)

// Lines as daprd 1.18 writes them.
const metrics = `# HELP dapr_component_state_count The number of operations performed on the state component.
# TYPE dapr_component_state_count counter
dapr_component_state_count{app_id="orders",component="statestore",namespace="",operation="get",success="true"} 12
dapr_component_state_count{app_id="orders",component="statestore",namespace="",operation="bulk_get",success="true"} 3
dapr_component_state_count{app_id="orders",component="statestore",namespace="",operation="set",success="true"} 7
dapr_component_state_count{app_id="orders",component="statestore",namespace="",operation="set",success="false"} 1
dapr_component_pubsub_egress_count{app_id="orders",component="pubsub",namespace="",success="true",topic="orders"} 4
dapr_component_pubsub_egress_count{app_id="orders",component="pubsub",namespace="",success="true",topic="heartbeats"} 9
dapr_component_pubsub_ingress_count{app_id="orders",component="broadcast",namespace="",process_status="success",status="success",topic="heartbeats"} 7
dapr_component_pubsub_ingress_count{app_id="orders",component="outbox",namespace="",process_status="success",status="success",topic="orders-outbox"} 2
dapr_runtime_service_invocation_req_sent_total{app_id="orders",dst_app_id="tickets",type="unary"} 1
dapr_grpc_io_server_completed_rpcs{app_id="orders",grpc_server_method="/dapr.proto.runtime.v1.Dapr/ScheduleJob",grpc_server_status="OK"} 5
dapr_grpc_io_server_completed_rpcs{app_id="orders",grpc_server_method="/dapr.proto.runtime.v1.Dapr/GetState",grpc_server_status="OK"} 12
dapr_http_server_request_count{app_id="orders",method="",path="",status="204"} 77
go_goroutines 60
`

func TestCallsAreReadFromASidecarsMetrics(t *testing.T) {
	got, err := readCalls(strings.NewReader(metrics))
	require.NoError(t, err)
	assert.Equal(t, calls{"state_get": 15, "state_save": 8, "publish/orders": 4, "delivery/outbox/orders-outbox": 2, "invocation/tickets": 1, "job/set": 5}, got)
	assert.Equal(t, calls{"state_get": 15, "state_save": 8, "publish": 4, "delivery": 2, "invocation": 1, "job": 5, "total": 35}, got.byKind())
}

func TestCallsOfARunAreTheDifferencePerPurchase(t *testing.T) {
	before, after := calls{"state_get": 10, "job/set": 4}, calls{"state_get": 30, "job/set": 4, "publish/orders": 5}
	assert.Equal(t, calls{"state_get": 2, "publish/orders": 0.5}, after.since(before, 10))
}

func TestTheFloorMakesFractionsOfCallsInTime(t *testing.T) {
	for _, per := range []float64{0, 0.3, 1, 2.75, 1.0 / 3} {
		sum := 0
		for n := range int64(300) {
			sum += due(per, n+1)
		}
		assert.InDelta(t, per*300, sum, 0.01, "%v a purchase", per)
	}
}

func TestAPaceEndsAfterItsRequests(t *testing.T) {
	pace := until{n: 2}
	_, over := pace.Pace(0, 1)
	assert.False(t, over)
	_, over = pace.Pace(0, 2)
	assert.True(t, over)
}

func TestADeskHoldsWhatCollectionsAndListsWrite(t *testing.T) {
	window := newDesk()
	require.NoError(t, stock(t.Context(), window, 0, 450))
	assert.Equal(t, 450+len(catalogue.Shelves())-1, len(window.docs), "a ticket each, and a page of ids on every shelf but the old one")
	clear(window.dirty)
	require.NoError(t, stock(t.Context(), window, 450, 451))
	assert.Len(t, window.dirty, 2, "the ticket and the last page")
}

func TestAProcessKnowsWhatItUses(t *testing.T) {
	before, err := stack.UsageOf(os.Getpid())
	require.NoError(t, err)
	for until := time.Now().Add(100 * time.Millisecond); time.Now().Before(until); {
	}
	after, err := stack.UsageOf(os.Getpid())
	require.NoError(t, err)
	assert.Greater(t, after.CPU, before.CPU)
	assert.Greater(t, after.Memory, int64(1<<20))
}
