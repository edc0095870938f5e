package tests

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"marketplace/services/handover/content/contenttest"
)

// request is one that can be broken before it is written.
type request struct {
	method, path string
	header       []string // lines without Host, Content-Length and the like
	cookie       string
	body         string
	framing      string // what says how long the body is; "": as it should be
	chunked      bool
}

// templates are valid requests of somebody who is signed in, to what is hers, everybody's and others'.
func templates(p *person, ticketID, orderID, paidID string) []request {
	session := "session=" + p.cookie.Value
	json := []string{"Content-Type: application/json", "Accept: */*"}
	form := []string{"Content-Type: application/x-www-form-urlencoded", "Accept: text/html"}
	account := `{"email":"` + p.Email + `","password":"correct horse"}`
	var all []request
	for _, r := range []request{
		{method: "POST", path: "/api/users/signup", body: account},
		{method: "POST", path: "/api/users/signin", body: account},
		{method: "POST", path: "/api/users/signout", body: `{}`},
		{method: "GET", path: "/api/users/currentuser"},
		{method: "GET", path: "/api/users/.well-known/jwks.json"},
		{method: "GET", path: "/api/tickets?limit=5&sort=price&q=held"},
		{method: "GET", path: "/api/tickets?ids=" + ticketID},
		{method: "GET", path: "/api/tickets/mine?cursor=3"},
		{method: "GET", path: "/api/tickets/" + ticketID},
		{method: "GET", path: "/api/sales?limit=2&cursor=1"},
		{method: "GET", path: "/api/events?limit=2&q=simone&city=Montreux&from=2027-07-01&to=2027-07-31&sort=-price"},
		{method: "GET", path: "/api/tickets?limit=2&sort=date&event=A&city=Montreux&from=2027-07-01&to=2027-07-31"},
		{method: "POST", path: "/api/tickets", body: `{"title":"Hers","price":12.34}`},
		{method: "PUT", path: "/api/tickets/" + ticketID, body: `{"title":"Stolen","price":"0.75"}`},
		{method: "POST", path: "/api/orders", body: `{"ticketId":"` + ticketID + `","expectedPrice":10}`},
		{method: "GET", path: "/api/orders?limit=2&sort=new"},
		{method: "GET", path: "/api/orders/" + orderID},
		{method: "DELETE", path: "/api/orders/" + orderID},
		{method: "POST", path: "/api/payments", body: `{"orderId":"` + orderID + `","token":"tok_visa"}`},
		{method: "GET", path: "/api/payments/" + paidID},
		{method: "POST", path: "/api/payments/webhook", body: `{"id":"evt_1","type":"charge.refunded","data":{"object":{"refunded":true,"metadata":{"order_id":"` + paidID + `"}}}}`},
		{method: "GET", path: "/api/payments/cases?state=settled&limit=2"},
		{method: "POST", path: "/api/payments/cases/refund-" + paidID + "/look"},
		{method: "POST", path: "/api/payments/cases/refund-" + paidID + "/done", body: `{"words":"By hand"}`},
		{method: "GET", path: "/api/handovers?as=seller&limit=2&cursor=1"},
		{method: "GET", path: "/api/handovers/" + paidID},
		{method: "POST", path: "/api/handovers/" + paidID + "/open"},
		{method: "POST", path: "/api/handovers/" + paidID + "/report", body: `{"words":"It was used"}`},
		{method: "POST", path: "/api/handovers/" + paidID + "/decision", body: `{"decision":"refund"}`},
		{method: "GET", path: "/api/handovers/reports?limit=2"},
		{method: "GET", path: "/api/contents/" + ticketID},
		{method: "GET", path: "/api/contents/" + ticketID + "/file"},
		{method: "PUT", path: "/api/contents/" + ticketID, body: `{"text":"M1 STOLEN"}`},
		{method: "POST", path: "/internal/orders/" + orderID + "/checkout", body: `{"userId":"` + p.ID + `","checkout":"c1"}`},
		{method: "POST", path: "/internal/orders/" + orderID + "/overdue"},
		{method: "POST", path: "/events/payments", body: `{"id":"1","type":"payment.created","data":{"id":"p","version":1,"orderId":"` + orderID + `","stripeId":"pi","amount":1,"currency":"usd"}}`},
	} {
		r.header, r.cookie = json, session
		all = append(all, r)
	}
	for kind, file := range map[string][]byte{"application/pdf": contenttest.PDF(), "image/png": contenttest.PNG(), "image/jpeg": contenttest.JPEG(), "application/vnd.apple.pkpass": contenttest.PKPass()} {
		all = append(all, request{method: "PUT", path: "/api/contents/" + ticketID, body: string(file), header: []string{"Content-Type: " + kind}, cookie: session})
	}
	for _, r := range []request{
		{method: "GET", path: "/?q=held&sort=price&city=Bern&from=2027-07-01&to=2027-08-01&cursor=a&trail=b~c&page=4"},
		{method: "GET", path: "/?event=" + ticketID + "&sort=price"},
		{method: "POST", path: "/tickets/" + ticketID + "/withdraw"},
		{method: "POST", path: "/tickets/" + ticketID + "/again"},
		{method: "GET", path: "/tickets/" + ticketID},
		{method: "POST", path: "/tickets/" + ticketID + "/edit", body: "title=Stolen&price=1&date=2076-07-18&time=19:30&zone=Europe/Zurich&venue=Casino"},
		{method: "POST", path: "/sell", body: "title=Hers&price=1&key=k&date=2076-07-18&time=19:30&zone=Europe/Zurich&venue=Casino"},
		{method: "GET", path: "/orders/" + orderID},
		{method: "POST", path: "/orders/" + orderID + "/cancel"},
		{method: "POST", path: "/orders/" + orderID + "/pay", body: "token=tok_visa"},
		{method: "POST", path: "/signup", body: "email=" + p.Email + "&password=correct+horse&next=%2F"},
	} {
		r.header, r.cookie = form, session
		all = append(all, r)
	}
	return all
}

