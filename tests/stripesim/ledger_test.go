package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARestartKeepsTheLedgerAndTheKeys(t *testing.T) {
	a := openAccount(t)
	in, err := a.PaymentIntents.New(payment("pm_card_visa", "paid"))
	require.NoError(t, err)
	_, err = a.PaymentIntents.New(payment("pm_card_chargeDeclined", "declined"))
	declined := stripeError(t, err)
	re, err := a.Refunds.New(refundOf(in.ID, "refunded"))
	require.NoError(t, err)
	before := a.ledger(t)

	a = a.restart(t)
	assert.Equal(t, before, a.ledger(t))
	again, err := a.PaymentIntents.New(payment("pm_card_visa", "paid"))
	require.NoError(t, err)
	assert.Equal(t, in.ID, again.ID)
	assert.JSONEq(t, string(in.LastResponse.RawJSON), string(again.LastResponse.RawJSON), "replayed as it was then, before the refund")
	_, err = a.PaymentIntents.New(payment("pm_card_chargeDeclined", "declined"))
	assert.Equal(t, declined.PaymentIntent.ID, stripeError(t, err).PaymentIntent.ID)
	kept, err := a.Refunds.New(refundOf(in.ID, "refunded"))
	require.NoError(t, err)
	assert.Equal(t, re.ID, kept.ID)
	assert.Equal(t, before, a.ledger(t))
}

func TestALineWithoutItsEndIsDroppedAndTheNextOneIsWhole(t *testing.T) {
	a := openAccount(t)
	_, err := a.PaymentIntents.New(payment("pm_card_visa", "first"))
	require.NoError(t, err)
	a.stop()
	file, err := os.OpenFile(filepath.Join(a.conf.Data, "ledger.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"intents":[{"id":"pi_never_answered"`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	a = openAccountWith(t, a.conf)
	assert.Len(t, a.ledger(t).Intents, 1)
	_, err = a.PaymentIntents.New(payment("pm_card_visa", "second"))
	require.NoError(t, err)
	a = a.restart(t)
	assert.Len(t, a.ledger(t).Intents, 2)
}

func TestALedgerThatCannotBeReadIsNotOverwritten(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "ledger.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("{}\nnonsense\n{}\n"), 0o600))
	_, err := openLedger(folder)
	assert.ErrorContains(t, err, "line 2")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "{}\nnonsense\n{}\n", string(content))
}
