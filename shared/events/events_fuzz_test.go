package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"marketplace/shared/fault"
)

// A delivery is read as what it is or refused as malformed, for no payload ever as a fault of ours. What was read can be
// published again and is then the same.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"id":"ticket.updated/T/1","type":"ticket.updated","subject":"T","topic":"tickets","specversion":"1.0","data":{"id":"T","version":1,"title":"Nina Simone","price":19.99,"userId":"u","createdAt":"2026-01-01T00:00:00.000Z"}}`,
		`{"id":"1","type":"ticket.created","data":{"id":"T","version":0,"title":"x","price":"15","userId":"u","unknown":{"a":[1]}}}`,
		`{"id":"2","type":"order.created","data":{"id":"T-1","version":0,"saleVersion":1,"status":"created","userId":"u","placedAt":"2026-01-01T00:00:00.000Z","expiresAt":"2026-01-01T00:15:00.000Z","ticket":{"id":"T","title":"x","price":1,"version":0}}}`,
		`{"id":"3","type":"order.updated","data":{"id":"T-1","version":2,"saleVersion":3,"status":"awaiting:payment","userId":"u","expiresAt":"9999-12-31T23:59:59.999Z","ticket":{"id":"T","price":1}}}`,
		`{"id":"4","type":"order.cancelled","data":{"id":"T-1","version":1,"saleVersion":2,"status":"cancelled","userId":"u","expiresAt":"0001-01-01T00:00:01Z","reason":"expired","ticket":{"id":"T","price":1e3}}}`,
		`{"id":"5","type":"order.completed","data":{"id":"T-1","version":1,"saleVersion":2,"status":"complete","userId":"u","expiresAt":"2026-01-01T00:00:00+23:59","ticket":{"id":"T","price":1}}}`,
		`{"id":"6","type":"payment.created","data":{"id":"p","version":1,"orderId":"T-1","stripeId":"pi_1","amount":1999,"currency":"usd"}}`,
		`{"id":"7","type":"payment.refunded","data":{"id":"p","version":2,"orderId":"T-1","stripeId":"pi_1","amount":9223372036854775807,"currency":"usd","refunded":true}}`,
		`{"id":"8","type":"expiration.complete","data":{"orderId":"T-1","expiresAt":"2026-01-01T00:00:00.001Z"}}`,
		`{"id":"9","type":"ticket.created","data":null}`, `{"id":"10","type":"ticket.created"}`, `{"id":"11","type":"ticket.created","data":{"price":null}}`,
		`{"id":"12","type":"ticket.created","data":{"version":1e400}}`, `{"id":12,"type":["x"]}`, `{"type":"x"}`, `{}`, `[]`, `null`, `"x"`, ``, `{`, "\xff",
		`{"id":"13","type":"payment.created","data_base64":"eyJpZCI6InAifQ=="}`, `{"id":"a","id":"b","type":"ticket.created","type":"order.created","data":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := Open(body)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%q: %v is no refusal", body, err)
			}
			return
		}
		if e.ID == "" || e.Type == "" {
			t.Fatalf("%q: opened without id or type", body)
		}
		for _, p := range []Payload{&Ticket{}, &Order{}, &Payment{}, &Expiration{}} {
			err := Read(e, p)
			if err != nil {
				if !errors.Is(err, ErrOtherType) && fault.KindOf(err) != fault.Invalid {
					t.Fatalf("%q as %T: %v is no refusal", body, p, err)
				}
				continue
			}
			same(t, p)
		}
	})
}

// same checks that p, published, arrives as it was.
func same(t *testing.T, p Payload) {
	t.Helper()
	out := New(p)
	again := reflect.New(reflect.TypeOf(p).Elem()).Interface().(Payload)
	if err := Read(Envelope{ID: out.ID, Type: out.Type, Data: out.Data}, again); err != nil {
		t.Fatalf("%s was read, but not once it was published: %v", out.Data, err)
	}
	data, err := json.Marshal(again)
	if err != nil || !bytes.Equal(data, out.Data) {
		t.Fatalf("%s became %s, %v", out.Data, data, err)
	}
	if twice := New(again); twice.ID != out.ID || twice.Subject != out.Subject || twice.Topic != out.Topic {
		t.Fatalf("%s became %s", out.ID, twice.ID)
	}
}
