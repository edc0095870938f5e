package main

import (
	"marketplace/services/mail/note"
	"marketplace/shared/metrics"
)

var ended = metrics.NewCounter("mails_total", "Mails that are done with, by outcome: sent, dropped (not to be tried again).", "outcome")

func init() {
	ended.Expect(string(note.Sent))
	ended.Expect(string(note.Dropped))
}
