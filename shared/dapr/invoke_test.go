package dapr

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// What a service refuses, and how it calls that, is the same one service further.
func TestRefusalsTravel(t *testing.T) {
	for _, refused := range []error{
		fault.New(fault.Refused, "Cannot pay for a cancelled order").Named(fault.OrderCancelled),
		fault.NotSignedIn(), fault.NotOwner(), fault.NoSuchThing(), fault.UnknownMethod(),
		fault.New(fault.PreconditionFailed, "Changed"), fault.New(fault.Conflict, "Not yet").Named(fault.KeyInProgress),
		fault.New(fault.TooLarge, "Too large"), fault.New(fault.NotJSON, "No JSON"),
		fault.Fields{{Message: "Unknown field", Field: "x", Code: fault.UnknownField}, {Message: "No", Field: "y"}}.Err(),
		assert.AnError,
	} {
		here, there := httptest.NewRecorder(), httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		api.Fail(here, r, refused)
		api.Fail(there, r, refusal("orders", here.Code, here.Body.Bytes()))
		assert.Equal(t, here.Code, there.Code, "%v", refused)
		assert.Equal(t, here.Body.String(), there.Body.String())
	}
}
