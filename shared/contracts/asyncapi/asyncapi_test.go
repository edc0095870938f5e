package asyncapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/shared/clock"
	"marketplace/shared/events"
	"marketplace/shared/fault"
	"marketplace/shared/money"
)

var update = flag.Bool("update", false, "write down what asyncapi.yaml promises now: others rely on it from then on")

const testdata = "../testdata"

func read(t *testing.T) *Document {
	t.Helper()
	d, err := Read("../asyncapi.yaml")
	require.NoError(t, err)
	return d
}

// breaks is the sentence for whoever has broken something.
func breaks(topic, kind, what string) string {
	return fmt.Sprintf("%s: %s: breaks %s", kind, what, strings.Join(events.Hearers(topic), ", "))
}

// What was promised stays: in the document and in what the code writes. More fields and more values are welcome.
func TestNoPromiseIsBroken(t *testing.T) {
	d, file := read(t), filepath.Join(testdata, "promises.json")
	if *update {
		text, err := json.MarshalIndent(d.promises(), "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(text, '\n'), 0o644))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var promised map[string]map[string]Field
	require.NoError(t, json.Unmarshal(text, &promised))
	for _, p := range events.Payloads() {
		written := fields(t, p)
		for path, f := range written { // whether a field may be missing depends on the type of event: the document says it
			f.Always = true
			written[path] = f
		}
		for _, kind := range p.Types() {
			require.NotEmpty(t, promised[kind], "nothing is promised of %s yet: go test ./shared/contracts/... -update", kind)
			said := Breaks(promised[kind], d.messages[kind].fields)
			said = append(said, Breaks(promised[kind], written)...)
			slices.Sort(said)
			for _, what := range slices.Compact(said) {
				t.Error(breaks(p.Topic(), kind, what))
			}
		}
		for kind := range promised {
			topic, _, _ := strings.Cut(kind, ".")
			if topic+"s" == p.Topic() && !slices.Contains(p.Types(), kind) {
				t.Error(breaks(p.Topic(), kind, "is gone"))
			}
		}
	}
	if !t.Failed() && !reflect.DeepEqual(promised, d.promises()) {
		t.Log("asyncapi.yaml promises more than before; once that is released: go test ./shared/contracts/... -update")
	}
}

func (d *Document) promises() map[string]map[string]Field {
	all := map[string]map[string]Field{}
	for kind, m := range d.messages {
		all[kind] = m.fields
	}
	return all
}

// Comparing finds each way of breaking a promise and no other change.
func TestBreaks(t *testing.T) {
	was := map[string]Field{
		"status":       {Type: "string", Always: true, Values: []string{"created", "complete"}},
		"ticket":       {Type: "object", Always: true},
		"ticket.price": {Type: "number", Always: true},
		"reason":       {Type: "string"},
	}
	for name, c := range map[string]struct {
		change func(map[string]Field)
		says   []string
	}{
		"nothing":         {func(map[string]Field) {}, nil},
		"one more":        {func(m map[string]Field) { m["ticket.row"] = Field{Type: "string"} }, nil},
		"one more value":  {func(m map[string]Field) { m["status"] = Field{"string", true, []string{"created", "held", "complete"}} }, nil},
		"always there":    {func(m map[string]Field) { m["reason"] = Field{Type: "string", Always: true} }, nil},
		"narrower number": {func(m map[string]Field) { m["ticket.price"] = Field{Type: "integer", Always: true} }, nil},
		"gone":            {func(m map[string]Field) { delete(m, "reason") }, []string{"reason is gone"}},
		"renamed":         {func(m map[string]Field) { m["why"] = m["reason"]; delete(m, "reason") }, []string{"reason is gone"}},
		"another type":    {func(m map[string]Field) { m["ticket.price"] = Field{Type: "string", Always: true} }, []string{"ticket.price changed from number to string"}},
		"may be missing":  {func(m map[string]Field) { m["ticket.price"] = Field{Type: "number"} }, []string{"ticket.price may be missing now"}},
		"one value less":  {func(m map[string]Field) { m["status"] = Field{"string", true, []string{"created"}} }, []string{`status can no longer be "complete"`}},
	} {
		t.Run(name, func(t *testing.T) {
			is := maps.Clone(was)
			c.change(is)
			assert.Equal(t, c.says, Breaks(was, is))
		})
	}
	assert.Equal(t, "order.created: ticket.price changed from number to string: breaks tickets, payments, expiration, handover, mail, web",
		breaks(events.OrdersTopic, "order.created", "ticket.price changed from number to string"))
}

// The document's payloads and the code's have the same fields, of the same types, missing under the same conditions.
func TestSchemasAreTheStructs(t *testing.T) {
	d := read(t)
	for _, p := range events.Payloads() {
		name := reflect.TypeOf(p).Elem().Name()
		described := map[string]Field{}
		d.flatten("", d.resolve("#/components/schemas/"+name), described)
		delete(described, "")
		for path, f := range described {
			f.Values = nil
			described[path] = f
		}
		assert.Equal(t, fields(t, p), described, "schema %s of asyncapi.yaml and events.%s", name, name)
		assert.ElementsMatch(t, p.Types(), d.Types(p.Topic()), p.Topic())
	}
}

// An example of each event is one by the document, and is read and written by the code as it is. Together they show every field.
func TestExamples(t *testing.T) {
	d := read(t)
	for _, p := range events.Payloads() {
		shown := map[string]Field{}
		for _, kind := range p.Types() {
			body, err := os.ReadFile(filepath.Join(testdata, kind+".json"))
			require.NoError(t, err)
			assert.NoError(t, d.Check(p.Topic(), body))
			e, err := events.Open(body)
			require.NoError(t, err)
			payload := reflect.New(reflect.TypeOf(p).Elem()).Interface().(events.Payload)
			if !assert.NoError(t, events.Read(e, payload)) {
				continue
			}
			again := events.New(payload)
			assert.Equal(t, events.Event{ID: again.ID, Type: e.Type, Topic: e.Topic, Subject: e.Subject, Data: again.Data}, again)
			assert.True(t, e.ID == again.ID || kind == events.ExpirationComplete && strings.HasPrefix(e.ID, again.ID+"/"), e.ID)
			assert.JSONEq(t, string(e.Data), string(again.Data), kind)
			fieldsOf("", decode(t, e.Data), shown)
		}
		for path := range fields(t, p) {
			assert.Contains(t, shown, path, "no example of %s shows it", p.Topic())
		}
	}
}

// What a handler of another make must not be sent, and what it may be.
func TestCheck(t *testing.T) {
	d := read(t)
	good, err := os.ReadFile(filepath.Join(testdata, "order.cancelled.json"))
	require.NoError(t, err)
	require.NoError(t, d.Check(events.OrdersTopic, good))
	for name, c := range map[string]struct{ from, to, says string }{
		"another type":     {`"price": 19.99`, `"price": "19.99"`, "got string, want number"},
		"a field missing":  {`"saleVersion": 2,`, ``, "missing property 'saleVersion'"},
		"a strange status": {`"status": "cancelled"`, `"status": "gone"`, "value must be"},
		"no word of ours":  {`"reason": "expired"`, `"reason": "because"`, "value must be one of"},
		"an unknown field": {`"reason"`, `"code": "X", "reason"`, "does not know its code"},
		"another's":        {`"source": "orders"`, `"source": "tickets"`, `only ["orders"] publishes`},
		"another id":       {`"id": "order.cancelled/`, `"id": "order.created/`, "does not match pattern"},
		"no milliseconds":  {`:15:00.000Z`, `:15:00Z`, "does not match pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Replace(good, []byte(c.from), []byte(c.to), 1)
			require.NotEqual(t, string(good), string(bad))
			assert.ErrorContains(t, d.Check(events.OrdersTopic, bad), c.says)
		})
	}
	assert.ErrorContains(t, d.Check(events.TicketsTopic, good), "knows no order.cancelled on topic tickets")
}

func TestTopicsAndServices(t *testing.T) {
	d := read(t)
	var topics []string
	for address, channel := range d.channels() {
		if strings.HasPrefix(address, "job/") {
			continue
		}
		for _, service := range list(object(object(channel["parameters"])["service"])["enum"]) {
			topics = append(topics, strings.ReplaceAll(address, "{service}", service.(string)))
		}
		if !strings.Contains(address, "{") {
			topics = append(topics, address)
		}
	}
	assert.ElementsMatch(t, events.Topics(), topics)
	for _, topic := range events.Topics() {
		if events.IsOutbox(topic) {
			continue // a service's with itself
		}
		assert.ElementsMatch(t, events.Subscribers(topic), d.services("receive", topic, "service"), topic)
		assert.ElementsMatch(t, events.Listeners(topic), d.services("receive", topic, "replica"), topic)
	}
}

// What the document and README.md say of errors is what shared/fault does.
func TestAnswers(t *testing.T) {
	names := map[fault.Kind]string{
		fault.Internal: "internal", fault.Invalid: "invalid", fault.Refused: "refused", fault.Unauthenticated: "unauthenticated",
		fault.Forbidden: "forbidden", fault.NotFound: "not found", fault.Early: "early", fault.TooLarge: "too large",
		fault.NotJSON: "not json", fault.Restricted: "restricted", fault.TooMany: "too many", fault.Unavailable: "unavailable",
		fault.MethodNotAllowed: "method not allowed", fault.Conflict: "conflict", fault.PreconditionFailed: "precondition failed",
	}
	broker, people := map[string]string{"none": "SUCCESS", "of another type": "SUCCESS"}, map[string]string{}
	for kind := fault.Kind(0); fault.Status(fault.New(kind, "x")) != 0; kind++ {
		require.NotEmpty(t, names[kind], "asyncapi.yaml and README.md say nothing of kind %d", kind)
		err := fault.New(kind, "x")
		broker[names[kind]] = string(fault.OutcomeOf(err))
		if fault.OutcomeOf(err) == fault.Retry {
			broker[names[kind]] += " " + map[time.Duration]string{fault.Endless: "endless", 2 * time.Minute: "2m", 10 * time.Second: "10s"}[fault.PatienceWith(err)]
		}
		people[names[kind]] = strconv.Itoa(fault.Status(err))
	}
	said := map[string]string{}
	for _, a := range list(read(t).root["x-answers"]) {
		hold, _ := object(a)["hold"].(string)
		said[object(a)["error"].(string)] = strings.TrimSpace(object(a)["outcome"].(string) + " " + hold)
	}
	assert.Equal(t, broker, said, "x-answers of asyncapi.yaml")

	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	delete(broker, "none")
	delete(broker, "of another type")
	saidBroker, saidPeople := map[string]string{}, map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([a-zA-Z, ]+) \| (\d[^|]*) \| ([A-Z][^|]*) \|`).FindAllStringSubmatch(string(text), -1) {
		statuses := regexp.MustCompile(`\d+`).FindAllString(row[2], -1)
		for i, kind := range strings.Split(strings.ToLower(row[1]), ", ") {
			saidPeople[kind] = statuses[min(i, len(statuses)-1)]
			saidBroker[kind] = strings.NewReplacer(",", "", " min", "m", " s", "s").Replace(row[3])
		}
	}
	assert.Equal(t, broker, saidBroker, "the table in README.md")
	assert.Equal(t, people, saidPeople, "the table in README.md")
}

// The beginning of each job's name is written once, as a constant of the service that sets it.
func TestEveryJobIsDescribed(t *testing.T) {
	files, err := filepath.Glob("../../../services/*/*.go")
	require.NoError(t, err)
	var set []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`\b\w+Prefix\s+= "([a-z]+-)"`).FindAllSubmatch(text, -1) {
			set = append(set, string(found[1]))
		}
	}
	var described []string
	for address := range read(t).channels() {
		if name, job := strings.CutPrefix(address, "job/"); job {
			described = append(described, name[:strings.IndexByte(name, '{')])
		}
	}
	assert.NotEmpty(t, set)
	assert.ElementsMatch(t, set, described)
}

// fields is what the code writes of a payload: every field that there is, and Always for those it never leaves out.
func fields(t *testing.T, p events.Payload) map[string]Field {
	t.Helper()
	empty := reflect.New(reflect.TypeOf(p).Elem())
	full := reflect.New(reflect.TypeOf(p).Elem())
	fill(full.Elem())
	there, always := map[string]Field{}, map[string]Field{}
	for value, into := range map[any]map[string]Field{empty.Interface(): always, full.Interface(): there} {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		fieldsOf("", decode(t, text), into)
	}
	for path := range always {
		f := there[path]
		f.Always = true
		there[path] = f
	}
	return there
}

// fill leaves no field of v empty.
func fill(v reflect.Value) {
	switch value := v.Addr().Interface().(type) {
	case *money.Amount:
		*value = 19_99
		return
	case *clock.Time:
		*value = clock.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	default:
		panic("how is a " + v.Type().String() + " filled?")
	}
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return value
}
