package stack

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTakenPortIsNamedWithItsNeedAndItsHolder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port

	err = check([]listener{{port, "web"}})
	require.Error(t, err)
	assert.Contains(t, err.Error(), fmt.Sprintf("port %d, which web needs, is in use by process %d (", port, os.Getpid()))

	l.Close()
	assert.NoError(t, check([]listener{{port, "web"}}), "free again")
}

func TestTakenSentence(t *testing.T) {
	web := listener{8080, "web"}
	for _, c := range []struct {
		name, holder string
		others       int
		want         string
	}{
		{"known holder", "process 7 (nginx)", 0, "port 8080, which web needs, is in use by process 7 (nginx): stop that and start again"},
		{"another user's process, which /proc hides", "", 0, "port 8080, which web needs, is in use by another process: stop that and start again"},
		{"a whole stack is running", "process 7 (web)", 32, "port 8080, which web needs, is in use by process 7 (web) (and 32 more of the needed ports are taken): stop that and start again"},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, takenSentence(web, c.holder, c.others)) })
	}
}

func TestTwoStacksNeverChooseTheSamePorts(t *testing.T) {
	chosen := map[int]bool{}
	for range 20 {
		block, err := claimPorts()
		require.NoError(t, err)
		defer block.release()
		for range 36 {
			port := block.take()
			assert.False(t, chosen[port], "port %d was chosen twice", port)
			chosen[port] = true
		}
	}
}
