package tests

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content/contenttest"
	"marketplace/tests/stack"
)

// handover is a sold ticket on its way, as the API shows it.
type handover struct {
	OrderID, Status, Role, Reason, Report, Decision, DecidedBy, PayoutAt string
	DueAt, DeliveredAt, OpenedAt                                         time.Time
	Amount                                                               int
	Frozen                                                               bool
	Content                                                              *struct{ Type string }
	Ledger                                                               []struct{ What string }
}

func (p *person) handover(orderID string) (h handover) {
	p.t.Helper()
	if got := p.get("/api/handovers/" + orderID); got.Status == 200 {
		got.into(p.t, &h)
	}
	return h
}

// attaches sends a file for a ticket.
func (p *person) attaches(ticketID string, file []byte) answer {
	p.t.Helper()
	return p.with("PUT", "/api/contents/"+ticketID, string(file), "Content-Type", "application/octet-stream")
}

// buys holds a ticket and pays for it.
func (p *person) buys(ticketID string) order {
	p.t.Helper()
	o := p.orders(ticketID)
	require.Equal(p.t, 201, p.pays(o.ID, "tok_visa").Status)
	eventually(p.t, "it is his", func() bool { return p.order(o.ID).Status == "complete" })
	return o
}

// becomes waits until a handover is in a state, as somebody sees it.
func (p *person) becomes(orderID, status string) handover {
	p.t.Helper()
	eventually(p.t, "the handover is "+status, func() bool { return p.handover(orderID).Status == status })
	return p.handover(orderID)
}

// Listed with a file, bought, opened: the buyer gets what the seller attached, the seller sees that he did, and nobody else ever
// gets it.
func TestHandedOver(t *testing.T) {
	s := market(t)
	seller, buyer, stranger := newcomer(t, s), newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Nina Simone, with its file", "19.99")
	pdf := contenttest.PDF()
	require.Equal(t, 200, seller.attaches(offered.ID, pdf).Status)
	path := "/api/contents/" + offered.ID + "/file"
	reads := func(who *person) int { return who.get(path).Status }
	for who, name := range map[*person]string{stranger: "a stranger", buyer: "who may buy it", visitor(t, s): "nobody"} {
		assert.Equal(t, 401, reads(who), name)
		assert.Equal(t, 401, who.get("/api/contents/"+offered.ID).Status, name)
		assert.Equal(t, 401, who.attaches(offered.ID, contenttest.PNG()).Status, name)
	}
	held := buyer.orders(offered.ID)
	assert.Equal(t, 401, reads(buyer), "to hold it is not to have paid")
	require.Equal(t, 201, buyer.pays(held.ID, "tok_visa").Status)
	got := buyer.becomes(held.ID, "delivered")
	assert.Equal(t, "buyer", got.Role)
	assert.Equal(t, 1999, got.Amount)
	assert.Equal(t, "pdf", got.Content.Type)
	assert.Equal(t, 400, reads(buyer), "he opens it first")
	require.Equal(t, 200, seller.attaches(offered.ID, contenttest.PNG()).Status, "the right one, before he does")
	require.Equal(t, 200, seller.attaches(offered.ID, pdf).Status)
	for _, who := range []*person{seller, stranger, visitor(t, s)} {
		assert.Equal(t, 401, who.post("/api/handovers/"+held.ID+"/open", "").Status)
	}
	require.Equal(t, 200, buyer.post("/api/handovers/"+held.ID+"/open", "").Status)

	file := buyer.get(path)
	assert.Equal(t, 200, file.Status)
	assert.Equal(t, pdf, file.Body)
	assert.Equal(t, "application/pdf", file.Header.Get("Content-Type"))
	assert.Equal(t, []string{"nosniff"}, file.Header.Values("X-Content-Type-Options"))
	assert.Equal(t, "no-store", file.Header.Get("Cache-Control"))
	assert.Equal(t, `attachment; filename="ticket-`+offered.ID+`.pdf"`, file.Header.Get("Content-Disposition"))
	assert.Contains(t, strings.Join(file.Header.Values("Content-Security-Policy"), ", "), "sandbox")
	assert.Equal(t, 401, reads(stranger))
	assert.Equal(t, 401, reads(visitor(t, s)))
	assert.Equal(t, 400, seller.attaches(offered.ID, contenttest.PNG()).Status, "now it stays")

	seen := seller.becomes(held.ID, "opened")
	assert.Equal(t, "seller", seen.Role)
	assert.NotZero(t, seen.OpenedAt)
	assert.NotEmpty(t, seen.PayoutAt)
	assert.Equal(t, "owed", seen.Ledger[0].What)
	var sales []handover
	seller.get("/api/handovers?as=seller").into(t, &sales)
	require.Len(t, sales, 1)
	assert.Equal(t, held.ID, sales[0].OrderID)
	sales = nil
	buyer.get("/api/handovers?as=buyer").into(t, &sales)
	require.Len(t, sales, 1)
	tag := seller.get("/api/handovers/" + held.ID).Header.Get("ETag")
	assert.Equal(t, 304, seller.with("GET", "/api/handovers/"+held.ID, "", "If-None-Match", tag).Status)
	nothingInTheOpen(t, s, pdf)
}

