package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"marketplace/shared/fault"
)

// A form is read or refused as malformed.
func FuzzTyped(f *testing.F) {
	for _, seed := range []string{"email=ann%40example.com&password=correct+horse&next=%2F", "", "a=%zz", "a;b", "=&=&", "title=\xff&price=%00", strings.Repeat("a=b&", 5000), "a=1&a=2", "%", "key=%0d%0aX: y"} {
		f.Add("application/x-www-form-urlencoded", seed, "next=%2f&a=%zz")
	}
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--", "")
	f.Add("application/json", `{"title":"x"}`, "title=x")
	f.Add("", "", "%")
	f.Fuzz(func(t *testing.T, contentType, body, query string) {
		r := httptest.NewRequest("POST", "/sell", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", contentType)
		got, err := typed(httptest.NewRecorder(), r)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.TooLarge {
				t.Fatalf("%q: %v is no refusal", body, err)
			}
			return
		}
		_ = form{Typed: got}.Value("title")
	})
}
