package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"marketplace/shared/dapr"
	"marketplace/shared/events"
	"marketplace/shared/service"
)

// planKey is the environment variable that makes this program one of the floor's. It holds a work.
const planKey = "FLOOR_PLAN"

// floorApp is one of them, in the place of the service whose name it was started by.
type floorApp struct {
	sidecar         *dapr.Sidecar
	calls           calls
	document, event []byte
	purchases       atomic.Int64
}

func runFloor(text string) {
	name := filepath.Base(os.Args[0])
	service.Main(name, func(ctx context.Context, log *slog.Logger) error {
		var plan work
		var cfg service.Settings
		if err := json.Unmarshal([]byte(text), &plan); err != nil {
			return err
		}
		if err := service.Load(&cfg); err != nil {
			return err
		}
		sidecar, err := dapr.Connect(cfg.Config)
		if err != nil {
			return err
		}
		defer sidecar.Close()
		f := &floorApp{sidecar: sidecar, calls: plan.Calls[name], document: []byte(strings.Repeat("x", plan.Document))}
		f.event, _ = json.Marshal(strings.Repeat("x", plan.Event))
		return service.Serve(ctx, cfg, log, f.routes())
	})
}

// routes has an empty answer to everything that a sidecar delivers, and one way in for who sets the pace.
func (f *floorApp) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dapr/subscribe", func(w http.ResponseWriter, _ *http.Request) {
		subscriptions := []map[string]string{}
		for call := range f.calls {
			if to, ok := strings.CutPrefix(call, "delivery/"); ok {
				component, topic, _ := strings.Cut(to, "/")
				subscriptions = append(subscriptions, map[string]string{"pubsubname": component, "topic": topic, "route": "/event"})
			}
		}
		_ = json.NewEncoder(w).Encode(subscriptions)
	})
	mux.HandleFunc("POST /purchase", func(w http.ResponseWriter, r *http.Request) {
		if err := f.purchase(r.Context(), f.purchases.Add(1)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"SUCCESS"}`)
	})
	return mux
}

// purchase makes the calls of the n-th purchase.
func (f *floorApp) purchase(ctx context.Context, n int64) error {
	id := fmt.Sprintf("floor-%d", n)
	if err := f.state(ctx, id, due(f.calls["state_get"], n), due(f.calls["state_save"], n)); err != nil {
		return err
	}
	for _, call := range slices.Sorted(maps.Keys(f.calls)) {
		for range due(f.calls[call], n) {
			if err := f.make(ctx, call, id); err != nil {
				return fmt.Errorf("%s: %w", call, err)
			}
		}
	}
	return nil
}

// due is how many of per calls a purchase, a fraction perhaps, fall to the n-th.
func due(per float64, n int64) int {
	return int(math.Floor(per*float64(n)+1e-6) - math.Floor(per*float64(n-1)+1e-6))
}

// state reads and writes a document in turn, each write under the ETag of the read before it.
func (f *floorApp) state(ctx context.Context, key string, gets, saves int) error {
	for i := range max(gets, saves) {
		var item dapr.Item
		var err error
		at := key
		if i < gets {
			if item, err = f.sidecar.Load(ctx, key); err != nil {
				return err
			}
		} else {
			at = fmt.Sprintf("%s-%d", key, i)
		}
		if i < saves {
			if err := f.sidecar.Save(ctx, at, f.document, item.ETag, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// make makes a call of any other kind.
func (f *floorApp) make(ctx context.Context, call, id string) error {
	kind, with, _ := strings.Cut(call, "/")
	switch {
	case kind == "publish":
		return f.sidecar.Publish(ctx, events.Event{ID: rand.Text(), Type: "floor", Subject: id, Topic: with, Data: f.event})
	case kind == "invocation":
		return f.sidecar.Invoke(ctx, with, http.MethodPost, "/nothing", nil, nil)
	case call == "job/set":
		return f.sidecar.Schedule(ctx, id, time.Now().Add(time.Hour))
	case call == "job/delete":
		return f.sidecar.Unschedule(ctx, id)
	}
	return nil // state is seen to, and deliveries and rings come by themselves
}
