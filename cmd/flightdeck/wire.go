package main

import (
	"context"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/backends/local"
	"flightdeck/backends/local/train"
	"flightdeck/tui"
	"flightdeck/views/experiments"
)

// followers turn files that a job's child writes into metrics. The built-in
// trainer needs none: it logs to its endpoint.
func followers() []backends.Follower { return nil }

// sources are the backends of one workspace, in the order in which a name is
// looked up. local is always first.
func sources(lo *local.Local) []backends.Backend { return []backends.Backend{lo} }

// tabs are the tabs of one client, over the hub and the logs that all clients share.
func tabs(h *hub.Hub, shelf *tail.Shelf, from []backends.Backend) []tui.Tab {
	return []tui.Tab{
		experiments.Tab(experiments.NewDesk(h, shelf, from, training())),
	}
}

// router sends a plan to the backend that made it, under the client's grant.
func router(from []backends.Backend, grant func(context.Context) context.Context, h *hub.Hub) func(context.Context, backends.Plan, func(backends.Progress)) (backends.Receipt, error) {
	return func(ctx context.Context, p backends.Plan, report func(backends.Progress)) (backends.Receipt, error) {
		for _, b := range from {
			if a, ok := b.(backends.Applier); ok && b.Name() == p.Backend {
				r, err := a.Apply(grant(ctx), p, report)
				h.Poke(b.Name(), "")
				return r, err
			}
		}
		return backends.Receipt{}, &backends.DeniedError{Transport: p.Backend, What: p.Title}
	}
}

// training is the built-in trainer, as the experiments tab offers it.
func training() *experiments.Training {
	return &experiments.Training{
		Models: train.Tasks(),
		Params: func(task string) []experiments.TrainParam {
			var out []experiments.TrainParam
			for _, p := range train.Params(task) {
				if p.Param || p.Name == "throttle" {
					out = append(out, experiments.TrainParam{
						Name: p.Name, Default: p.Default, Help: p.Help, Min: p.Min, Max: p.Max, Integer: p.Kind == train.Int, Options: p.Choices,
					})
				}
			}
			return out
		},
		Command: func(task string, values map[string]string) []string {
			cmd := []string{"flightdeck", "train", task}
			for _, p := range train.Params(task) {
				if v, ok := values[p.Name]; ok && v != p.Default {
					cmd = append(cmd, "--"+p.Name, v)
				}
			}
			return cmd
		},
	}
}
