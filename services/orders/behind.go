package main

import (
	"net/http"
	"time"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// tooLate is how late events may get to us while orders are placed.
const tooLate = 2 * time.Second

// comeBack is when somebody is told to come back who cannot place an order now.
const comeBack = time.Second

// unlessBehind refuses new orders while events get to us too late: those that are placed and paid for are completed first.
func unlessBehind(behind func() time.Duration, place api.Handler) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if behind() >= tooLate {
			err := fault.Overload(comeBack)
			countRefusal(err)
			return err
		}
		return place(w, r)
	}
}
