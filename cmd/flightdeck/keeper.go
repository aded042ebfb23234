package main

import (
	"context"

	"flightdeck/backends/local"
	"flightdeck/backends/local/job"
)

// keep is a job's keeper: the child's parent, which holds its listening socket and
// writes down how it ended.
func keep(dir string) int {
	return job.Keeper(context.Background(), dir, job.KeeperOptions{})
}

// supervise is a job's supervisor: it samples, follows and serves the tracking
// endpoint.
func supervise(dir string) int {
	return job.Supervisor(context.Background(), dir, job.SupervisorOptions{Tracker: local.NewTracker, Followers: followers()})
}
