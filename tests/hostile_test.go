package tests

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
)

var (
	hostileCount = flag.Int("hostile", 4000, "how many hostile requests to send")
	hostileSeed  = flag.Uint64("hostile-seed", 1, "which ones; 0: others each time")
)

// Thousands of requests, each a valid one that was broken somewhere: every answer is a success or a refusal in the
// contract's words, nothing panics, nobody waits for ever, and what belongs to others stays as it was.
func TestHostileRequests(t *testing.T) {
	s := market(t)
	seed := *hostileSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("%d requests; again with: go test ./tests -run HostileRequests -hostile-seed %d", *hostileCount, seed)

	seller, buyer, mallory := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	held, sold := seller.sells("Held by another", "10"), seller.sells("Sold to another", "20")
	placed, bought := buyer.orders(held.ID), buyer.orders(sold.ID)
	require.Equal(t, 201, buyer.pays(bought.ID, "tok_visa").Status)
	eventually(t, "it is sold", func() bool {
		return buyer.order(bought.ID).Status == "complete" && seller.ticket(held.ID).OrderID == placed.ID && bytes.Contains(seller.get("/api/tickets/"+sold.ID).Body, []byte(`"sold":true`))
	})
	theirs := func() string {
		var all strings.Builder
		for _, look := range []struct {
			who  *person
			path string
		}{{seller, "/api/tickets/mine"}, {seller, "/api/orders"}, {seller, "/api/users/currentuser"}, {buyer, "/api/tickets/mine"}, {buyer, "/api/orders"}, {buyer, "/api/payments/" + bought.ID}, {buyer, "/api/handovers/" + bought.ID}, {seller, "/api/contents/" + held.ID}} {
			got := look.who.get(look.path)
			require.Equal(t, 200, got.Status, "%s", got.Body)
			all.Write(append(got.Body, '\n'))
		}
		return all.String()
	}
	require.Equal(t, 200, seller.attaches(held.ID, contenttest.PDF()).Status)
	buyer.becomes(bought.ID, "due")
	before := theirs()

	h := &hostile{host: strings.TrimPrefix(s.URL, "http://"), statuses: map[int]int{}}
	valid := templates(mallory, held.ID, placed.ID, bought.ID)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(*hostileCount) && h.wrong.Load() < 10; i = next.Add(1) {
				g := generator{rand.New(rand.NewPCG(seed, uint64(i)))}
				raw := g.request(valid[g.IntN(len(valid))])
				complaint := h.send(raw)
				if strings.HasPrefix(complaint, "503 ") { // a store that was too slow for once, or a request that it cannot stand?
					time.Sleep(time.Second)
					complaint = h.send(raw)
				}
				if complaint != "" {
					h.wrong.Add(1)
					t.Errorf("request %d: %s\n%.700q … %q", i, complaint, raw, raw[max(0, len(raw)-300):])
				}
			}
		})
	}
	workers.Wait()
	t.Logf("answers by status (0: no answer, to half a request; negative: net/http's own words): %v", h.statuses)
	assert.Greater(t, h.statuses[200]+h.statuses[201], *hostileCount/100, "some get through, else this tests nothing")
	assert.Greater(t, h.statuses[400], *hostileCount/20)

	assert.Equal(t, before, theirs(), "what belongs to others")
	again := visitor(t, s).post("/api/users/signin", `{"email":"`+seller.Email+`","password":"correct horse"}`)
	assert.Equal(t, 200, again.Status, "%s", again.Body)
	for _, name := range s.Names() {
		log, err := os.ReadFile(s.LogFile(name))
		require.NoError(t, err)
		assert.NotRegexp(t, `panic|superfluous response|goroutine \d+ \[`, string(log), "log of %s", name)
	}
}

// Whoever stops in the middle of a request is let go after a while.
func TestHangingRequests(t *testing.T) {
	s := market(t)
	host := strings.TrimPrefix(s.URL, "http://")
	var waiting sync.WaitGroup
	for _, begun := range []string{
		"", "GET /api/tickets HT", "GET /api/tickets HTTP/1.1\r\nHost: x\r\n",
		"POST /api/users/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"POST /api/users/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
		"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=",
	} {
		waiting.Go(func() {
			conn, err := net.Dial("tcp", host)
			if !assert.NoError(t, err) {
				return
			}
			defer conn.Close()
			_, err = io.WriteString(conn, begun)
			assert.NoError(t, err)
			assert.NoError(t, conn.SetReadDeadline(time.Now().Add(25*time.Second)))
			answer, err := io.ReadAll(conn)
			assert.NoError(t, err, "after %q nobody hangs up", begun)
			assert.NotRegexp(t, `^HTTP/1.1 5`, string(answer))
		})
	}
	waiting.Wait()
}

