package tries

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestAWindowOfTries(t *testing.T) {
	var tries Tries
	for i := range 3 {
		require.NoError(t, tries.Take(3, noon.Add(time.Duration(i)*time.Minute), "Too many"))
	}
	err := tries.Take(3, noon.Add(3*time.Minute), "Too many")
	assert.EqualError(t, err, "Too many. Please wait 12 minutes")
	assert.Equal(t, fault.TooMany, fault.KindOf(err))
	assert.EqualError(t, tries.Take(3, noon.Add(14*time.Minute+20*time.Second), "Too many"), "Too many. Please wait 40 seconds")
	assert.EqualError(t, tries.Take(3, noon.Add(Window), "Too many"), "Too many. Please wait 1 second", "to the last moment")
	tries.GiveBack()
	require.NoError(t, tries.Take(3, noon.Add(3*time.Minute), "Too many"), "one was given back")
	require.NoError(t, tries.Take(3, noon.Add(Window+time.Second), "Too many"), "a new window")
	assert.Equal(t, 1, tries.Count)
	tries = Tries{}
	tries.GiveBack()
	assert.Zero(t, tries.Count)
}
