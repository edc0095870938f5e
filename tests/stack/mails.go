package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// A Mail is what the inbox tells of one.
type Mail struct {
	ID      int      `json:"id"`
	Subject string   `json:"subject"`
	Sender  string   `json:"sender"` // the From header
	HTML    string   `json:"html"`
	Text    string   `json:"text"`
	To      []string `json:"to"` // of the envelope
	Links   []string `json:"links"`
}

// Mails is what an address was sent so far, oldest first; what everybody was for "".
func (s *Stack) Mails(ctx context.Context, to string) ([]Mail, error) {
	var all []Mail
	if err := ask(ctx, s.InboxURL+"/api/mails?"+url.Values{"to": {to}}.Encode(), &all); err != nil {
		return nil, fmt.Errorf("read the inbox: %w", err)
	}
	return all, nil
}

// ask reads an answer of JSON into out.
func ask(ctx context.Context, url string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(out)
}
