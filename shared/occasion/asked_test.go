package occasion

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/fault"
)

// ask reads a body over an occasion.
func ask(t *testing.T, o Occasion, body string) (Occasion, string) {
	t.Helper()
	var asked Asked
	require.NoError(t, json.Unmarshal([]byte(body), &asked), body)
	o, wrong := asked.Over(o, "usd")
	if err := wrong.Err(); err != nil {
		var all []string
		for _, f := range wrong {
			all = append(all, f.Field+": "+f.Message)
		}
		return o, strings.Join(all, "; ")
	}
	var refusal *fault.Error
	if errors.As(o.Check(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)), &refusal) {
		return o, refusal.Fields[0].Field + ": " + refusal.Fields[0].Message
	}
	return o, ""
}

const montreux = `{"startsAt":"2027-07-18T20:00:00+02:00","zone":"Europe/Zurich","venue":" Casino ","city":"Montreux","section":"A","row":"4","seat":"12","faceValue":"85.00"}`

func TestWhatASellerWritesIsReadOrRefusedByField(t *testing.T) {
	read, refused := ask(t, Occasion{}, montreux)
	require.Empty(t, refused)
	assert.Equal(t, Occasion{StartsAt: clock.At(time.Date(2027, 7, 18, 18, 0, 0, 0, time.UTC)), Zone: "Europe/Zurich", Venue: "Casino", City: "Montreux",
		Section: "A", Row: "4", Seat: "12", FaceValue: 85_00}, read)

	const start = "startsAt: Start must be a time with its offset, such as 2027-07-18T20:00:00+02:00"
	const zone = "zone: Zone must be a name of the IANA time zone database, such as Europe/Zurich"
	for body, want := range map[string]string{
		`{}`: "",
		`{"startsAt":"","zone":null,"faceValue":"","venue":" "}`: "",
		`{"startsAt":"2027-07-18T20:00:00","zone":"UTC"}`:        start,
		`{"startsAt":"2027-07-18","zone":"UTC"}`:                 start,
		`{"startsAt":"0000-01-01T00:00:00Z","zone":"UTC"}`:       start,
		`{"startsAt":"9999-12-31T23:59:59-23:00","zone":"UTC"}`:  start,
		`{"startsAt":1,"zone":"UTC"}`:                            "startsAt: startsAt must be a string",
		`{"startsAt":"2027-07-18T20:00:00Z"}`:                    "zone: Zone is required with a start",
		`{"startsAt":"2027-01-01T01:00:00+01:00","zone":"UTC"}`:  "startsAt: The start has passed",
		`{"zone":""}`:              "",
		`{"zone":"Europe/Zurich"}`: "startsAt: Start is required with a zone",
		`{"startsAt":"2027-07-18T20:00:00Z","zone":"Europe/Atlantis"}`:         zone,
		`{"startsAt":"2027-07-18T20:00:00Z","zone":"Local"}`:                   zone,
		`{"startsAt":"2027-07-18T20:00:00Z","zone":"localtime"}`:               zone,
		`{"startsAt":"2027-07-18T20:00:00Z","zone":"posix/Europe/Zurich"}`:     zone,
		`{"startsAt":"2027-07-18T20:00:00Z","zone":"../../etc/passwd"}`:        zone,
		`{"startsAt":"2027-07-18T20:00:00Z","zone":"America/Port-au-Prince"}`:  "",
		`{"startsAt":"2027-07-18T20:00:00Z","zone":"America/Indiana/Knox"}`:    "",
		`{"startsAt":"soon","zone":"here","venue":"a\nb","city":5,"row":true}`: start + "; " + zone + "; venue: Venue must be on one line, without control characters; city: city must be a string; row: row must be a string",
		`{"seat":"` + strings.Repeat("é", 30) + `"}`:                           "",
		`{"seat":"` + strings.Repeat("é", 31) + `"}`:                           "seat: Seat must be at most 30 characters",
		`{"venue":"` + strings.Repeat("x", 121) + `"}`:                         "venue: Venue must be at most 120 characters",
		`{"faceValue":-1}`:      "faceValue: Face value must be greater than 0",
		`{"faceValue":"12,50"}`: "faceValue: Face value must be a number without commas; decimals stand behind a point, as in 19.99",
		`{"faceValue":{}}`:      "faceValue: Face value must be a number in USD, such as 25 or 19.99",
	} {
		_, refused := ask(t, Occasion{}, body)
		assert.Equal(t, want, refused, body)
	}
}

// A client that knows of no dates does not lose them.
func TestWhatIsNotNamedStays(t *testing.T) {
	was, refused := ask(t, Occasion{}, montreux)
	require.Empty(t, refused)
	for body, want := range map[string]func(*Occasion){
		`{}`:                                  func(*Occasion) {},
		`{"row":"5"}`:                         func(o *Occasion) { o.Row = "5" },
		`{"row":null,"seat":""}`:              func(o *Occasion) { o.Row, o.Seat = "", "" },
		`{"faceValue":null}`:                  func(o *Occasion) { o.FaceValue = 0 },
		`{"startsAt":"2027-07-19T18:00:00Z"}`: func(o *Occasion) { o.StartsAt = clock.At(time.Date(2027, 7, 19, 18, 0, 0, 0, time.UTC)) },
		`{"startsAt":null}`:                   func(o *Occasion) { o.StartsAt, o.Zone = clock.Time{}, "" },
	} {
		expected := was
		want(&expected)
		got, refused := ask(t, was, body)
		assert.Empty(t, refused, body)
		assert.True(t, got.Is(expected), "%s: %+v", body, got)
	}
	_, refused = ask(t, was, `{"zone":null}`)
	assert.Equal(t, "zone: Zone is required with a start", refused)
}

func TestAStartHasADayAtItsVenueAndPasses(t *testing.T) {
	o, _ := ask(t, Occasion{}, `{"startsAt":"2027-07-18T23:30:00-04:00","zone":"America/New_York"}`)
	assert.Equal(t, "2027-07-18", o.Day(), "in UTC it is the next")
	assert.False(t, o.Started(o.StartsAt.Add(-time.Millisecond)))
	assert.True(t, o.Started(o.StartsAt.Time))
	assert.Empty(t, Occasion{}.Day())
	assert.False(t, Occasion{}.Started(time.Now()), "what has no start never starts")
}
