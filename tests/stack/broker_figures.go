package stack

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// brokerFigures tells of NATS in the words of its exporter for Prometheus, which runs beside it in a cluster
// (k8s/choices/monitoring): as much as our rules and dashboards ask for.
type brokerFigures struct{ js jetstream.JetStream }

var (
	streamMessages  = streamFigure("jetstream_stream_total_messages", "Messages in a stream.")
	streamBytes     = streamFigure("jetstream_stream_total_bytes", "Bytes of a stream.")
	consumerPending = consumerFigure("jetstream_consumer_num_pending", "Messages that a consumer has still to be sent.")
	consumerUnacked = consumerFigure("jetstream_consumer_num_ack_pending", "Messages that a consumer was sent and has not acknowledged.")
)

func streamFigure(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"stream_name"}, nil)
}

func consumerFigure(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"stream_name", "consumer_name"}, nil)
}

// BrokerFigures are the names of all that is told of the broker.
func BrokerFigures() map[string]bool {
	return map[string]bool{"jetstream_stream_total_messages": true, "jetstream_stream_total_bytes": true, "jetstream_consumer_num_pending": true, "jetstream_consumer_num_ack_pending": true}
}

// Describe implements prometheus.Collector.
func (brokerFigures) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{streamMessages, streamBytes, consumerPending, consumerUnacked} {
		to <- d
	}
}

// Collect implements prometheus.Collector. A broker that does not answer has no figures.
func (b brokerFigures) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	streams := b.js.ListStreams(ctx)
	for of := range streams.Info() {
		gauge(streamMessages, float64(of.State.Msgs), of.Config.Name)
		gauge(streamBytes, float64(of.State.Bytes), of.Config.Name)
		stream, err := b.js.Stream(ctx, of.Config.Name)
		if err != nil {
			continue
		}
		for consumer := range stream.ListConsumers(ctx).Info() {
			if consumer.Config.Durable == "" {
				continue // of one replica, as long as it listens
			}
			gauge(consumerPending, float64(consumer.NumPending), of.Config.Name, consumer.Name)
			gauge(consumerUnacked, float64(consumer.NumAckPending), of.Config.Name, consumer.Name)
		}
	}
}

// showBroker shows the figures of the NATS at url on a port of this machine, until stop.
func showBroker(url string, port int) (stop func(), err error) {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(500*time.Millisecond), nats.Timeout(2*time.Second))
	if err != nil {
		return nil, fmt.Errorf("connect to NATS at %s: %w", url, err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		conn.Close()
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(brokerFigures{js})
	server := &http.Server{Handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return func() { server.Close(); conn.Close() }, nil
}
