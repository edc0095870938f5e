package main

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func handedOf(status, more string) string {
	return `{"orderId":"T1-O1","version":1,"status":"` + status + `","role":"buyer","ticket":{"id":"T1","title":"Aida","price":19.99},"dueAt":"2026-03-03T12:00:00.000Z"` + more + `}`
}

const (
	aFile = `,"content":{"type":"pdf","size":9,"addedAt":"2026-03-01T11:00:00.000Z"},"deliveredAt":"2026-03-01T11:56:00.000Z","reportUntil":"2026-03-08T11:56:00.000Z"`
	seen  = `,"openedAt":"2026-03-01T11:58:00.000Z"`
)

// A bought ticket is shown as far as it has come, with what its buyer can do about it.
func TestABoughtTicketOnItsWay(t *testing.T) {
	text := strings.Replace(aFile, "pdf", "text", 1)
	for name, c := range map[string]struct {
		order, handed string
		says, not     []string
	}{
		"nobody has said yet":    {"complete", "", []string{"It is yours"}, []string{"Open the ticket"}},
		"the seller has to":      {"complete", handedOf("due", ""), []string{"On its way to you", "3 Mar 2026, 12:00 UTC", "by itself"}, []string{"Open the ticket", "It did not work"}},
		"handed over":            {"complete", handedOf("delivered", aFile), []string{"Your ticket is here", `action="/orders/T1-O1/open"`, "a PDF", "It did not work?", "The seller handed it over"}, []string{"/file"}},
		"opened":                 {"complete", handedOf("opened", aFile+seen), []string{`href="/api/contents/T1/file"`, "You opened it", `action="/orders/T1-O1/report"`}, []string{"Open the ticket"}},
		"opened, a barcode":      {"complete", handedOf("opened", text+seen), []string{"M1 &lt;b&gt;SIMONE", "<svg"}, []string{"<b>"}},
		"opened, a picture":      {"complete", handedOf("opened", strings.Replace(aFile, "pdf", "png", 1)+seen), []string{`<img class="shown" src="/api/contents/T1/file"`}, nil},
		"too late to report":     {"complete", strings.Replace(handedOf("opened", aFile+seen), "2026-03-08", "2026-02-08", 1), []string{"This gets you in"}, []string{"It did not work?"}},
		"reported":               {"complete", handedOf("reported", aFile+seen+`,"report":"<i>used</i>","reportedAt":"2026-03-01T11:59:00.000Z"`), []string{"&lt;i&gt;used", "Somebody looks at it"}, []string{"It did not work?"}},
		"turned down":            {"complete", handedOf("dismissed", aFile+seen+`,"decision":"dismiss","decidedAt":"2026-03-01T11:59:00.000Z"`), []string{"turned down", "found that the ticket was good"}, []string{"It did not work?"}},
		"missed, and on its way": {"complete", handedOf("failed", `,"reason":"missed"`), []string{"Your money goes back", "did not hand the ticket over in time"}, []string{"It is yours"}},
		"missed, and returned":   {"refunded", handedOf("refunded", `,"reason":"missed"`), []string{"Your money was returned", "did not hand the ticket over in time"}, nil},
		"decided for the buyer":  {"refunded", handedOf("refunded", aFile+seen+`,"reason":"upheld","decision":"refund","decidedAt":"2026-03-01T11:59:00.000Z"`), []string{"we decided for you"}, []string{"/file"}},
		"by hand":                {"refunded", handedOf("refunded", aFile+seen), []string{"Your money was returned"}, []string{"/file", "in time"}},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{"GET /api/orders/T1-O1": orderOf(c.order, ""), "GET /api/payments/T1-O1": `{"status":"succeeded"}`, "GET /api/contents/T1/file": "M1 <b>SIMONE"}
			if c.handed != "" {
				answers["GET /api/handovers/T1-O1"] = c.handed
			}
			s, ann := newSite(t, answers)
			got := get(t, s.page(s.order), "/orders/T1-O1", "T1-O1", ann)
			require.Equal(t, http.StatusOK, got.Code)
			for _, text := range c.says {
				assert.Contains(t, got.Body.String(), text)
			}
			for _, text := range c.not {
				assert.NotContains(t, got.Body.String(), text)
			}
		})
	}
}

