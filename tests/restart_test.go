package tests

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/tests/stack"
)

// The whole stack stops in the middle of a journey and comes back: nothing is forgotten.
func TestRestart(t *testing.T) {
	s, err := launch(t.TempDir(), stack.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop()) })
	seller, buyer, other := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered, held := seller.sells("Bought after the restart", "20"), seller.sells("Held across the restart", "20")
	placed := buyer.orders(held.ID)

	require.NoError(t, s.Restart(context.Background()))

	var listed []ticket
	visitor(t, s).get("/api/tickets").into(t, &listed)
	require.Len(t, listed, 1, "the catalogue is read again, without what is held")
	assert.Equal(t, offered.ID, listed[0].ID)
	assert.Equal(t, 400, other.post("/api/orders", `{"ticketId":"`+held.ID+`"}`).Status)
	assert.Equal(t, placed, buyer.order(placed.ID))

	require.Equal(t, 201, buyer.pays(placed.ID, "tok_visa").Status)
	second := other.orders(offered.ID)
	require.Equal(t, 201, other.pays(second.ID, "tok_visa").Status)
	eventually(t, "both are complete", func() bool {
		return buyer.order(placed.ID).Status == "complete" && other.order(second.ID).Status == "complete"
	})
}
