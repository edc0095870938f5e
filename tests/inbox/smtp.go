package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/emersion/go-smtp"
)

const largest = 10 << 20 // bytes of a mail

func newSMTP(mails *box, faults *faults, log *slog.Logger) *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{mails: mails, faults: faults}, nil
	}))
	s.Domain = "inbox.local"
	s.MaxMessageBytes, s.MaxRecipients = largest, 50
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.EnableSMTPUTF8 = true
	s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	return s
}

// session takes mails of one connection.
type session struct {
	mails  *box
	faults *faults
	from   string
	to     []string
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from, s.to = from, nil
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.faults.strike("rcpt", to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data keeps a mail before it is acknowledged. A fault of "answer" strikes after that: the mail is there, and the sender does
// not know.
func (s *session) Data(r io.Reader) error {
	source, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	to := ""
	if len(s.to) > 0 {
		to = s.to[0]
	}
	if err := s.faults.strike("data", to); err != nil {
		return err
	}
	if err := s.mails.add(s.from, s.to, source); err != nil {
		return err
	}
	return s.faults.strike("answer", to)
}
