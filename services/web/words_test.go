package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
)

func TestTimesAndNumbersInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{15 * time.Minute: "15:00", 59 * time.Second: "00:59", -time.Second: "00:00", 25 * time.Hour: "25:00:00"} {
		assert.Equal(t, want, left(clock.At(noon), clock.At(noon.Add(d))))
	}
	assert.Equal(t, "CDEF GHIJ", number("abcdefghij"))
	assert.Equal(t, "X", number("x"))
	assert.Equal(t, "ABCD EFGH IJ", fours("ABCDEFGHIJ"))
}

func TestACodeIsOnePictureWithoutScript(t *testing.T) {
	code, err := qrCode("T1-O1")
	require.NoError(t, err)
	assert.Contains(t, string(code), `role="img"`)
	assert.Equal(t, 1, strings.Count(string(code), "<path"))
	_, err = qrCode(strings.Repeat("x", 5000))
	assert.Error(t, err)
}
