package main

import (
	"crypto/rand"
	"mime"
	"net/http"

	"github.com/gorilla/mux"

	"marketplace/services/handover/content"
	"marketplace/services/handover/handover"
	"marketplace/shared/api"
	"marketplace/shared/clock"
	"marketplace/shared/dapr"
	"marketplace/shared/fault"
	"marketplace/shared/session"
)

// attach gives a ticket what gets one in, sold or not. It is kept before the ticket says so: a crash in between leaves what
// nobody finds.
func (s *server) attach(w http.ResponseWriter, r *http.Request) error {
	seller, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	kind, plain, err := readContent(w, r)
	if err != nil {
		return err
	}
	h, err := s.offeredBy(r, seller)
	if err != nil {
		return err
	}
	if h, err = s.ended(r.Context(), h); err != nil {
		return err
	}
	waited := h.Sale != nil && h.Sale.Status == handover.Due
	c := handover.Content{ID: rand.Text(), Store: s.vault.binding, Type: kind, Size: len(plain)}
	h, err = s.handovers.UpdateAfter(r.Context(), dapr.ByNudge, h.Ticket.ID,
		func() error { return s.vault.put(r.Context(), h.Ticket.ID, c, plain) },
		func(h *handover.Handover) error { return h.Attach(seller.ID, c, s.now()) })
	if err != nil {
		return err
	}
	if waited {
		if err := s.timers.Unschedule(r.Context(), duePrefix+h.Sale.OrderID); err != nil {
			s.log.Info("the job of a ticket that is handed over stays and will find nothing to do", "order", h.Sale.OrderID, "error", err)
		}
	}
	return api.WriteTagged(w, r, http.StatusOK, s.attachedTo(h))
}

// fileTypes are what a file may come as. What it is its bytes say.
var fileTypes = map[string]bool{
	"application/octet-stream": true, "application/pdf": true, "image/png": true, "image/jpeg": true, "application/vnd.apple.pkpass": true,
}

// readContent reads a file, or as JSON what a barcode says. It returns NotJSON for another content type, TooLarge, or Invalid.
func readContent(w http.ResponseWriter, r *http.Request) (content.Type, []byte, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && mediaType == "application/json" {
		var in struct {
			Text string `json:"text"`
		}
		if err := api.Read(w, r, &in); err != nil {
			return "", nil, err
		}
		text, complaint := content.Barcode(in.Text)
		if complaint != "" {
			return "", nil, fault.InField("text", complaint)
		}
		return content.Text, []byte(text), nil
	}
	if err != nil || !fileTypes[mediaType] {
		return "", nil, fault.New(fault.NotJSON, "Content-Type must be application/json with a text, or that of a PDF, PNG, JPEG or pkpass")
	}
	file, err := api.BodyUpTo(w, r, content.Largest)
	if err != nil {
		return "", nil, err
	}
	kind, kept, complaint := content.Recognise(file)
	if complaint != "" {
		return "", nil, fault.InField("file", complaint)
	}
	return kind, kept, nil
}

// attached tells the seller what is attached to his ticket.
func (s *server) attached(w http.ResponseWriter, r *http.Request) error {
	seller, err := s.sessions.User(r)
	if err != nil {
		return err
	}
	h, err := s.offeredBy(r, seller)
	if err != nil {
		return err
	}
	return api.WriteTagged(w, r, http.StatusOK, s.attachedTo(h))
}

// attachment is what is attached to a ticket, as its seller sees it.
type attachment struct {
	TicketID   string   `json:"ticketId"`
	OrderID    string   `json:"orderId,omitempty"` // the sale, once it is sold
	Content    *summary `json:"content,omitempty"` // nothing yet without it
	Changeable bool     `json:"changeable"`        // whether it can be replaced now
}

// summary is content without what is in it.
type summary struct {
	Type    content.Type `json:"type"`
	Size    int          `json:"size"`
	AddedAt clock.Time   `json:"addedAt"`
}

func summaryOf(c *handover.Content) *summary {
	if c == nil {
		return nil
	}
	return &summary{Type: c.Type, Size: c.Size, AddedAt: clock.At(c.AddedAt)}
}

func (s *server) attachedTo(h handover.Handover) attachment {
	a := attachment{TicketID: h.Ticket.ID, Content: summaryOf(h.Content), Changeable: h.Changeable(s.now())}
	if h.Sale != nil {
		a.OrderID = h.Sale.OrderID
	}
	return a
}

// offeredBy is what is known of the ticket that a request is about. It returns Forbidden when it is not that seller's.
func (s *server) offeredBy(r *http.Request, seller session.User) (handover.Handover, error) {
	ticketID := mux.Vars(r)["ticketId"]
	if err := api.CheckID(ticketID); err != nil {
		return handover.Handover{}, err
	}
	h, err := s.known(r.Context(), ticketID)
	if err == nil && h.SellerID != seller.ID {
		err = fault.NotOwner()
	}
	return h, err
}
