package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/money"
)

func TestAWrongSettingIsNamedInOneSentence(t *testing.T) {
	var cfg struct {
		Currency money.Currency `envconfig:"CURRENCY" default:"usd"`
		Hold     time.Duration  `envconfig:"ORDER_HOLD" default:"15m"`
		Key      string         `envconfig:"SETTINGS_TEST_KEY" required:"true"`
	}
	t.Setenv("CURRENCY", "kwd")
	assert.EqualError(t, Load(&cfg), "setting CURRENCY: kwd has three decimals, and amounts have two")
	t.Setenv("CURRENCY", "dollars")
	assert.ErrorContains(t, Load(&cfg), `setting CURRENCY: there is no rule for "dollars", only for aed, `)
	t.Setenv("CURRENCY", "JPY")
	t.Setenv("ORDER_HOLD", "soon")
	assert.EqualError(t, Load(&cfg), `setting ORDER_HOLD: time: invalid duration "soon"`)
	t.Setenv("ORDER_HOLD", "1m")
	assert.EqualError(t, Load(&cfg), "setting: required key SETTINGS_TEST_KEY missing value")
	assert.Equal(t, money.Currency("jpy"), cfg.Currency)
}
