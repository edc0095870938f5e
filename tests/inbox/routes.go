package main

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strconv"
)

//go:embed pages.html
var source string

var pages = template.Must(template.New("").Parse(source))

// shown is a mail for people and tests.
type shown struct {
	received
	letter
}

func show(m received) shown { return shown{m, read(m.Source)} }

// routes lists every way in but SMTP.
func routes(mails *box, faults *faults) http.Handler {
	mux := http.NewServeMux()

	// For people. The list renews itself.
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		var all []shown
		for _, m := range slices.Backward(mails.list(r.URL.Query().Get("to"))) {
			if all = append(all, show(m)); len(all) == 200 {
				break
			}
		}
		page(w, "list", all)
	})
	mux.HandleFunc("GET /mails/{id}", one(mails, func(w http.ResponseWriter, m received) { page(w, "mail", show(m)) }))
	mux.HandleFunc("GET /mails/{id}/source", one(mails, func(w http.ResponseWriter, m received) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte(m.Source))
	}))
	// The mail's own HTML, in a frame: no scripts, nothing from elsewhere, links in a tab of their own.
	mux.HandleFunc("GET /mails/{id}/html", one(mails, func(w http.ResponseWriter, m received) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
		w.Write([]byte(`<base target="_blank">` + read(m.Source).HTML))
	}))

	// For tests.
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /api/mails", func(w http.ResponseWriter, r *http.Request) { // ?to= for one address; oldest first
		all := []shown{}
		for _, m := range mails.list(r.URL.Query().Get("to")) {
			all = append(all, show(m))
		}
		writeJSON(w, http.StatusOK, all)
	})
	mux.HandleFunc("DELETE /api/mails", func(w http.ResponseWriter, _ *http.Request) {
		if err := mails.empty(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /api/faults", faults.add) // see faults.go
	mux.HandleFunc("DELETE /api/faults", faults.clear)
	return onlyHere(http.NewCrossOriginProtection().Handler(mux))
}

// onlyHere keeps out pages of others whose name is made to lead here: mails have links in them that open accounts.
func onlyHere(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "this is for http://localhost alone", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func one(mails *box, h func(http.ResponseWriter, received)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		m, found := mails.find(id)
		if err != nil || !found {
			http.NotFound(w, r)
			return
		}
		h(w, m)
	}
}

func page(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'")
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
