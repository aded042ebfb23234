package main

import (
	"context"

	"flightdeck/backends"
	"flightdeck/backends/dvclive"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/lines"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/backends/hydra"
	"flightdeck/backends/lightning"
	"flightdeck/backends/local/train"
	"flightdeck/backends/mlflow"
	"flightdeck/backends/tensorboard"
	"flightdeck/backends/wandb"
	"flightdeck/tui"
	"flightdeck/views/experiments"
)

// formats is how other programs write runs into folders. Those whose folders hold
// files of others read these too.
type formats struct {
	board  tensorboard.Format
	wandb  wandb.Format
	dvc    dvclive.Format
	light  lightning.Format
	hydras hydra.Format
}

func allFormats() (f formats) {
	f.light = lightning.Format{Inner: []folder.Format{f.board}}
	f.hydras = hydra.Format{Inner: []folder.Format{f.light, f.board, f.wandb, f.dvc}}
	return f
}

// drivers are the backends beside local, in the order in which a name is looked up.
// The folders of one tree are shared out: what the first claims is not the next one's.
func drivers(tree *folder.Tree, root string, getenv func(string) string) []backends.Driver {
	f := allFormats()
	return []backends.Driver{
		inTree(tree, f.hydras),
		inTree(tree, f.light, f.hydras),
		inTree(tree, f.board, f.hydras, f.light),
		inTree(tree, f.wandb, f.hydras),
		inTree(tree, f.dvc, f.hydras),
		mlflow.Driver(root, getenv),
	}
}

// followers turn what a job's child writes into metrics: the same formats below its
// folder, and the lines that it prints. The built-in trainer needs none: it logs to
// its endpoint.
func followers() []backends.Follower {
	f := allFormats()
	return []backends.Follower{
		folder.Followers(
			folder.Source{Format: f.hydras},
			folder.Source{Format: f.light, Except: []folder.Format{f.hydras}},
			folder.Source{Format: f.board, Except: []folder.Format{f.hydras, f.light}},
			folder.Source{Format: f.wandb, Except: []folder.Format{f.hydras}},
			folder.Source{Format: f.dvc, Except: []folder.Format{f.hydras}},
		),
		lines.Follower(),
	}
}

// tabs are the tabs of one client, over the hub and the logs that all clients share.
func tabs(h *hub.Hub, shelf *tail.Shelf, from []backends.Backend, more ...func(*experiments.Desk)) []tui.Tab {
	desk := experiments.NewDesk(h, shelf, from, training())
	for _, m := range more {
		m(desk)
	}
	return []tui.Tab{
		experiments.Tab(desk),
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
