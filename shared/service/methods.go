package service

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// guard lets in those whom a route is for.
type guard func(api.Handler) api.Handler

func anybody(h api.Handler) api.Handler { return h }

// methods are what answers for a path.
type methods struct {
	by    map[string]http.Handler
	other http.Handler // for the other methods
}

// ServeHTTP implements http.Handler.
func (m *methods) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if h := m.by[req.Method]; h != nil {
		h.ServeHTTP(w, req)
		return
	}
	m.other.ServeHTTP(w, req)
}

// handle has h answer for a method of a path, for those whom let lets in. A path of fixed words is nobody's {id}: see
// ServeHTTP.
func (r *Routes) handle(method, path string, let guard, h api.Handler) {
	m := r.paths[path]
	if m == nil {
		m = r.methods(r.mux.Path(path), let)
		r.paths[path] = m
	}
	m.by[method] = r.answer(let(h))
	if method == http.MethodGet {
		m.by[http.MethodHead] = m.by[method] // net/http leaves the body out
	}
}

// methods prepares a path. OPTIONS is answered with which methods it is known for, any other with 405; for those whom let
// does not let in there is no such path.
func (r *Routes) methods(path *mux.Route, let guard) *methods {
	m := &methods{by: map[string]http.Handler{}}
	other := let(func(w http.ResponseWriter, req *http.Request) error {
		known := slices.AppendSeq([]string{http.MethodOptions}, maps.Keys(m.by))
		slices.Sort(known)
		w.Header().Set("Allow", strings.Join(known, ", "))
		if req.Method != http.MethodOptions {
			return fault.UnknownMethod()
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	m.other = r.answer(func(w http.ResponseWriter, req *http.Request) error {
		err := other(w, req)
		if fault.Status(err) == http.StatusUnauthorized {
			r.mux.NotFoundHandler.ServeHTTP(w, req)
			return nil
		}
		return err
	})
	path.Handler(m)
	return m
}
