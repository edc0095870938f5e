package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"marketplace/shared/api"
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

// A form with a file is read, within its bounds, or refused.
func FuzzSent(f *testing.F) {
	part := func(name, text string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"../../a\"\r\n\r\n" + text + "\r\n"
	}
	for _, seed := range []string{
		part("file", "%PDF-") + part("title", "Aida") + "--x--", part("file", strings.Repeat("x", 3<<20)) + "--x--", part("title", strings.Repeat("x", 200_000)) + "--x--",
		part("", "") + part("file", "a") + part("file", "b") + "--x--", part("a", "unended"), "--x--", "", "--x\r\n\r\n\r\n--x--", "--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=0\r\n--x--",
		strings.Repeat(part("a", "b"), 2000) + "--x--",
	} {
		f.Add("multipart/form-data; boundary=x", seed)
	}
	f.Add("multipart/form-data", "x")
	f.Add("text/plain", "x")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest("POST", "/sell", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		got, file, err := sent(httptest.NewRecorder(), r)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.TooLarge {
				t.Fatalf("%q: %v is no refusal", body, err)
			}
			return
		}
		if len(file) > fileLimit || len(got) > mostFields || len(got.Encode()) > 6*api.BodyLimit {
			t.Fatalf("%d bytes of a file, %d fields", len(file), len(got))
		}
	})
}
