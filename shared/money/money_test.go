package money

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadAmount(t *testing.T) {
	for raw, want := range map[string]Amount{
		`19.99`:      1999, // 1998.9999999999998 in floating point
		`20`:         2000,
		`0.01`:       1,
		`1000000`:    1_000_000_00, // listed when that was the most
		`99999999`:   99_999_999_00,
		`"15"`:       1500, // the course's client sends what the input field holds
		`"15.50"`:    1550,
		`"19.990"`:   1999,
		`1e2`:        10000, // a JSON number like any other
		`1.1`:        110,
		`999999.99`:  99999999,
		`4.35`:       435,
		`1234567e-2`: 1234567,
	} {
		var got Amount
		err := json.Unmarshal([]byte(raw), &got)
		if assert.NoError(t, err, raw) {
			assert.Equal(t, want, got, raw)
		}
	}
	for _, raw := range []string{
		``, `""`, `" "`, `null`, `true`, `{}`, `[]`, `"abc"`, `0`, `-10`, `"-1"`, `0.001`, `19.999`, `99999999.01`, `1e9`,
		`1e999999999`, `1e-999999999`, `NaN`, `"Infinity"`, `"0x10"`, `"1_000"`, `"1/2"`, `"12`, `1..2`, `"1,5"`, strings.Repeat("1", 100),
	} {
		var got Amount
		assert.ErrorIs(t, got.UnmarshalJSON([]byte(raw)), ErrPrice, raw)
		assert.Zero(t, got, raw)
	}
}

func TestPrint(t *testing.T) {
	assert.Equal(t, "19.90", Amount(1990).String())
	assert.Equal(t, "-0.05", Amount(-5).String())
	out, err := json.Marshal([]Amount{1990, 2000, 1999, 5, 10000, 0})
	require.NoError(t, err)
	assert.JSONEq(t, `[19.9, 20, 19.99, 0.05, 100, 0]`, string(out))
}
