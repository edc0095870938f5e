package recent

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheLatestStay(t *testing.T) {
	s := New(10)
	for i := range 1000 {
		s.Add(strconv.Itoa(i))
		for j := max(0, i-9); j <= i; j++ {
			assert.True(t, s.Has(strconv.Itoa(j)), "%d after %d", j, i)
		}
		assert.False(t, s.Has(strconv.Itoa(i-20)))
		assert.False(t, s.Has(strconv.Itoa(i+1)))
	}
}
