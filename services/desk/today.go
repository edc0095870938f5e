package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"marketplace/shared/api"
	"marketplace/shared/clock"
)

const (
	// figuresLimit is how long an operator's page waits for figures.
	figuresLimit = time.Second
	figuresMost  = 64 << 10 // bytes of an answer
)

// counted are the day's figures by name, and the counter that each is of.
var counted = []struct{ name, counter string }{
	{"listed", `marketplace_tickets_listed_total`},
	{"placed", `marketplace_orders_placed_total`},
	{"completed", `marketplace_orders_completed_total`},
	{"expired", `marketplace_orders_cancelled_total{reason="expired"}`},
	{"givenBack", `marketplace_orders_cancelled_total{reason="buyer"}`},
	{"refused", `marketplace_orders_refused_total`},
	{"charged", `marketplace_charged_minor_units_total`},
	{"refunded", `marketplace_refunded_minor_units_total`},
	{"mailsSent", `marketplace_mails_total{outcome="sent"}`},
	{"mailsFailed", `marketplace_mails_total{outcome="dropped"}`},
}

// shownFigures are those of today, UTC.
type shownFigures struct {
	Source   string           `json:"source"` // none: nobody counts; away: who does has not answered; prometheus
	Since    clock.Time       `json:"since"`
	Currency string           `json:"currency"`
	Figures  map[string]int64 `json:"figures"` // money in the currency's smallest unit; what is not known is not there
}

// today tells operators the day's figures. That nobody counts, or does not answer, is an answer too.
func (s *server) today(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.sessions.Operator(r); err != nil {
		return err
	}
	now := s.now().UTC()
	out := shownFigures{Source: "none", Since: clock.At(now.Truncate(24 * time.Hour)), Currency: string(s.currency), Figures: map[string]int64{}}
	if s.figures.at != nil {
		found, err := s.figures.ask(r.Context(), since(now))
		if out.Source = "prometheus"; err != nil {
			out.Source = "away"
			s.log.Warn("no figures", "error", err)
		} else {
			out.Figures = found
		}
	}
	return api.WriteTagged(w, r, http.StatusOK, out)
}

// since asks for all figures at once, from midnight to now.
func since(now time.Time) string {
	seconds := max(1, int(now.Sub(now.Truncate(24*time.Hour)).Seconds()))
	var all []string
	for _, c := range counted {
		all = append(all, fmt.Sprintf(`label_replace(round(sum(increase(%s[%ds]))), "figure", "%s", "", "")`, c.counter, seconds, c.name))
	}
	return strings.Join(all, " or ")
}

// ask has Prometheus evaluate a query whose results are told apart by the label figure.
func (p prometheus) ask(ctx context.Context, query string) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, figuresLimit)
	defer cancel()
	form := url.Values{"query": {query}, "timeout": {figuresLimit.String()}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.at.JoinPath("/api/v1/query").String(), strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var said struct {
		Status string
		Error  string
		Data   struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, figuresMost)).Decode(&said); err != nil {
		return nil, fmt.Errorf("answer of Prometheus, %s: %w", resp.Status, err)
	}
	if said.Status != "success" {
		return nil, errors.New("Prometheus says: " + said.Error)
	}
	found := map[string]int64{}
	for _, r := range said.Data.Result {
		text, _ := r.Value[1].(string)
		if v, err := strconv.ParseFloat(text, 64); err == nil && v >= 0 && v < 1e15 {
			found[r.Metric["figure"]] = int64(v)
		}
	}
	return found, nil
}
