package deploy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dapr/dapr/pkg/acl"
	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	"github.com/dapr/dapr/pkg/config"
	common "github.com/dapr/dapr/pkg/proto/common/v1"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffegrpc/grpccredentials"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/peer"
)

// trustDomain is part of every sidecar's identity.
const trustDomain = "marketplace"

// Each service may be invoked for exactly what the code invokes it for, in the eyes of Dapr's own access control.
func TestWhoMayInvokeWhat(t *testing.T) {
	verify(t, func(m *market, c code) []string {
		var wrong list
		for _, to := range c.owners() {
			spec := m.configurations[to].Spec.AccessControlSpec
			if spec == nil || spec.DefaultAction != "deny" || spec.TrustDomain != trustDomain {
				wrong.add("%s: access control does not deny by default", to)
				continue
			}
			list, err := access(spec)
			if err != nil {
				wrong.add("%s: %v", to, err)
				continue
			}
			may := func(from, method, path string) bool { return allowed(list, from, method, path) }

			// Everything the code does goes through.
			var used []call
			for _, k := range c.calls {
				if k.to == to {
					used = append(used, k)
				}
			}
			for _, r := range c.routes[to] {
				for _, from := range r.callers {
					used = append(used, call{from, to, r.method, r.example()})
				}
				if r.callers == nil && c.passedOn(r.path) == to {
					used = append(used, call{"web", to, r.method, r.example()})
				}
			}
			for _, k := range used {
				if !may(k.from, k.method, k.path) {
					wrong.add("%s may not %s %s of %s, and does", k.from, k.method, k.path, to)
				}
			}

			// Nothing else does: not what is for others, and not what only a sidecar may bring.
			closed := []call{{"", to, "GET", "/"}, {"", to, "POST", "/job/timer-" + anID}, {"", to, "GET", "/dapr/subscribe"},
				{"", to, "GET", "/dapr/config"}, {"", to, "GET", c.health}}
			for _, topic := range c.topics {
				closed = append(closed, call{"", to, "POST", "/events/" + topic}, call{"", to, "POST", "/events/broadcast/" + topic})
			}
			for _, r := range c.routes[to] {
				closed = append(closed, call{"", to, r.method, r.example()})
			}
			// Dapr's patterns cannot tell an id from a word, or from nothing: who may GET /api/tickets/* may GET what
			// everybody may.
			reads := func(from string, k call) bool {
				public := slices.ContainsFunc(c.routes[to], func(r route) bool { return r.callers == nil && r.method == "GET" && r.example() == k.path })
				return public && k.method == "GET" && slices.ContainsFunc(used, func(u call) bool { return u.from == from && u.method == "GET" && c.passedOn(u.path) == to })
			}
			for _, from := range append(c.owners(), "stranger") {
				for _, k := range closed {
					uses := slices.ContainsFunc(used, func(u call) bool { return u.from == from && u.method == k.method && u.path == k.path })
					if from != to && !uses && !reads(from, k) && may(from, k.method, k.path) {
						wrong.add("%s may %s %s of %s, and has no reason to", from, k.method, k.path, to)
					}
				}
			}

			// No line is left over from what the code did once.
			for _, p := range spec.AppPolicies {
				if p.Namespace != namespace || p.TrustDomain != trustDomain || p.DefaultAction != "deny" {
					wrong.add("%s: the policy for %s is for another namespace or trust domain, or does not deny by default", to, p.AppName)
				}
				for _, o := range p.AppOperationActions {
					if !slices.ContainsFunc(used, func(u call) bool {
						return u.from == p.AppName && under(u.path, o.Operation) && (slices.Contains(o.HTTPVerb, "*") || slices.Contains(o.HTTPVerb, u.method))
					}) {
						wrong.add("%s: nobody needs %s %v for %s", to, o.Operation, o.HTTPVerb, p.AppName)
					}
					for _, verb := range o.HTTPVerb {
						if verb != "*" && !slices.ContainsFunc(used, func(u call) bool { return u.from == p.AppName && u.method == verb && under(u.path, o.Operation) }) {
							wrong.add("%s: nobody needs %s %s for %s", to, verb, o.Operation, p.AppName)
						}
					}
				}
			}
		}
		return wrong.sorted()
	},
		spoil{"a route that was renamed", "", func(m *market, c *code) {
			for i, r := range c.routes["orders"] {
				c.routes["orders"][i].path = strings.Replace(r.path, "/checkout", "/payment", 1)
			}
		}, "payments may not POST /internal/orders/" + anID + "/payment of orders, and does"},
		spoil{"an API that moved", "", func(m *market, c *code) {
			c.prefixes = map[string]string{"/api/v2": "auth"}
			c.routes["auth"] = []route{{method: "POST", path: "/api/v2/signup"}}
		}, "web may not POST /api/v2/signup of auth, and does"},
		spoil{"a call that the code no longer makes", "", func(m *market, c *code) {
			c.calls = slices.DeleteFunc(c.calls, func(k call) bool { return k.from == "orders" })
		}, "tickets: nobody needs /api/tickets/* [GET] for orders"},
		spoil{"an open door", "", func(m *market, c *code) {
			s := m.configurations["payments"].Spec.AccessControlSpec
			s.AppPolicies[0].AppOperationActions[0].Operation = "/**"
		}, "web may POST /events/orders of payments, and has no reason to"},
		spoil{"an internal route for web", "", func(m *market, c *code) {
			s := m.configurations["orders"].Spec.AccessControlSpec
			s.AppPolicies[1].AppName = "web"
		}, "web may POST /internal/orders/" + anID + "/checkout of orders"},
		spoil{"the list of ended sessions for somebody who has no sessions", "", func(m *market, c *code) {
			s := m.configurations["auth"].Spec.AccessControlSpec
			s.AppPolicies[1].AppName = "expiration"
		}, "expiration may GET /internal/sessions/ended of auth, and has no reason to"},
		spoil{"Dapr's prefixes: a list of verbs for the shorter path hides the longer one", "", func(m *market, c *code) {
			s := m.configurations["tickets"].Spec.AccessControlSpec
			s.AppPolicies[0].AppOperationActions[0].HTTPVerb = []string{"GET", "POST"}
			s.AppPolicies[0].AppOperationActions = append(s.AppPolicies[0].AppOperationActions,
				configuration.AppOperationAction{Operation: "/api/tickets/*", HTTPVerb: []string{"PUT"}, Action: "allow"})
		}, "web may not PUT /api/tickets/" + anID + " of tickets, and does"},
		spoil{"Dapr's wildcards: one in the middle matches nothing", "", func(m *market, c *code) {
			m.configurations["orders"].Spec.AccessControlSpec.AppPolicies[1].AppOperationActions[0].Operation = "/internal/orders/*/checkout"
		}, "payments may not POST /internal/orders/" + anID + "/checkout of orders, and does"},
		spoil{"another namespace", "", func(m *market, c *code) {
			m.configurations["orders"].Spec.AccessControlSpec.AppPolicies[1].Namespace = "default"
		}, "payments may not POST"},
		spoil{"allow by default", "dev", func(m *market, c *code) {
			m.configurations["web"].Spec.AccessControlSpec.DefaultAction = "allow"
		}, "web: access control does not deny by default"},
		spoil{"no access control", "", func(m *market, c *code) { m.configurations["auth"].Spec.AccessControlSpec = nil }, "auth: access control does not deny"},
	)
}

