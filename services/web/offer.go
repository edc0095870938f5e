package main

import (
	"net/url"
	"strings"
	"time"

	"marketplace/shared/fault"
)

// typedOffer is what a seller typed, in the API's form. It returns Invalid, naming the fields of the form, when it is not
// said when and where the ticket is good: the API can do without, the site's sellers are asked.
func (s *site) typedOffer(f url.Values) (map[string]any, error) {
	var wrong fault.Fields
	wrong.Check(strings.TrimSpace(f.Get("title")) != "", "title", "What is the ticket for? Give it a title")
	wrong.Check(strings.TrimSpace(f.Get("price")) != "", "price", "What does it cost?")
	wrong.Check(strings.TrimSpace(f.Get("venue")) != "", "venue", "Where is it? Name the venue")
	start := typedStart(f, &wrong)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	offer := map[string]any{"price": s.typedPrice(f, "price"), "faceValue": s.typedPrice(f, "faceValue"), "startsAt": start, "zone": f.Get("zone")}
	for _, name := range []string{"title", "venue", "city", "section", "row", "seat"} {
		offer[name] = f.Get(name)
	}
	if f.Get("withdrawn") != "" {
		offer["withdrawn"] = true
	}
	return offer, nil
}

func (s *site) typedPrice(f url.Values, field string) string {
	return typedPrice(f.Get(field), f.Get("decimal"), s.currency)
}

// typedStart puts date, time and zone together, "" when one of them is missing or none.
func typedStart(f url.Values, wrong *fault.Fields) string {
	day, badDay := time.Parse(time.DateOnly, f.Get("date"))
	hour, badHour := time.Parse("15:04", f.Get("time"))
	if badHour != nil {
		hour, badHour = time.Parse("15:04:05", f.Get("time")) // as some browsers send it
	}
	zone, badZone := time.LoadLocation(f.Get("zone"))
	wrong.Check(badDay == nil, "date", "On which day is it? Write the date as 2027-07-18")
	wrong.Check(badHour == nil, "time", "When does it begin? Write the time as 19:30")
	wrong.Check(badZone == nil && f.Get("zone") != "", "zone", "Whose clock is that? Choose the place whose time the venue has")
	if badDay != nil || badHour != nil || badZone != nil {
		return ""
	}
	return time.Date(day.Year(), day.Month(), day.Day(), hour.Hour(), hour.Minute(), 0, 0, zone).Format(time.RFC3339)
}

// inForm are the API's complaints under the names that the form's fields have.
func inForm(err error) error {
	words, _ := fault.Public(err)
	if fault.KindOf(err) != fault.Refused && fault.KindOf(err) != fault.Invalid {
		return err
	}
	fields := append([]fault.Field{}, words...)
	for i, word := range fields {
		if word.Field == "startsAt" {
			fields[i].Field = "date"
		}
	}
	return &fault.Error{Kind: fault.KindOf(err), Fields: fields}
}

// formOf is a form with a ticket as it is.
func (s *site) formOf(t ticket) url.Values {
	f := url.Values{"title": {t.Title}, "price": {s.currency.Plain(t.Price)}, "venue": {t.Venue}, "city": {t.City}, "section": {t.Section}, "row": {t.Row}, "seat": {t.Seat}, "zone": {t.Zone}}
	if at := starts(t.Occasion); !at.IsZero() {
		f.Set("date", at.Format(time.DateOnly))
		f.Set("time", at.Format("15:04"))
	}
	if t.FaceValue > 0 {
		f.Set("faceValue", s.currency.Plain(t.FaceValue))
	}
	if t.Withdrawn {
		f.Set("withdrawn", "yes")
	}
	return f
}
