package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content"
	"marketplace/services/handover/content/contenttest"
	"marketplace/shared/events"
	"marketplace/shared/fault"
)

// Listed with a file, bought, opened: the seller sees it opened, and nobody else ever saw the file.
func TestFromSellerToBuyer(t *testing.T) {
	m := selling(t, false)
	pdf := contenttest.PDF()
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", pdf).Code)
	read := func(user string) *httptest.ResponseRecorder { return m.ask(t, user, "GET", "/api/contents/T/file", "") }
	assert.Equal(t, pdf, read("ann").Body.Bytes(), "her own")
	for _, stranger := range []string{"", "bob", "eve", "olga"} {
		assert.Equal(t, http.StatusUnauthorized, read(stranger).Code, "%s, and nobody has bought it", stranger)
	}
	assert.Equal(t, fault.Done, m.hears(t, order(events.StatusCreated)))
	assert.Equal(t, http.StatusUnauthorized, read("bob").Code, "to hold it is not to have paid")
	assert.Equal(t, fault.Done, m.hears(t, order(events.StatusComplete)))
	assert.Equal(t, []string{events.HandoverDelivered}, m.told(), "handed over at once")
	assert.Empty(t, m.sidecar.Jobs())
	assert.Equal(t, http.StatusBadRequest, read("bob").Code, "he has to open it, so that she learns of it")

	for _, stranger := range []string{"", "ann", "eve", "olga"} {
		assert.Equal(t, http.StatusUnauthorized, m.ask(t, stranger, "POST", "/api/handovers/T-1/open", "").Code, stranger)
	}
	m.clock = noon.Add(time.Hour)
	for range 2 {
		require.Equal(t, http.StatusOK, m.ask(t, "bob", "POST", "/api/handovers/T-1/open", "").Code)
	}
	got := read("bob")
	assert.Equal(t, pdf, got.Body.Bytes())
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Content-Disposition": `attachment; filename="ticket-T.pdf"`, "Content-Security-Policy": "sandbox; default-src 'none'",
	} {
		assert.Equal(t, want, got.Header().Get(name), name)
	}
	for _, stranger := range []string{"", "eve", "olga"} {
		assert.Equal(t, http.StatusUnauthorized, read(stranger).Code, stranger)
		assert.Equal(t, http.StatusUnauthorized, m.ask(t, stranger, "GET", "/api/contents/T", "").Code, stranger)
	}
	assert.Equal(t, []string{events.HandoverDelivered, events.HandoverOpened}, m.told())
	for _, side := range []string{"ann", "bob"} {
		v := m.seen(t, side)
		assert.Equal(t, "2026-05-01T13:00:00.000Z", v.OpenedAt.String(), side)
		assert.Equal(t, content.PDF, v.Content.Type)
		assert.EqualValues(t, 1999, v.Amount)
	}
	for _, key := range m.sidecar.Keys() {
		item, err := m.sidecar.Load(t.Context(), key)
		require.NoError(t, err)
		assert.NotContains(t, string(item.Value), "MediaBox", "%s is sealed", key)
	}
}

// A seller may attach before any event of his ticket has come: whose it is tickets says, and nobody else.
func TestATicketThatNoEventToldOf(t *testing.T) {
	m := newMarket(t)
	assert.Equal(t, http.StatusNotFound, m.attaches(t, "ann", contenttest.PNG()).Code)
	m.tickets["T"] = `{"id":"T","version":3,"title":"Chess","price":19.99,"userId":"ann","startsAt":"2026-05-02T12:00:00.000Z","venue":"Hall"}`
	assert.Equal(t, http.StatusUnauthorized, m.attaches(t, "eve", contenttest.PNG()).Code)
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PNG()).Code)
	h, err := m.handovers.Get(t.Context(), "T")
	require.NoError(t, err)
	assert.Equal(t, "Hall", h.Ticket.Venue)
	assert.EqualValues(t, 3, h.Ticket.Version)
}

func TestBarcodes(t *testing.T) {
	m := selling(t, false)
	require.Equal(t, http.StatusOK, m.ask(t, "ann", "PUT", "/api/contents/T", `{"text":" M1SIMONE 42 "}`).Code)
	got := m.ask(t, "ann", "GET", "/api/contents/T/file", "")
	assert.Equal(t, "M1SIMONE 42", got.Body.String())
	assert.Equal(t, "text/plain; charset=utf-8", got.Header().Get("Content-Type"))
	assert.Equal(t, `attachment; filename="ticket-T.txt"`, got.Header().Get("Content-Disposition"))
}

