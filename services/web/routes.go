package main

import (
	"net/http"

	"marketplace/shared/dapr"
	"marketplace/shared/service"
)

// routes is every way into web.
func (s *site) routes(cfg settings, sidecar *dapr.Sidecar, hearing *dapr.Hearing) http.Handler {
	// /readyz is about us alone: one service that is away must not take the site off the air. /healthz is about everything.
	r := service.NewRoutes("web", cfg.Settings, s.log, lately(sidecar.Ready, s.now))
	r.Whole(lately(everyServiceReady(sidecar), s.now))

	// API clients. Only these prefixes lead to a service: no event, job or internal route can be reached from here.
	for prefix := range services {
		r.Direct(prefix, s.api)
	}

	// Events, to every replica, at most once: open pages hear of them.
	service.OnBroadcast(r, s.onTicket)   // from tickets: listed or edited
	service.OnBroadcast(r, s.onOrder)    // from orders: held, free again, or sold
	service.OnBroadcast(r, s.onHandover) // from handover: how a sold ticket is on its way
	r.Hears(hearing)                     // from ourselves: whether we still hear anything

	// People with a browser. Every form can be sent twice and does its work once.
	pages := http.NewServeMux()
	for route, show := range map[string]page{ // the catalogue, which all who are not signed in see alike
		"GET /{$}":          s.browse,
		"GET /tickets/{id}": s.ticket,
	} {
		pages.Handle(route, s.forAll(s.page(show)))
	}
	for route, show := range map[string]page{
		"POST /tickets/{id}/buy":           s.buy,
		"GET /tickets/{id}/buy":            s.up, // by hand, or back after signing in
		"GET /tickets/{id}/edit":           s.editForm,
		"POST /tickets/{id}/edit":          s.edit,
		"POST /tickets/{id}/withdraw":      s.withdraw,
		"GET /tickets/{id}/withdraw":       s.up,
		"POST /tickets/{id}/again":         s.offerAgain,
		"GET /tickets/{id}/again":          s.up,
		"GET /sell":                        s.sellForm,
		"POST /sell":                       s.sell,
		"GET /selling":                     s.selling,
		"GET /orders":                      s.orders,
		"GET /orders/{id}":                 s.order, // checkout, confirmation or what became of it
		"POST /orders/{id}/pay":            s.pay,
		"GET /orders/{id}/pay":             s.up,
		"POST /orders/{id}/open":           s.open,
		"GET /orders/{id}/open":            s.up,
		"POST /orders/{id}/report":         s.report,
		"GET /orders/{id}/report":          s.up,
		"GET /tickets/{id}/content":        s.attachForm, // what gets one in
		"POST /tickets/{id}/content":       s.attach,
		"GET /sales":                       s.sales,
		"POST /orders/{id}/cancel":         s.cancel,
		"GET /orders/{id}/cancel":          s.up,
		"GET /desk":                        s.desk, // operators
		"POST /desk/reports/{id}":          s.decide,
		"GET /desk/reports/{id}":           s.toDesk,
		"POST /desk/cases/{id}/look":       s.lookAgain,
		"GET /desk/cases/{id}/look":        s.toDesk,
		"POST /desk/cases/{id}/done":       s.doneByHand,
		"GET /desk/cases/{id}/done":        s.toDesk,
		"POST /desk/letters/{id}":          s.settleLetter,
		"GET /desk/letters/{id}":           s.toDesk,
		"POST /desk/orders/{id}/look":      s.lookAtOrder,
		"GET /desk/orders/{id}/look":       s.toDesk,
		"GET /signup":                      s.signUpForm,
		"POST /signup":                     s.signUp,
		"GET /signin":                      s.signInForm,
		"POST /signin":                     s.signIn,
		"POST /signout":                    s.signOut,
		"GET /signout":                     s.up,
		"GET /forgot":                      s.forgotForm,
		"POST /forgot":                     s.forgot,
		"GET /reset":                       s.resetForm, // by a mailed link, as verify
		"POST /reset":                      s.reset,
		"GET /verify":                      s.verifyForm,
		"POST /verify":                     s.verify,
		"GET /account":                     s.account,
		"GET /account/data":                s.data, // a download
		"POST /account/password":           s.changePassword,
		"GET /account/password":            s.up,
		"POST /account/verification":       s.askVerification,
		"GET /account/verification":        s.up,
		"POST /account/signout-everywhere": s.signOutEverywhere,
		"GET /account/signout-everywhere":  s.up,
		"POST /account/delete":             s.deleteAccount,
		"GET /account/delete":              s.up,
		"GET /.well-known/change-password": s.wellKnownPassword, // password managers
		"GET /terms":                       s.words("terms", "Terms"),
		"GET /support":                     s.words("support", "Help"),
		"GET /api/docs":                    s.docs, // for who writes a client
		"/":                                s.nowhere,
	} {
		pages.Handle(route, s.page(show))
	}
	pages.HandleFunc("GET /api/openapi.json", s.openapi)
	for _, path := range []string{"/api/docs", "/api/openapi.json"} {
		pages.HandleFunc(path, onlyRead)
	}
	pages.HandleFunc("GET /live", s.live) // the pages' scripts: a stream of what changes
	pages.HandleFunc("GET /static/{edition}/{file}", s.look.static)
	pages.HandleFunc("GET /robots.txt", s.look.fixed("robots.txt"))
	pages.HandleFunc("GET /favicon.ico", s.look.fixed("favicon.ico"))
	pages.HandleFunc("GET /apple-touch-icon.png", s.look.fixed("apple-touch-icon.png"))
	r.Rest(tidy(noted(pages)))
	return cfg.CORSOrigins.letIn(s.visits(r), s)
}
