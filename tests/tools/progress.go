package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// heartbeat shows that a long build is alive: every second in place on a terminal, else a line every 15 seconds.
// The function it returns ends that and tells how long it took.
func heartbeat(name string) (done func() time.Duration) {
	start := time.Now()
	elapsed := func() time.Duration { return time.Since(start).Round(time.Second) }
	every, before, after := 15*time.Second, "", "\n"
	info, err := os.Stdout.Stat()
	if err == nil && info.Mode()&os.ModeCharDevice != 0 {
		every, before, after = time.Second, "\r", ""
	}

	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fmt.Printf("%s  still building %s: %s%s", before, name, elapsed(), after)
			case <-quit:
				if before != "" {
					fmt.Print("\r\033[K")
				}
				return
			}
		}
	})
	return func() time.Duration {
		close(quit)
		wg.Wait()
		return elapsed()
	}
}
