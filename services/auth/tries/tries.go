// Package tries counts what one may do only so often. Pure rules.
package tries

import (
	"time"

	"marketplace/shared/fault"
)

// Window is the time in which tries count.
const Window = 15 * time.Minute

// Tries are those of one account, device or network. It is kept for a Window after the last.
type Tries struct {
	Count int       `json:"count"`
	Since time.Time `json:"since"`
}

// Take counts one more. It returns TooMany, with why and how long to wait, when most were taken in this window: then
// nothing is counted.
func (t *Tries) Take(most int, now time.Time, why string) error {
	if now.Sub(t.Since) > Window {
		*t = Tries{Since: now}
	}
	if t.Count >= most {
		return fault.Wait(t.Since.Add(Window).Sub(now), why)
	}
	t.Count++
	return nil
}

// Left is how many more may be taken, and how long until all of most may be again.
func (t *Tries) Left(most int, now time.Time) (int, time.Duration) {
	return max(0, most-t.Count), max(0, t.Since.Add(Window).Sub(now))
}

// GiveBack undoes one Take.
func (t *Tries) GiveBack() { t.Count = max(0, t.Count-1) }
