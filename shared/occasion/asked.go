package occasion

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // an image need not have the time zone database
	"unicode"
	"unicode/utf8"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// Asked is what a seller writes of an occasion. What he does not name stays as it was, for a client that knows of no dates
// must not lose those that another has given; null and "" take a field away.
type Asked struct {
	StartsAt  json.RawMessage `json:"startsAt"`
	Zone      json.RawMessage `json:"zone"`
	Venue     json.RawMessage `json:"venue"`
	City      json.RawMessage `json:"city"`
	Section   json.RawMessage `json:"section"`
	Row       json.RawMessage `json:"row"`
	Seat      json.RawMessage `json:"seat"`
	FaceValue json.RawMessage `json:"faceValue"`
}

// The most that a field may have, in characters.
const (
	longestVenue = 120
	longestCity  = 80
	longestPlace = 30 // section, row and seat
)

// Over is o with what was asked. The complaints name every field that is wrong by itself; of them together see Check.
func (a Asked) Over(o Occasion, currency money.Currency) (Occasion, fault.Fields) {
	var wrong fault.Fields
	if text, given := read(a.StartsAt, "startsAt", &wrong); given {
		o.StartsAt = clock.Time{}
		if text != "" {
			wrong.Check(o.readStart(text), "startsAt", "Start must be a time with its offset, such as 2027-07-18T20:00:00+02:00")
		} else if a.Zone == nil {
			o.Zone = ""
		}
	}
	if text, given := read(a.Zone, "zone", &wrong); given {
		o.Zone = text
		wrong.Check(text == "" || isZone(text), "zone", "Zone must be a name of the IANA time zone database, such as Europe/Zurich")
	}
	for _, line := range []struct {
		raw         json.RawMessage
		field, name string
		most        int
		to          *string
	}{
		{a.Venue, "venue", "Venue", longestVenue, &o.Venue}, {a.City, "city", "City", longestCity, &o.City},
		{a.Section, "section", "Section", longestPlace, &o.Section}, {a.Row, "row", "Row", longestPlace, &o.Row}, {a.Seat, "seat", "Seat", longestPlace, &o.Seat},
	} {
		if text, given := read(line.raw, line.field, &wrong); given {
			*line.to = text
			wrong.Check(utf8.RuneCountInString(text) <= line.most, line.field, fmt.Sprintf("%s must be at most %d characters", line.name, line.most))
			wrong.Check(!strings.ContainsFunc(text, unicode.IsControl), line.field, line.name+" must be on one line, without control characters")
		}
	}
	if a.FaceValue != nil {
		o.FaceValue = 0
		if text := string(a.FaceValue); text != "null" && text != `""` {
			var complaint string
			o.FaceValue, complaint = currency.Price(a.FaceValue)
			wrong.Check(complaint == "", "faceValue", strings.Replace(complaint, "Price must", "Face value must", 1))
		}
	}
	return o, wrong
}

// read is a text as it was given, trimmed; null is "".
func read(raw json.RawMessage, field string, wrong *fault.Fields) (text string, given bool) {
	if raw == nil {
		return "", false
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		wrong.Check(false, field, field+" must be a string")
		return "", false
	}
	return strings.TrimSpace(text), true
}

// readStart reads a start to the millisecond, as others read it.
func (o *Occasion) readStart(text string) bool {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return false
	}
	if year := at.UTC().Year(); year < 1 || year > 9999 {
		return false
	}
	o.StartsAt = clock.At(at.Truncate(time.Millisecond))
	return true
}

// zoneForm keeps out what a machine's own database has besides: localtime, posix/Europe/Zurich, CET.
var zoneForm = regexp.MustCompile(`^(UTC|[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){1,2})$`)

func isZone(name string) bool {
	if len(name) > 64 || !zoneForm.MatchString(name) {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
