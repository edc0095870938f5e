package dapr

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"marketplace/shared/trace"
)

// jobPause is the time between two tries of a job that failed.
const jobPause = 2 * time.Second

// Scheduler rings at a time, through POST /job/<name>, until it is answered. It never rings early; how late, nobody
// promises. A name can be scheduled again, which moves it. Both return Unavailable when nobody answers.
type Scheduler interface {
	Schedule(ctx context.Context, name string, due time.Time) error
	Unschedule(ctx context.Context, name string) error
}

// Schedule implements Scheduler. The job is repeated without limit: the default policy gives up after three seconds,
// and the timer with it.
func (s *Sidecar) Schedule(ctx context.Context, name string, due time.Time) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	job := sdk.NewJob(name, sdk.WithJobDueTime(due.UTC().Format(time.RFC3339Nano)), sdk.WithJobConstantFailurePolicyInterval(jobPause))
	job.Overwrite = true
	if job.Data, err = data(ctx); err != nil {
		return fmt.Errorf("schedule job %s: %w", name, err)
	}
	if err = s.sdk.ScheduleJob(ctx, job); err != nil {
		return down(fmt.Errorf("schedule job %s: %w", name, err))
	}
	return nil
}

// Set is what a job brings back when it rings: as part of what it was set, and when.
type Set struct {
	TraceParent string    `json:"traceparent,omitempty"`
	At          time.Time `json:"at,omitzero"`
}

// data is a Set as the scheduler keeps it, and a sidecar hands it on: JSON.
func data(ctx context.Context) (*anypb.Any, error) {
	value, err := structpb.NewValue(map[string]any{"traceparent": trace.Parent(ctx), "at": time.Now().UTC().Format(time.RFC3339Nano)})
	if err != nil {
		return nil, err
	}
	return anypb.New(value)
}

// Unschedule implements Scheduler. A job that is not there is as good as deleted.
func (s *Sidecar) Unschedule(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if err := s.sdk.DeleteJob(ctx, name); err != nil && status.Code(err) != codes.NotFound {
		return down(fmt.Errorf("delete job %s: %w", name, err))
	}
	return nil
}