// hostile sends requests and judges the answers.
type hostile struct {
	host     string
	wrong    atomic.Int64
	mu       sync.Mutex
	statuses map[int]int
}

// answerLimit is how long an answer may take. Web gives a body 15 s to arrive; none of these needs it.
const answerLimit = 20 * time.Second

// send returns what is wrong with the answer, "" when nothing is.
func (h *hostile) send(raw []byte) string {
	// From an address of its own: wrong passwords from here must not slow down those of other tests.
	dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 66, 6)}}
	conn, err := dialer.Dial("tcp", h.host)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerLimit))
	req, body, wellFormed := understand(raw)
	go func() {
		_, _ = conn.Write(raw) // it may be refused before it is all sent
		if req == nil || errors.Is(body, io.ErrUnexpectedEOF) {
			_ = conn.(*net.TCPConn).CloseWrite() // nothing more will come. After a whole request this would mean "never mind".
		}
	}()
	in := bufio.NewReader(conn)
	var resp *http.Response
	for resp == nil || resp.StatusCode < 200 {
		if resp, err = http.ReadResponse(in, req); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) && !bytes.Contains(raw, []byte("\n\r\n")) && !bytes.Contains(raw, []byte("\n\n")) {
				h.count(0)
				return "" // half a request, and the caller has hung up
			}
			if !wellFormed {
				h.count(0)
				return "" // net/http has hung up on it, and what it said got lost
			}
			return "no answer: " + err.Error()
		}
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil && wellFormed && resp.StatusCode < 400 { // with a refusal the server may hang up on what it has not read
		return "the answer breaks off: " + err.Error()
	}
	if resp.Header.Get("X-Request-Id") == "" {
		h.count(-resp.StatusCode)
		return ownWords(resp.StatusCode, req, raw, wellFormed)
	}
	h.count(resp.StatusCode)
	return fair(resp, req, said)
}

func (h *hostile) count(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses[status]++
}

// fair says what is wrong with an answer of ours.
func fair(resp *http.Response, req *http.Request, said []byte) string {
	what := strconv.Itoa(resp.StatusCode) + " " + string(said[:min(len(said), 300)])
	switch {
	case resp.StatusCode >= 500:
		return what
	case !strings.HasPrefix(req.URL.Path, "/api/") || resp.StatusCode < 300 || req.Method == "HEAD":
		return "" // a page may also lead elsewhere
	case resp.StatusCode == http.StatusNotModified && req.Header.Get("If-None-Match") != "":
		return ""
	case resp.StatusCode < 400:
		return "neither success nor refusal: " + what
	}
	got := answer{Status: resp.StatusCode, Body: said}
	if strings.HasPrefix(got.says(), "not an error body") || got.says() == "" { // that each has a code, too
		return "not in the contract's words: " + what
	}
	return ""
}

// ownWords says whether net/http, which answers in plain text and without our headers, had to answer by itself. It does
// so before any handler runs and cannot be told how: that is accepted for what is not HTTP, for a head over the limit of
// 32 KiB (431), for what this HTTP does not speak (501 to an unknown transfer encoding, 505 to another version) and for an
// Expect that is not 100-continue (417). OPTIONS * is the one question that it answers.
func ownWords(status int, req *http.Request, raw []byte, wellFormed bool) string {
	switch status {
	case http.StatusOK:
		if req != nil && req.Method == "OPTIONS" && req.RequestURI == "*" {
			return ""
		}
	case http.StatusRequestHeaderFieldsTooLarge:
		if len(raw) > 32<<10 {
			return ""
		}
	case http.StatusExpectationFailed:
		if req != nil && req.Header.Get("Expect") != "" {
			return ""
		}
	case http.StatusBadRequest, http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		if !wellFormed {
			return ""
		}
	}
	return "net/http answers " + strconv.Itoa(status) + " to what looks like HTTP"
}

var (
	headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	hostName   = regexp.MustCompile(`^[!$%&'()*+,.:;=\[\]_~0-9A-Za-z-]+$`)
)

// understand reads a request as a strict server does. body is what reading its body ends with.
func understand(raw []byte) (req *http.Request, body error, wellFormed bool) {
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, nil, false
	}
	_, body = io.ReadAll(req.Body)
	wellFormed = req.ProtoMajor == 1 && hostName.MatchString(req.Host) && req.Method != "CONNECT"
	wellFormed = wellFormed && strings.Count(strings.ToLower(string(raw)), "\nhost:") == 1
	for name, values := range req.Header {
		bad := func(v string) bool {
			return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
		}
		wellFormed = wellFormed && headerName.MatchString(name) && !slices.ContainsFunc(values, bad)
	}
	return req, body, wellFormed
}
