package api

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

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
