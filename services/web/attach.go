package main

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// attachment is what is attached to a ticket of the visitor's.
type attachment struct {
	OrderID    string    `json:"orderId"`
	Content    *attached `json:"content"`
	Changeable bool      `json:"changeable"`
}

// attachForm shows what is attached to the visitor's ticket, and takes something else.
func (s *site) attachForm(w http.ResponseWriter, r *http.Request) error {
	v, err := s.attachView(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, "attach", v)
}

func (s *site) attachView(r *http.Request) (view, error) {
	var data struct {
		Ticket ticket
		attachment
	}
	if err := s.signedIn(r); err != nil {
		return view{}, err
	}
	id := url.PathEscape(r.PathValue("id"))
	if _, err := s.ask(r, http.MethodGet, "/api/contents/"+id, nil, &data.attachment); err != nil {
		return view{}, err
	}
	if _, err := s.ask(r, http.MethodGet, "/api/tickets/"+id, nil, &data.Ticket); err != nil {
		return view{}, err
	}
	return view{Title: "Attach: " + data.Ticket.Title, Data: data}, nil
}

// attach takes a file, or what a barcode says.
func (s *site) attach(w http.ResponseWriter, r *http.Request) error {
	if err := s.signedIn(r); err != nil {
		return err
	}
	id := url.PathEscape(r.PathValue("id"))
	f, file, err := sent(w, r)
	if err == nil && nothing(f, file) {
		err = fault.InField("file", "Choose a file, or type what the barcode says")
	}
	if err == nil {
		err = s.attachTo(r, id, f, file)
	}
	if err == nil {
		return s.lead(w, r, "/tickets/"+id, "attached")
	}
	v, gone := s.attachView(r)
	if gone != nil {
		return gone
	}
	v.Form = form{Typed: url.Values{"text": {f.Get("text")}}}
	return s.again(w, r, "attach", v, err)
}

// nothing tells whether a form has neither a file nor a barcode's text in it.
func nothing(f url.Values, file []byte) bool { return len(file) == 0 && f.Get("text") == "" }

// attachTo gives a ticket the file of a form, or else the text.
func (s *site) attachTo(r *http.Request, id string, f url.Values, file []byte) (err error) {
	switch {
	case len(file) >= fileLimit: // the beginning of one
		err = fault.New(fault.TooLarge, "The file is too large")
	case len(file) > 0:
		_, _, err = s.send(r, http.MethodPut, "/api/contents/"+id, "application/octet-stream", file)
	default:
		_, err = s.ask(r, http.MethodPut, "/api/contents/"+id, map[string]string{"text": f.Get("text")}, nil)
	}
	if fault.KindOf(err) == fault.TooLarge {
		err = fault.InField("file", "The file is larger than 2 MB")
	}
	return err
}

const (
	mostFields = 24       // of a form with a file
	mostSent   = 32 << 20 // of which what is too large is thrown away: a browser shows no answer before it has sent everything
)

// sent reads a form with a file in it, or one that cannot have any. What the file is called nobody looks at; of one that is too
// large there is the beginning. It returns TooLarge or Invalid when the form cannot be read.
func sent(w http.ResponseWriter, r *http.Request) (f url.Values, file []byte, err error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		f, err = typed(w, r)
		return f, nil, err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(fileWait)) // without: the usual time
	r.Body = http.MaxBytesReader(w, r.Body, mostSent)
	unreadable := fault.New(fault.Invalid, "The form could not be read")
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, unreadable
	}
	f = url.Values{}
	left := int64(api.BodyLimit)
	for range mostFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			visitOf(r.Context()).carries(f, len(file) > 0)
			return f, file, nil
		}
		var raw []byte
		most := left
		if err == nil {
			if part.FormName() == "file" {
				most = fileLimit
			}
			raw, err = io.ReadAll(io.LimitReader(part, most))
		}
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return nil, nil, fault.New(fault.TooLarge, "The file is larger than 2 MB")
		case err != nil:
			return nil, nil, unreadable
		case part.FormName() == "file":
			file = raw
			continue
		}
		if left -= int64(len(raw)); left <= 0 {
			return nil, nil, fault.New(fault.TooLarge, "That was more than a form can hold")
		}
		f.Add(part.FormName(), string(raw))
	}
	return nil, nil, unreadable
}
