// Package metrics is what a service counts about itself, as Prometheus reads it. A figure is declared once, in the room
// where it is counted, with a name, a unit and a sentence that says what it means; counting is one line.
//
// Figures are this process's own: they begin anew with it, and replicas are added up by whoever reads them. Labels are of
// few values, all known beforehand: a route's pattern, a refusal's code, never an id or anything that a stranger wrote.
package metrics

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// prefix begins the name of every figure of ours.
const prefix = "marketplace_"

var registry = prometheus.NewRegistry()

func init() {
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// Handler answers with all that this process has counted.
func Handler() http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// A Counter only grows.
type Counter struct{ of *prometheus.CounterVec }

// NewCounter counts what name says, which ends in _total, by labels. One without labels is there at 0 from the start; of
// one with labels see Expect.
func NewCounter(name, help string, labels ...string) Counter {
	c := Counter{prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)}
	registry.MustRegister(c.of)
	if len(labels) == 0 {
		c.Expect()
	}
	return c
}

// Expect shows the count of these label values at 0 before there is one: who looks for growth does not see the first
// otherwise.
func (c Counter) Expect(values ...string) { c.of.WithLabelValues(values...) }

// Inc counts one more, with a value for each label.
func (c Counter) Inc(values ...string) { c.of.WithLabelValues(values...).Inc() }

// Add counts n more.
func (c Counter) Add(n float64, values ...string) { c.of.WithLabelValues(values...).Add(n) }

// A Histogram tells how measured values are spread.
type Histogram struct{ of *prometheus.HistogramVec }

// NewHistogram spreads over buckets, whose upper bounds ascend, what name says, which ends in its unit.
func NewHistogram(name, help string, buckets []float64, labels ...string) Histogram {
	h := Histogram{prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels)}
	registry.MustRegister(h.of)
	if len(labels) == 0 {
		h.Expect()
	}
	return h
}

// Expect is Counter.Expect.
func (h Histogram) Expect(values ...string) { h.of.WithLabelValues(values...) }

// Observe takes in a value, with one for each label.
func (h Histogram) Observe(v float64, values ...string) { h.of.WithLabelValues(values...).Observe(v) }

// A Gauge goes up and down.
type Gauge struct{ of prometheus.Gauge }

// NewGauge shows what name says.
func NewGauge(name, help string) Gauge {
	g := Gauge{prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})}
	registry.MustRegister(g.of)
	return g
}

// Add moves it, down for less than 0.
func (g Gauge) Add(n float64) { g.of.Add(n) }

// Ask has read say, whenever somebody looks, what name stands for. labels are names and values in turn. Asking for the same
// once more takes the place of the first.
func Ask(name, help string, read func() float64, labels ...string) {
	fixed := prometheus.Labels{}
	for i := 0; i+1 < len(labels); i += 2 {
		fixed[labels[i]] = labels[i+1]
	}
	g := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help, ConstLabels: fixed}, read)
	asking.Lock()
	defer asking.Unlock()
	registry.Unregister(g)
	registry.MustRegister(g)
}

var asking sync.Mutex
