package dapr

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/dapr/go-sdk/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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
func (s *Sidecar) Schedule(ctx context.Context, name string, due time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	job := sdk.NewJob(name, sdk.WithJobDueTime(due.UTC().Format(time.RFC3339Nano)), sdk.WithJobConstantFailurePolicyInterval(jobPause))
	job.Overwrite = true
	if err := s.sdk.ScheduleJob(ctx, job); err != nil {
		return down(fmt.Errorf("schedule job %s: %w", name, err))
	}
	return nil
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
