package main

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
)

// smallest is what is worth squeezing: less fits into one packet anyhow.
const smallest = 1400

// squeeze is body as the visitor's browser takes it: in gzip when it says so.
func squeeze(w http.ResponseWriter, r *http.Request, body []byte) []byte {
	w.Header().Add("Vary", "Accept-Encoding")
	if len(body) < smallest || !takesGzip(r) {
		return body
	}
	w.Header().Set("Content-Encoding", "gzip")
	return squeezed(body)
}

func squeezed(body []byte) []byte {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	_, _ = zip.Write(body) // to memory: never fails
	_ = zip.Close()
	return out.Bytes()
}

// squeezable tells whether a page may be squeezed. From the length of what is squeezed, somebody who watches the line and has
// the page say words of his can guess what else it says (BREACH). So nothing is that has the code which proves a purchase, or
// else opens something: all below /orders, /sales, /account, /reset and /verify. Nor is a signed-in visitor's page, which has his address in
// it, when it repeats what stood in a link or a form. Forms hold no token against other sites: Sec-Fetch-Site does that.
func squeezable(r *http.Request, signedIn bool) bool {
	for _, private := range []string{"/orders", "/sales", "/account", "/reset", "/verify"} {
		if r.URL.Path == private || strings.HasPrefix(r.URL.Path, private+"/") {
			return false
		}
	}
	return !signedIn || r.URL.RawQuery == "" && r.Method != http.MethodPost
}

// takesGzip tells whether the browser can read gzip.
func takesGzip(r *http.Request) bool {
	for offer := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(offer, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight = strings.ReplaceAll(weight, " ", "")
			return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
		}
	}
	return false
}
