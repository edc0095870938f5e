package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Nobody is sent to another site, whatever stands in ?next= or in the Referer.
func FuzzLocal(f *testing.F) {
	for _, seed := range []string{"/", "/orders/T-1?done=listed#x", "", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "https:evil.example", "javascript:alert(1)", "/%2f/evil.example", "/..//evil.example", "/\t/evil.example", "/\r\nSet-Cookie: a=b", "///evil.example",
		"/a\x00b", "/?next=//evil.example", "http://market.example/orders", "http://market.example//evil.example", "http://market.example@evil.example/", "/@evil.example", "?", "#", "/%zz"} {
		f.Add(seed)
	}
	site, err := url.Parse("http://market.example/signin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		for _, to := range []string{local(next), here(&http.Request{Method: "POST", Host: "market.example", Header: http.Header{"Referer": {next}}})} {
			// As browsers read it: tabs and line ends do not count, a backslash is a slash.
			seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimLeft(to, " \x00"))
			u, err := site.Parse(seen)
			if err != nil || u.Host != site.Host || u.Scheme != "http" || !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
				t.Fatalf("%q leads to %q", next, to)
			}
		}
	})
}