// passedOn is the service that web passes a path on to.
func (c code) passedOn(path string) string {
	for prefix, app := range c.prefixes {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return app
		}
	}
	return ""
}

// under says that an operation of a policy is about a path.
func under(path, operation string) bool {
	parts, pattern := strings.Split(path, "/"), strings.Split(operation, "/")
	if len(parts) < len(pattern) {
		return false
	}
	for i, p := range pattern {
		if p != "*" && p != "**" && p != parts[i] {
			return false
		}
	}
	return true
}

// access is the list as a sidecar makes it of its Configuration.
func access(spec *configuration.AccessControlSpec) (*config.AccessControlList, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	var own config.AccessControlSpec
	if err := json.Unmarshal(text, &own); err != nil {
		return nil, err
	}
	return acl.ParseAccessControlSpec(&own, true)
}

// allowed is what the sidecar that is invoked decides about a caller whose certificate says who it is.
func allowed(list *config.AccessControlList, from, method, path string) bool {
	verb := common.HTTPExtension_Verb(common.HTTPExtension_Verb_value[method])
	ok, _ := acl.ApplyAccessControlPolicies(identified(from), path, verb, true, list)
	return ok
}

var (
	identities sync.Map
	authority  = sync.OnceValue(newAuthority)
)

// identified is the context of a call whose caller has shown the certificate that sentry gives the app.
func identified(app string) context.Context {
	if ctx, ok := identities.Load(app); ok {
		return ctx.(context.Context)
	}
	id := spiffeid.RequireFromSegments(spiffeid.RequireTrustDomainFromString(trustDomain), "ns", namespace, app)
	svid := authority().issue(id)
	caller, callee := net.Pipe()
	defer caller.Close()
	defer callee.Close()
	_ = caller.SetDeadline(time.Now().Add(5 * time.Second))
	_ = callee.SetDeadline(time.Now().Add(5 * time.Second))
	done := make(chan error, 1)
	go func() {
		_, _, err := grpccredentials.MTLSClientCredentials(svid, authority().bundle(), tlsconfig.AuthorizeAny()).
			ClientHandshake(context.Background(), "sidecar", caller)
		done <- err
	}()
	_, info, err := grpccredentials.MTLSServerCredentials(svid, authority().bundle(), tlsconfig.AuthorizeAny()).ServerHandshake(callee)
	if err != nil {
		panic(fmt.Sprintf("handshake as %s: %v, %v", app, err, <-done))
	}
	ctx := peer.NewContext(context.Background(), &peer.Peer{AuthInfo: info})
	identities.Store(app, ctx)
	return ctx
}

// sentry stands in for Dapr's certificate authority.
type sentry struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority() *sentry {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	s := &sentry{key: key}
	s.cert = s.sign(&x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		URIs: []*url.URL{{Scheme: "spiffe", Host: trustDomain}},
	}, key)
	return s
}

func (s *sentry) bundle() *x509bundle.Bundle {
	return x509bundle.FromX509Authorities(spiffeid.RequireTrustDomainFromString(trustDomain), []*x509.Certificate{s.cert})
}

func (s *sentry) sign(template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: "sentry"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent := s.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, s.key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

func (s *sentry) issue(id spiffeid.ID) *x509svid.SVID {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	cert := s.sign(&x509.Certificate{
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs: []*url.URL{id.URL()},
	}, key)
	return &x509svid.SVID{ID: id, Certificates: []*x509.Certificate{cert}, PrivateKey: key}
}

func TestIdentitiesAreThoseOfDapr(t *testing.T) {
	list, err := access(variant(t, "production").configurations["orders"].Spec.AccessControlSpec)
	require.NoError(t, err)
	require.True(t, allowed(list, "payments", "POST", "/internal/orders/"+anID+"/checkout"))
	require.False(t, allowed(list, "web", "POST", "/internal/orders/"+anID+"/checkout"))
	nobody, _ := acl.ApplyAccessControlPolicies(context.Background(), "/api/orders", common.HTTPExtension_GET, true, list)
	require.False(t, nobody, "without mTLS nobody is anybody, and all are refused")
}