// What is no ticket is refused in words, names the field, and changes nothing.
func TestFilesThatAreRefused(t *testing.T) {
	m := selling(t, false)
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.JPEG()).Code)
	before := m.ask(t, "ann", "GET", "/api/contents/T", "").Body.String()
	keys := len(m.sidecar.Keys())
	for name, c := range map[string]struct {
		kind, body    string
		status        int
		field, refers string
	}{
		"a page":                       {"application/pdf", "<!doctype html><script>alert(1)</script>", 400, "file", "must be a PDF"},
		"a page that says it is one":   {"text/html", "<script>", 415, "", "Content-Type"},
		"a drawing":                    {"image/svg+xml", "<svg/>", 415, "", "Content-Type"},
		"no type":                      {"x", "x", 415, "", "Content-Type"},
		"a form":                       {"multipart/form-data; boundary=x", "--x--", 415, "", "Content-Type"},
		"nothing":                      {"application/pdf", "", 400, "file", "empty"},
		"a bomb":                       {"application/vnd.apple.pkpass", string(contenttest.Bomb()), 400, "file", "broken"},
		"pixels":                       {"image/png", string(contenttest.HugePNG(30000, 30000)), 400, "file", "pixels"},
		"too much":                     {"application/pdf", string(append(contenttest.PDF(), make([]byte, content.Largest)...)), 413, "", "2048 KiB"},
		"no text":                      {"application/json", `{}`, 400, "text", "missing"},
		"a text that is a list":        {"application/json", `{"text":["x"]}`, 400, "text", "must be a string"},
		"a text with more beside it":   {"application/json", `{"text":"x","name":"../../x"}`, 400, "name", "Unknown field"},
		"a text of two lines":          {"application/json", `{"text":"a\nb"}`, 400, "text", "one line"},
		"a text with nothing to print": {"application/json", `{"text":"\u0000"}`, 400, "text", "one line"},
		"a text without an end":        {"application/json", `{"text":"` + strings.Repeat("x", 1001) + `"}`, 400, "text", "1000"},
		"half a text":                  {"application/json", `{"text":"`, 400, "", "JSON"},
	} {
		r := httptest.NewRequest("PUT", "/api/contents/T", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		w := m.as(t, "ann", r)
		field, words, _ := says(w)
		assert.Equal(t, c.status, w.Code, "%s: %s", name, w.Body)
		assert.Equal(t, c.field, field, name)
		assert.Contains(t, words, c.refers, name)
	}
	assert.Equal(t, before, m.ask(t, "ann", "GET", "/api/contents/T", "").Body.String())
	assert.Len(t, m.sidecar.Keys(), keys)
}

// Until the buyer has opened it the seller may put something else there, and then not.
func TestReplacing(t *testing.T) {
	m := selling(t, true)
	assert.Equal(t, []string{events.HandoverDue}, m.told())
	assert.Contains(t, m.sidecar.Jobs(), "due-T-1")
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.JPEG()).Code)
	assert.NotContains(t, m.sidecar.Jobs(), "due-T-1")
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PNG()).Code)
	assert.Equal(t, []string{events.HandoverDue, events.HandoverDelivered}, m.told(), "told once")
	require.Equal(t, http.StatusOK, m.ask(t, "bob", "POST", "/api/handovers/T-1/open", "").Code)
	late := m.attaches(t, "ann", contenttest.PDF())
	_, _, code := says(late)
	assert.Equal(t, http.StatusBadRequest, late.Code)
	assert.Equal(t, "handover_fixed", code)
	assert.Equal(t, contenttest.PNG(), m.ask(t, "bob", "GET", "/api/contents/T/file", "").Body.Bytes())
	assert.Contains(t, m.ask(t, "ann", "GET", "/api/contents/T", "").Body.String(), `"changeable":false`)
}