// nothingInTheOpen looks for content in everything that the stack has written.
func nothingInTheOpen(t *testing.T, s *stack.Stack, content []byte) {
	t.Helper()
	marks := [][]byte{content[16:48], []byte("M1OPENSESAME")}
	for _, folder := range []string{".local/data", ".local/logs", ".local/nats"} {
		_ = filepath.WalkDir(filepath.Join(s.Dir, folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return nil
			}
			for _, mark := range marks {
				assert.False(t, bytes.Contains(raw, mark), "%s has content in the open", path)
			}
			return nil
		})
	}
}

// Nothing is handed over: the buyer gets his money back by himself, and both are told why. What the seller brings later is too
// late.
func TestNotHandedOver(t *testing.T) {
	s := hasty(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Handed over never", "40")
	bought := buyer.buys(offered.ID)
	buyer.becomes(bought.ID, "refunded")
	for _, side := range []*person{buyer, seller} {
		assert.Equal(t, "missed", side.becomes(bought.ID, "refunded").Reason)
	}
	assert.Equal(t, "refunded", buyer.order(bought.ID).Status)
	assert.Equal(t, 0, charges(t, s, bought.ID))
	late := seller.attaches(offered.ID, contenttest.PDF())
	assert.Equal(t, 400, late.Status)
	assert.Equal(t, "handover_over", late.code())
	assert.Equal(t, 400, buyer.post("/api/handovers/"+bought.ID+"/open", "").Status)
	assert.Equal(t, 400, buyer.get("/api/contents/"+offered.ID+"/file").Status)
	assert.Empty(t, seller.handover(bought.ID).Ledger)
}

// Later than the sale and in time: the buyer is told, and keeps it.
func TestHandedOverInTime(t *testing.T) {
	s := hasty(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Handed over in time", "40")
	bought := buyer.buys(offered.ID)
	due := buyer.becomes(bought.ID, "due")
	early := buyer.post("/api/handovers/"+bought.ID+"/open", "")
	assert.Equal(t, 400, early.Status)
	assert.Equal(t, "not_handed_over", early.code())
	require.Equal(t, 200, seller.with("PUT", "/api/contents/"+offered.ID, `{"text":"M1OPENSESAME"}`).Status)
	time.Sleep(time.Until(due.DueAt) + 3*time.Second)
	assert.Equal(t, "delivered", buyer.handover(bought.ID).Status)
	assert.Equal(t, "complete", buyer.order(bought.ID).Status)
	require.Equal(t, 200, buyer.post("/api/handovers/"+bought.ID+"/open", "").Status)
	assert.Equal(t, "M1OPENSESAME", string(buyer.get("/api/contents/"+offered.ID+"/file").Body))
	nothingInTheOpen(t, s, contenttest.PDF())
}

// It did not work: the buyer says so, nothing moves until an operator decides, for the one or for the other.
func TestReportedAndDecided(t *testing.T) {
	s := market(t)
	olga, seller, buyer := operator(t, s), newcomer(t, s), newcomer(t, s)
	reported := func(title string) (ticket, order) {
		offered := seller.sells(title, "30")
		require.Equal(t, 200, seller.attaches(offered.ID, contenttest.PKPass()).Status)
		bought := buyer.buys(offered.ID)
		buyer.becomes(bought.ID, "delivered")
		require.Equal(t, 200, buyer.post("/api/handovers/"+bought.ID+"/open", "").Status)
		assert.Equal(t, 401, seller.post("/api/handovers/"+bought.ID+"/report", `{"words":"mine"}`).Status)
		require.Equal(t, 200, buyer.post("/api/handovers/"+bought.ID+"/report", `{"words":"The door said that it was used before"}`).Status)
		h := seller.becomes(bought.ID, "reported")
		assert.True(t, h.Frozen)
		assert.Equal(t, "The door said that it was used before", h.Report)
		assert.Equal(t, 400, seller.attaches(offered.ID, contenttest.PDF()).Status, "frozen")
		var open []handover
		olga.get("/api/handovers/reports").into(t, &open)
		require.NotEmpty(t, open)
		assert.Equal(t, bought.ID, open[0].OrderID)
		return offered, bought
	}
	decide := func(who *person, o order, decision string) answer {
		return who.post("/api/handovers/"+o.ID+"/decision", `{"decision":"`+decision+`"}`)
	}
	offered, upheld := reported("Used before")
	for _, who := range []*person{buyer, seller, visitor(t, s)} {
		assert.Equal(t, 401, decide(who, upheld, "refund").Status)
		assert.Equal(t, 401, who.get("/api/handovers/reports").Status)
	}
	assert.Equal(t, 412, olga.with("POST", "/api/handovers/"+upheld.ID+"/decision", `{"decision":"refund"}`, "If-Match", `"what-he-never-read"`).Status)
	require.Equal(t, 200, decide(olga, upheld, "refund").Status)
	require.Equal(t, 200, decide(olga, upheld, "refund").Status, "twice")
	again := decide(olga, upheld, "dismiss")
	assert.Equal(t, 400, again.Status)
	assert.Equal(t, "report_closed", again.code())
	h := buyer.becomes(upheld.ID, "refunded")
	assert.Equal(t, "upheld", h.Reason)
	assert.Equal(t, "refund", h.Decision)
	assert.Empty(t, h.DecidedBy)
	assert.Equal(t, olga.whoIs(), olga.handover(upheld.ID).DecidedBy)
	eventually(t, "the money is back", func() bool { return charges(t, s, upheld.ID) == 0 })
	assert.Equal(t, 400, buyer.get("/api/contents/"+offered.ID+"/file").Status, "not his any more")
	assert.Equal(t, 200, seller.get("/api/contents/"+offered.ID+"/file").Status)

	nowhere := order{ID: offered.ID + "-NOSUCH"}
	assert.Equal(t, 404, decide(olga, nowhere, "refund").Status)
	assert.Equal(t, 401, visitor(t, s).get("/api/handovers/"+upheld.ID).Status)

	_, dismissed := reported("Said to be used before")
	require.Equal(t, 200, decide(olga, dismissed, "dismiss").Status)
	assert.Equal(t, "dismissed", seller.becomes(dismissed.ID, "dismissed").Status)
	assert.Equal(t, 1, charges(t, s, dismissed.ID))
	assert.Equal(t, "complete", buyer.order(dismissed.ID).Status)
	assert.Equal(t, 400, buyer.post("/api/handovers/"+dismissed.ID+"/report", `{"words":"still"}`).Status)
}

// whoIs is the id of who is signed in.
func (p *person) whoIs() string {
	var me struct{ CurrentUser struct{ ID string } }
	p.get("/api/users/currentuser").into(p.t, &me)
	return me.CurrentUser.ID
}

// The money for a sold ticket is returned by hand: its buyer has it no more.
func TestContentAfterARefundByHand(t *testing.T) {
	s := market(t)
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("Rained off, with its file", "40")
	require.Equal(t, 200, seller.attaches(offered.ID, contenttest.JPEG()).Status)
	bought := buyer.buys(offered.ID)
	buyer.becomes(bought.ID, "delivered")
	require.Equal(t, 200, buyer.post("/api/handovers/"+bought.ID+"/open", "").Status)
	require.Equal(t, 200, buyer.get("/api/contents/"+offered.ID+"/file").Status)
	returnMoney(t, s, bought.ID)
	buyer.becomes(bought.ID, "refunded")
	assert.Equal(t, 400, buyer.get("/api/contents/"+offered.ID+"/file").Status)
	assert.Equal(t, "cancelled", seller.handover(bought.ID).Ledger[1].What)
}

// With an output binding what sellers attach lies there, sealed, and no bit of it in the store.
func TestContentInABinding(t *testing.T) {
	s, err := launch(t.TempDir(), stack.Options{Contents: "disk"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	seller, buyer := newcomer(t, s), newcomer(t, s)
	offered := seller.sells("On the disk", "40")
	big := append([]byte("%PDF-1.7\n%"), append(make([]byte, 2<<20-len(contenttest.PDF())-10), contenttest.PDF()...)...)
	for _, file := range [][]byte{contenttest.PNG(), big} {
		require.Equal(t, 200, seller.attaches(offered.ID, file).Status)
		assert.Equal(t, file, seller.get("/api/contents/"+offered.ID+"/file").Body)
	}
	kept, err := filepath.Glob(filepath.Join(s.Dir, ".local/data/contents/*"))
	require.NoError(t, err)
	assert.Len(t, kept, 2, "what was replaced is not lost either")
	bought := buyer.buys(offered.ID)
	buyer.becomes(bought.ID, "delivered")
	require.Equal(t, 200, buyer.post("/api/handovers/"+bought.ID+"/open", "").Status)
	assert.Equal(t, big, buyer.get("/api/contents/"+offered.ID+"/file").Body)
	nothingInTheOpen(t, s, contenttest.PNG())
}

// Files as an enemy sends them: each is refused in words, and what was there stays.
func TestHostileFiles(t *testing.T) {
	s := market(t)
	seller := newcomer(t, s)
	offered := seller.sells("Attacked with files", "40")
	require.Equal(t, 200, seller.attaches(offered.ID, contenttest.PNG()).Status)
	send := func(kind string, body []byte) answer {
		return seller.with("PUT", "/api/contents/"+offered.ID, string(body), "Content-Type", kind)
	}
	for name, c := range map[string]struct {
		kind   string
		body   []byte
		status int
		says   string
	}{
		"a page as a PDF":    {"application/pdf", []byte("<!doctype html><script>alert(1)</script>"), 400, "must be a PDF"},
		"a page":             {"text/html", []byte("<script>"), 415, "Content-Type"},
		"a drawing":          {"image/svg+xml", []byte("<svg onload='alert(1)'/>"), 415, "Content-Type"},
		"two in one":         {"application/pdf", append(contenttest.PDF(), contenttest.PKPass()...), 400, "PDF is broken"},
		"a bomb":             {"application/vnd.apple.pkpass", contenttest.Bomb(), 400, "pkpass is broken"},
		"pixels":             {"image/png", contenttest.HugePNG(60_000, 60_000), 400, "pixels"},
		"a way out":          {"application/vnd.apple.pkpass", contenttest.PKPass(contenttest.Entry{Name: "../../../etc/passwd", Data: []byte("x")}), 400, "pkpass is broken"},
		"too much":           {"application/pdf", append(contenttest.PDF(), make([]byte, 2<<20)...), 413, "2048 KiB"},
		"far too much":       {"application/pdf", make([]byte, 5<<20), 413, "KiB"},
		"nothing":            {"application/pdf", nil, 400, "empty"},
		"too much text":      {"application/json", []byte(`{"text":"` + strings.Repeat("x", 70<<10) + `"}`), 413, "64 KiB"},
		"a file in a text":   {"application/json", []byte(`{"text":"\u0000\u0001"}`), 400, "printable"},
		"a form for a file":  {"multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=file; filename=../../x\r\n\r\nx\r\n--x--"), 415, "Content-Type"},
		"names in the path":  {"application/pdf", []byte("%PDF-1.7\n../../../etc/passwd"), 400, "PDF is broken"},
		"a picture of a zip": {"image/jpeg", contenttest.Zip(contenttest.Entry{Name: "x.jpg", Data: contenttest.JPEG()}), 400, "must be a PDF"},
	} {
		got := send(c.kind, c.body)
		assert.Equal(t, c.status, got.Status, "%s: %s", name, got.Body)
		assert.Contains(t, got.says(), c.says, name)
	}
	for _, path := range []string{"/api/contents/../orders", "/api/contents/%2e%2e%2forders", "/api/contents/" + offered.ID + "/file/../../x", "/api/contents/" + strings.Repeat("x", 80), "/api/contents/nosuch/file", "/api/contents/nosuch"} {
		assert.Contains(t, []int{http.StatusNotFound, http.StatusBadRequest}, seller.get(path).Status, path)
	}
	assert.Equal(t, contenttest.PNG(), seller.get("/api/contents/"+offered.ID+"/file").Body)
	tailed := send("image/png", append(contenttest.PNG(), "<script>alert(1)</script>"...))
	require.Equal(t, 200, tailed.Status)
	assert.Equal(t, contenttest.PNG(), seller.get("/api/contents/"+offered.ID+"/file").Body, "what hangs on behind is not kept")
	big := contenttest.PDF()
	big = append(bytes.Repeat([]byte("%PDF-1.7\n%"), 1), append(make([]byte, 2<<20-len(big)-10), big...)...)
	require.Len(t, big, 2<<20)
	require.Equal(t, 200, send("application/pdf", big).Status, "all that one may")
	assert.Equal(t, big, seller.get("/api/contents/"+offered.ID+"/file").Body)
}