// generator breaks requests, the same ones for the same seed.
type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

// request breaks a valid request in one to three ways and writes it.
func (g generator) request(r request) []byte {
	r.header = append([]string{}, r.header...)
	for range 1 + g.IntN(3) {
		switch g.IntN(10) {
		case 0:
			r.method = g.pick("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "G ET", "P\x00ST", "", strings.Repeat("A", 5000))
		case 1, 2:
			r.path = g.path(r.path)
		case 3, 4:
			r.header = slices.Insert(r.header, g.IntN(len(r.header)+1), g.header())
		case 5:
			r.cookie = g.cookie(r.cookie)
		case 6:
			g.frame(&r)
		default:
			r.body = g.body(r.body)
		}
	}
	raw := r.write()
	if g.IntN(8) == 0 {
		raw = g.damage(raw)
	}
	return raw
}

func (r request) write() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: market.example\r\n", r.method, r.path)
	for _, line := range r.header {
		b.WriteString(line + "\r\n")
	}
	if r.cookie != "" {
		b.WriteString("Cookie: " + r.cookie + "\r\n")
	}
	body := r.body
	switch {
	case r.framing != "":
		b.WriteString(r.framing + "\r\n")
	case r.chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case body != "" || r.method == "POST" || r.method == "PUT":
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	if r.chunked && body != "" {
		half := len(body) / 2
		body = fmt.Sprintf("%x\r\n%s\r\n%x;ext=1\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n", max(half, 1), body[:max(half, 1)], len(body)-max(half, 1), body[max(half, 1):])
	} else if r.chunked {
		body = "0\r\n\r\n"
	}
	b.WriteString("Connection: close\r\n\r\n" + body)
	return b.Bytes()
}

func (g generator) path(path string) string {
	path = cmp.Or(path, "/")
	at := 1 + g.IntN(len(path))
	bare, query, _ := strings.Cut(path, "?")
	switch g.IntN(16) {
	case 0:
		return strings.ReplaceAll(bare, "/", "%2f") + "?" + query
	case 1:
		return strings.ReplaceAll(path, "/", "%252f")
	case 2:
		return path[:at] + g.pick("%00", "%", "%zz", "%ff", "\xff\xfe", "é", " ", "\t", "%0d%0aX-Injected:%201", ";a=b", "%2e%2e%2f", "..", "\\", "'", "<script>", "%c0%af", "\x00") + path[at:]
	case 3:
		return path[:at]
	case 4:
		return bare + g.pick("/", "//", "/.", "/..", "/../../events/orders", "/..%2f..%2finternal", "/checkout", "/a/b/c")
	case 5:
		return g.pick("/", "//", "*", "", "/api", "/api/", "/api/nosuch", "/API/tickets", "/api//tickets", "http://evil.example"+path, "/dapr/subscribe", "/job/settle-1", "/healthz", "/livez", "/v1.0/state/statestore/x", "/api/x/../y", "tickets", "/static/../main.go")
	case 6:
		return bare + "?" + strings.Repeat("q=nina&", 1+g.IntN(2000))
	case 7:
		return bare + "?q=" + strings.Repeat("%25", 1+g.IntN(5000))
	case 8:
		return bare + "?" + g.pick("limit=0", "limit=-1", "limit=1e9", "limit=99999999999999999999", "limit=1&limit=2", "cursor=%00", "cursor=LTEgLTEgeA", "cursor=-1", "cursor=1000000000", "sort=%27", "ids=,,,", "ids="+strings.Repeat("x,", 200), "q=%ff%fe", "a[]=1&__proto__=2", "&&&===", "q=%", ";;;")
	case 9:
		return strings.Repeat("/a", 1+g.IntN(8000))
	case 10:
		return bare[:strings.LastIndexByte(bare, '/')+1] + g.pick("-", "--", "nosuch", strings.Repeat("x", 64), strings.Repeat("x", 65), "null", "0", "%20", "a-b-c", "mine", "ANY||x", "%F0%9F%8E%AB")
	case 11:
		return strings.ToUpper(path)
	}
	return bare + "?" + query
}

func (g generator) header() string {
	return g.pick(
		"Content-Type: text/plain", "Content-Type: application/json; charset=utf-16", "Content-Type: ", "Content-Type: multipart/form-data; boundary=x", "Content-Type: application/json; a=\"",
		"Content-Encoding: gzip", "Accept: text/html", "Accept: "+strings.Repeat("a/b,", 2000), "Accept-Encoding: gzip, br", "Range: bytes=0-1", "If-None-Match: *", "If-Match: *", "If-Match: \"x\", W/\"y\"", "If-Match: \xff", "If-None-Match: "+strings.Repeat("\"x\",", 2000),
		"Host: evil.example", "X-Forwarded-For: 127.0.0.1, \x01", "X-Forwarded-For: "+strings.Repeat("1.1.1.1,", 500), "X-Forwarded-Host: evil.example", "Forwarded: for=x", "X-Http-Method-Override: DELETE",
		"Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Origin: null", "Referer: https://evil.example/\x80", "X-Request-Id: ../../x", "X-Request-Id: "+strings.Repeat("x", 4000),
		"Traceparent: 00-zz", "Tracestate: a=b", "Baggage: a=b", "Idempotency-Key: k", "Idempotency-Key: k\r\nIdempotency-Key: l", "Idempotency-Key:", "Idempotency-Key: "+strings.Repeat("k", 3000), "Idempotency-Key: \xff", "Stripe-Signature: t=1,v1=00", "Stripe-Signature: t=99999999999999999999,v1=zz",
		"dapr-app-id: orders", "dapr-api-token: guess", "dapr-caller-app-id: payments", "dapr-callee-app-id: x", "Connection: dapr-app-id, X-Request-Id", "Connection: upgrade\r\nUpgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAAA",
		"Expect: 100-continue", "Expect: the-moon", "TE: trailers", "Trailer: Content-Length", "Grpc-Timeout: 1n", "Authorization: Bearer x", "Max-Forwards: 0", "Proxy-Connection: keep-alive",
		"X-Nul: a\x00b", "X-Cr: a\rb", "X-Injected: a\r\nX-More: 1", "X-Folded: a\r\n  b", "Space : x", ": empty", "NoColon", "\xff: x", "X-Long: "+strings.Repeat("x", 1+g.IntN(60_000)), strings.TrimSuffix(strings.Repeat("X-Many: 1\r\n", 1+g.IntN(500)), "\r\n"),
	)
}

func (g generator) cookie(session string) string {
	switch g.IntN(10) {
	case 0:
		return session[:g.IntN(len(session)+1)]
	case 1:
		b := []byte(session)
		if len(b) > 0 {
			b[g.IntN(len(b))] ^= 1 << g.IntN(7)
		}
		return string(b)
	case 2:
		return strings.Repeat("a=b; ", 1+g.IntN(1000)) + session
	case 3:
		return session + "; session=x"
	case 4:
		return "session=x; " + session
	case 5:
		return "session=" + strings.Repeat("A", g.IntN(30_000))
	case 6:
		return g.pick("session=eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4IiwiZXhwIjo5OTk5OTk5OTk5fQ.", "session=..", "session", "=", ";;;", "session=\"\x01\"", "session=\xff", "session={}")
	case 7:
		return session + "\r\nCookie: " + session
	case 8: // a session in a device's place, and worse
		return session + "; device=" + g.pick(strings.TrimPrefix(session, "session="), "", "a.b.c", "\xff", strings.Repeat("A", g.IntN(30_000)))
	}
	return ""
}

func (g generator) frame(r *request) {
	n := len(r.body)
	switch g.IntN(10) {
	case 0:
		r.framing = "X-No-Length: 1"
	case 1:
		r.framing = fmt.Sprintf("Content-Length: %d", max(0, n-1-g.IntN(5)))
	case 2:
		r.framing = fmt.Sprintf("Content-Length: %d", n+1+g.IntN(100))
	case 3:
		r.framing = g.pick("Content-Length: -1", "Content-Length: x", "Content-Length: 99999999999999999999", "Content-Length: 0x10", "Content-Length: +5", "Content-Length: 10000000000", "Content-Length:")
	case 4:
		r.framing = fmt.Sprintf("Content-Length: %d\r\nContent-Length: %d", n, n+1)
	case 5:
		r.framing, r.chunked = fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked", n), true
	case 6:
		r.framing = g.pick("Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: \x0bchunked", "Transfer-Encoding: xchunked")
	case 7:
		r.framing = "Transfer-Encoding: chunked" // and a body that is not
	case 8:
		r.framing, r.body = "Transfer-Encoding: chunked", g.pick("5\r\n{}", "ffffffffffffffff\r\n{}\r\n0\r\n\r\n", "-1\r\n\r\n", "2\r\n{}0\r\n\r\n", "2\n{}\n0\n\n", "0\r\n", strings.Repeat("1\r\n \r\n", 3000)+"0\r\n\r\n", "2;"+strings.Repeat("x", 5000)+"\r\n{}\r\n0\r\n\r\n")
	default:
		r.chunked = true
	}
}

func (g generator) body(body string) string {
	at := g.IntN(len(body) + 1)
	value := g.pick(`null`, `true`, `0`, `-1`, `1e999999`, `1e-999999`, `99999999999999999999999999`, `0.1e1`, `""`, `"\u0000"`, `"\ud800"`, `"'; DROP TABLE state; --"`, `{"$gt":""}`, `[]`, `{}`, `[[[[]]]]`, `"`+strings.Repeat("x", 1+g.IntN(3000))+`"`, `"$$ROOT"`, `"../../x"`, `NaN`, `"19.999"`, `1.000000000000000000001`, "\"\xff\"")
	switch g.IntN(14) {
	case 0:
		return body[:at]
	case 1:
		b := []byte(body)
		if len(b) > 0 {
			b[g.IntN(len(b))] ^= 1 << g.IntN(8)
		}
		return string(b)
	case 2, 3, 4: // another value for one of the fields
		if parts := strings.Split(body, ":"); len(parts) > 1 {
			i := 1 + g.IntN(len(parts)-1)
			end := strings.LastIndexAny(parts[i], ",}")
			parts[i] = value + parts[i][max(end, 0):]
			return strings.Join(parts, ":")
		}
		return value
	case 5:
		return strings.Replace(body, "{", `{"title":"twice","title":"twice","ticketId":`+value+`,`, 1)
	case 6:
		return strings.Repeat(g.pick("[", `{"a":`, `{"title":`), 1+g.IntN(20_000))
	case 7:
		return strings.Replace(body, "}", fmt.Sprintf(`,%q:%s}`, g.pick("userId", "version", "__proto__", "id", "", "Title", "price\x00"), value), 1)
	case 8:
		return body[:at] + g.pick("\x00", "\xff\xfe", "\ufeff", "\r\n", "\u2028", "\x1f\x8b\x08", "\\", "\"") + body[at:]
	case 9:
		return body + body
	case 10:
		return "[" + body + "]"
	case 11:
		return g.pick("", " ", "null", "\ufeff"+body, "--x\r\n", "<xml/>", "a=b&c=%zz", "%", "title="+strings.Repeat("%00", 500))
	case 12:
		return strings.Replace(body, `"`, `"`+strings.Repeat("x", 1+g.IntN(80<<10)), 1)
	}
	return body + strings.Repeat(" ", 1+g.IntN(80<<10))
}

// damage breaks what was written, without a thought for what it means.
func (g generator) damage(raw []byte) []byte {
	at := g.IntN(len(raw))
	switch g.IntN(7) {
	case 0:
		return raw[:at]
	case 1:
		raw[at] ^= 1 << g.IntN(8)
		return raw
	case 2:
		return append(raw[:at:at], raw[min(len(raw), at+1+g.IntN(20)):]...)
	case 3:
		return bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	case 4:
		return append(append(raw[:at:at], []byte(g.pick("\x00", "\r\n", "\r\n\r\n", "\xff", "GET / HTTP/1.1\r\n"))...), raw[at:]...)
	case 5:
		return bytes.Replace(raw, []byte("HTTP/1.1"), []byte(g.pick("HTTP/1.0", "HTTP/2.0", "HTTP/9", "http/1.1", "", "HTTP/1.1 x")), 1)
	}
	return []byte(g.pick("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-x\r\n", "\r\n\r\n\r\n", "GET\r\n\r\n", strings.Repeat("\x00", 2000), "{}\n\n"))
}