// Sales stand in rows, each with what is left to do and when its money is due.
func TestSales(t *testing.T) {
	rows := []string{
		handedOf("due", ""), handedOf("delivered", aFile+`,"payoutAt":"2026-03-03T11:56:00.000Z"`), handedOf("opened", aFile+seen),
		handedOf("reported", aFile+`,"report":"<i>used</i>","frozen":true`), handedOf("dismissed", aFile), handedOf("refunded", `,"reason":"missed"`),
		handedOf("failed", `,"reason":"upheld","report":"used"`), handedOf("refunded", ""),
	}
	s, ann := newSite(t, map[string]string{"GET /api/handovers": "[" + strings.Join(rows, ",") + "]"})
	got := get(t, s.page(s.sales), "/sales", "", ann)
	require.Equal(t, http.StatusOK, got.Code)
	for _, text := range []string{"To hand over", "3 Mar 2026, 12:00 UTC", `href="/tickets/T1/content"`, "Handed over", "Your money is due", "3 Mar 2026, 11:56 UTC", "Opened", "&lt;i&gt;used", "Your money waits", "Report turned down", "not handed over in time", "It was reported", "got the money back"} {
		assert.Contains(t, got.Body.String(), text)
	}
	s, ann = newSite(t, map[string]string{"GET /api/handovers": "[]"})
	assert.Contains(t, get(t, s.page(s.sales), "/sales", "", ann).Body.String(), "You have not sold anything yet")
}

// A form with a file is passed on as its bytes; what it is called nobody looks at.
func TestAttachByForm(t *testing.T) {
	var sentAs, sent string
	s, ann := newSite(t, map[string]string{"GET /api/contents/T1": `{"ticketId":"T1","changeable":true}`, "GET /api/tickets/T1": `{"id":"T1","title":"Aida","price":1,"userId":"ann"}`})
	inner := s.api
	s.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			var body bytes.Buffer
			_, _ = body.ReadFrom(r.Body)
			sentAs, sent = r.Header.Get("Content-Type"), body.String()
			if sent == "no" {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(`{"errors":[{"message":"The file must be something else","field":"file","code":"invalid"}]}`))
				return
			}
			_, _ = w.Write([]byte(`{}`))
			return
		}
		inner.ServeHTTP(w, r)
	})
	send := func(file, text string) *httptest.ResponseRecorder {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile("file", "../../../etc/passwd")
		require.NoError(t, err)
		_, _ = part.Write([]byte(file))
		require.NoError(t, form.WriteField("text", text))
		require.NoError(t, form.Close())
		r := httptest.NewRequest(http.MethodPost, "/tickets/T1/content", &body)
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.SetPathValue("id", "T1")
		r.AddCookie(ann)
		w := httptest.NewRecorder()
		s.page(s.attach).ServeHTTP(w, r)
		return w
	}
	got := send("bytes", "")
	assert.Equal(t, http.StatusSeeOther, got.Code)
	assert.Equal(t, "/tickets/T1", got.Header().Get("Location"))
	assert.Equal(t, "bytes", sent)
	assert.Equal(t, "application/octet-stream", sentAs)
	assert.Equal(t, http.StatusSeeOther, send("", "M1 SIMONE").Code)
	assert.JSONEq(t, `{"text":"M1 SIMONE"}`, sent)

	sent = "-"
	for says, got := range map[string]*httptest.ResponseRecorder{
		"Choose a file": send("", ""), "larger than 2 MB": send(strings.Repeat("x", 3<<20), ""),
	} {
		assert.Equal(t, http.StatusBadRequest, got.Code, says)
		assert.Contains(t, got.Body.String(), says)
	}
	assert.Equal(t, "-", sent)
	assert.Equal(t, http.StatusRequestEntityTooLarge, send(strings.Repeat("x", 33<<20), "").Code)
	refused := send("no", "")
	assert.Equal(t, http.StatusBadRequest, refused.Code)
	assert.Contains(t, refused.Body.String(), `<p class="complaint" id="file-wrong">The file must be something else`)

	r := httptest.NewRequest(http.MethodPost, "/tickets/T1/content", strings.NewReader("text=x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetPathValue("id", "T1")
	r.AddCookie(ann)
	w := httptest.NewRecorder()
	s.page(s.attach).ServeHTTP(w, r)
	assert.Equal(t, http.StatusSeeOther, w.Code, "a form without a file")
	assert.JSONEq(t, `{"text":"x"}`, sent)
}

// Half of a file is none: its digest says so.
func TestHalfAFile(t *testing.T) {
	answer := func(body, digest string) error {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Digest", digest)
		_, _ = w.Write([]byte(body))
		return whole(w.Result())
	}
	const digest = "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:" // of "hello world"
	assert.NoError(t, answer("hello world", digest))
	assert.Error(t, answer("hello wor", digest))
	assert.Error(t, answer("hello world", "sha-256=:x:"))
}
