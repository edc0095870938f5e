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

func TestNetwork(t *testing.T) {
	for _, row := range []struct {
		want      string
		forwarded []string
	}{
		{"192.0.2.7", []string{"192.0.2.7"}},
		{"192.0.2.7", []string{"10.9.9.9, 192.0.2.7"}},
		{"192.0.2.7", []string{"10.9.9.9", "192.0.2.7"}}, // what the visitor claims stands before what was seen
		{"192.0.2.7", []string{"::ffff:192.0.2.7"}},
		{"2001:db8:1:2::/64", []string{"2001:db8:1:2:3:4:5:6"}},
		{"2001:db8:1:2::/64", []string{"2001:db8:1:2:ffff::1"}},
		{"2001:db8:1:3::/64", []string{"2001:db8:1:3::1"}},
		{"fe80::/64", []string{"fe80::1%eth0"}},
		{"unknown", nil}, {"unknown", []string{""}}, {"unknown", []string{"ann||account"}}, {"unknown", []string{"192.0.2.7, "}},
	} {
		assert.Equal(t, row.want, Network(row.forwarded), "%q", row.forwarded)
	}
}