// What is in the store for one ticket is of no use for another, nor for who changes it.
func TestWhatIsSealedStaysWithItsTicket(t *testing.T) {
	m := selling(t, false)
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PDF()).Code)
	h, err := m.handovers.Get(t.Context(), "T")
	require.NoError(t, err)
	_, err = m.vault.get(t.Context(), "U", *h.Content)
	assert.Error(t, err)
	assert.Equal(t, fault.Internal, fault.KindOf(err))
	item, err := m.sidecar.Load(t.Context(), place(*h.Content))
	require.NoError(t, err)
	require.NoError(t, m.sidecar.Save(t.Context(), place(*h.Content), append(item.Value[:len(item.Value)-4], "AAAA"...), item.ETag, 0))
	assert.Equal(t, http.StatusInternalServerError, m.ask(t, "ann", "GET", "/api/contents/T/file", "").Code)
}

// With a binding, files go there, and those from before are still found.
func TestContentInABinding(t *testing.T) {
	m := selling(t, false)
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PDF()).Code)
	old, err := m.handovers.Get(t.Context(), "T")
	require.NoError(t, err)
	m.vault.binding = "contents"
	assert.Equal(t, contenttest.PDF(), m.ask(t, "ann", "GET", "/api/contents/T/file", "").Body.Bytes(), "in the store, where it was")
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PNG()).Code)
	require.Len(t, m.files, 1)
	for name, sealed := range m.files {
		assert.NotEqual(t, "contents/"+old.Content.ID, name)
		assert.False(t, bytes.Contains(sealed, contenttest.PNG()))
	}
	m.vault.binding = ""
	assert.Equal(t, contenttest.PNG(), m.ask(t, "ann", "GET", "/api/contents/T/file", "").Body.Bytes())
	clear(m.files)
	assert.Equal(t, http.StatusServiceUnavailable, m.ask(t, "ann", "GET", "/api/contents/T/file", "").Code)
}

// Killed at any call, with that call done or not: what is said to be attached is there, and everybody is told of it.
func TestAttachKilledAnywhere(t *testing.T) {
	for calls := range 9 {
		for _, effective := range []bool{false, true} {
			m := selling(t, true)
			m.sidecar.DieAfter(calls, effective)
			r := httptest.NewRequest("PUT", "/api/contents/T", bytes.NewReader(contenttest.PDF()))
			r.Header.Set("Content-Type", "application/pdf")
			ctx, cancel := shortly()
			answered := m.as(t, "ann", r.WithContext(ctx)).Code
			cancel()
			m.sidecar.Revive()
			m = afterDeath(t, m)
			h, err := m.handovers.Get(t.Context(), "T")
			require.NoError(t, err)
			if answered == http.StatusOK {
				require.NotNil(t, h.Content, "it was answered")
			}
			if h.Content == nil {
				assert.Equal(t, []string{events.HandoverDue}, m.told())
				continue
			}
			assert.Equal(t, contenttest.PDF(), m.ask(t, "ann", "GET", "/api/contents/T/file", "").Body.Bytes(), "after %d calls, %v", calls, effective)
			assert.Equal(t, []string{events.HandoverDue, events.HandoverDelivered}, m.told(), "after %d calls, %v", calls, effective)
		}
	}
}

// What the seller and the buyer are shown has no word of the other's that is not for them.
func TestWhoSeesWhat(t *testing.T) {
	m := selling(t, true)
	require.Equal(t, http.StatusOK, m.attaches(t, "ann", contenttest.PDF()).Code)
	fields := func(user string) map[string]any {
		var v map[string]any
		require.NoError(t, json.Unmarshal(m.ask(t, user, "GET", "/api/handovers/T-1", "").Body.Bytes(), &v))
		return v
	}
	assert.NotContains(t, fields("ann"), "buyerId")
	assert.Contains(t, fields("ann"), "ledger")
	assert.NotContains(t, fields("bob"), "payoutAt")
	assert.NotContains(t, fields("bob"), "ledger")
	assert.Equal(t, "operator", fields("olga")["role"])
	assert.Equal(t, http.StatusUnauthorized, m.ask(t, "eve", "GET", "/api/handovers/T-1", "").Code)
	assert.Equal(t, http.StatusNotFound, m.ask(t, "bob", "GET", "/api/handovers/T-2", "").Code)
	assert.Equal(t, http.StatusNotFound, m.ask(t, "bob", "GET", "/api/handovers/T", "").Code)
}
