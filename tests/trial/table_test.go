package trial

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTableNamesEachReasonOnce(t *testing.T) {
	table := NewTable(`state \ pub/sub`, []string{"redis", "mongodb"}, []string{"jetstream", "kafka"})
	table.Set("redis", "jetstream", Result{Verdict: Pass, Took: 90 * time.Second})
	table.Set("redis", "kafka", Result{Verdict: NotRun, Why: []string{"no Kafka"}})
	table.Set("mongodb", "jetstream", Result{Verdict: Fail, Why: []string{"TestRestart"}})
	table.Set("mongodb", "kafka", Result{Verdict: NotRun, Why: []string{"no MongoDB", "no Kafka"}})
	assert.Equal(t, `state \ pub/sub jetstream      kafka         
redis           pass, 1m30s    not run (1)   
mongodb         FAIL (2)       not run (3) (1)
(1) no Kafka
(2) TestRestart
(3) no MongoDB
`, table.String())
	assert.EqualError(t, table.Failed(), "failed on mongodb/jetstream")
}

func TestASkippedTestDidNotPass(t *testing.T) {
	passed, failed := count("=== RUN   TestA\n--- PASS: TestA (0.10s)\n    --- PASS: TestA/sub (0.00s)\n--- SKIP: TestB (0.00s)\n--- FAIL: TestC (1s)\n")
	assert.Equal(t, []string{"TestA"}, passed)
	assert.Equal(t, []string{"TestB", "TestC"}, failed)
}
