package fake

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"flightdeck/backends"
)

// Runs makes a workspace of n runs that look as people's do, and are the same
// every time: of every eight the first two are training, four are finished, the
// seventh diverged and the eighth ended with exit 1. Each has params, metrics,
// histories, a job with output and usage, provenance and artifacts; the best
// finished one is registered as the model "digits".
func Runs(n int) *Backend {
	s := State{
		Experiments: []backends.Experiment{
			{ID: "0", Name: "Default", Created: Now().Add(-48 * time.Hour), Updated: Now().Add(-48 * time.Hour)},
			{ID: "1", Name: "digits", Created: Now().Add(-time.Hour), Updated: Now(), RunCount: n},
		},
		Usage: map[string][]backends.Usage{}, Logs: map[string][]backends.LogLine{},
		Artifacts: map[string]map[string][]byte{}, Provenance: map[string]backends.Provenance{},
	}
	trainings := make(map[string]*training, n)
	for i := range n {
		t := newTraining(i)
		trainings[t.run.ID] = t
		s.Runs = append(s.Runs, t.run)
		s.Jobs = append(s.Jobs, t.job)
		s.Usage[t.job.ID] = t.usage()
		s.Logs[t.job.ID] = t.log()
		s.Provenance[t.run.ID] = t.provenance()
		s.Artifacts[t.run.ID] = t.artifacts()
	}
	s.MakeHistory = func(r *backends.Run, key string) *backends.History { return trainings[r.ID].history(key) }
	if n > 2 {
		s.Models = []backends.RegisteredModel{registered(s.Runs[2])}
	}
	return New("local", s)
}

func registered(r *backends.Run) backends.RegisteredModel {
	at := Now().Add(-10 * time.Second)
	return backends.RegisteredModel{
		Name: "digits", Description: "8×8 digits, a small MLP", Created: at, Updated: at, Backend: "local",
		Aliases:  map[string]string{"candidate": "1"},
		Versions: []backends.ModelVersion{{Model: "digits", Version: "1", Run: r.ID, Source: "model/model.json", Created: at, Aliases: []string{"candidate"}}},
	}
}

// training is one run in the making.
type training struct {
	i             int
	run           *backends.Run
	job           *backends.Job
	lr            float64
	width, batch  int
	epochs, total int // done, planned
	diverges      bool
	fails         bool
}

const perEpoch = 39 // optimiser steps

func newTraining(i int) *training {
	names := [...]string{"brisk-otter", "calm-heron", "dapper-lynx", "eager-finch", "fleet-gecko", "gentle-ibis", "hasty-mole", "idle-newt"}
	lrs := [...]float64{0.01, 0.03, 0.01, 0.003, 0.003, 0.001, 3, 0.01}
	widths := [...]int{128, 128, 64, 64, 32, 32, 128, 128}
	done := [...]int{18, 21, 30, 30, 30, 30, 4, 0}
	started := [...]int{19, 19, 32, 33, 33, 46, 46, 46} // seconds before Now
	k := i % 8
	t := &training{i: i, lr: lrs[k], width: widths[k], batch: 32, epochs: done[k], total: 30, diverges: k == 6, fails: k == 7}
	if t.fails {
		t.batch = 0
	}
	round := i / 8
	name := names[k]
	if round > 0 {
		name = fmt.Sprintf("%s-%d", name, round+1)
		t.lr *= 1 + 0.1*float64(round%7)
	}
	start := Now().Add(-time.Duration(started[k]+60*round) * time.Second)
	t.makeRun(name, start)
	t.makeJob(name, start)
	return t
}

func (t *training) makeRun(name string, start time.Time) {
	r := &backends.Run{
		ID: fmt.Sprintf("%032x", 0xf11d000+t.i), Name: name, Experiment: "1", ExpName: "digits", Backend: "local", Status: backends.RunFinished,
		Start: start, End: start.Add(14 * time.Second), User: "ada", Job: fmt.Sprintf("20261124-1230-%04d", t.i), Rev: 1,
	}
	r.Params = []backends.Param{
		{Key: "batch", Value: fmt.Sprint(t.batch)},
		{Key: "epochs", Value: fmt.Sprint(t.total)},
		{Key: "l2", Value: "1e-4"},
		{Key: "lr", Value: fmt.Sprintf("%.4g", t.lr)},
		{Key: "seed", Value: fmt.Sprint(11 + t.i)},
		{Key: "width", Value: fmt.Sprint(t.width)},
	}
	r.Tags = []backends.Tag{
		{Key: backends.TagGitCommit, Value: commit},
		{Key: backends.TagGitBranch, Value: "main"},
		{Key: backends.TagJob, Value: r.Job},
		{Key: "team", Value: []string{"vision", "research"}[t.i%2]},
	}
	switch {
	case t.fails:
		r.Status, r.Exit, r.End = backends.RunFailed, "exit 1", start
	case t.diverges:
		r.Status, r.Diverged, r.End = backends.RunFailed, "val_loss is NaN at epoch 4", start.Add(2*time.Second)
	case t.epochs < t.total:
		r.Status, r.End = backends.RunRunning, time.Time{}
	}
	slices.SortFunc(r.Tags, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) })
	t.run = r
	if t.epochs > 0 {
		for _, key := range [...]string{"epoch", "loss", "val_acc", "val_loss"} {
			step, at, v := t.point(key, t.points(key)-1)
			r.Metrics = append(r.Metrics, backends.Metric{Key: key, Value: v, Step: step, Time: at})
		}
	}
}

func (t *training) makeJob(name string, start time.Time) {
	r := t.run
	j := &backends.Job{
		ID: r.Job, Name: name, Backend: "local", State: backends.JobExited, PID: 4121 + t.i, Started: start, Ended: r.End, Runs: []string{r.ID},
		Dir: "/home/ada/digits-lab/.flightdeck/jobs/" + r.Job, Exit: &backends.Exit{Known: true, At: r.End},
		Spec: backends.JobSpec{Name: name, Dir: "/home/ada/digits-lab", Command: t.command(), Data: []string{"data/digits.csv"}},
	}
	switch {
	case r.Active():
		u := t.usage()
		j.State, j.Exit, j.Usage = backends.JobRunning, nil, &u[len(u)-1]
	case t.fails, t.diverges:
		j.Exit.Code = 1
	}
	t.job = j
}

func (t *training) command() []string {
	return []string{"flightdeck", "train", "digits", "--lr", fmt.Sprintf("%.4g", t.lr), "--width", fmt.Sprint(t.width), "--batch", fmt.Sprint(t.batch), "--seed", fmt.Sprint(11 + t.i)}
}

const commit = "4f1c2aa0b6d1e3c59d7788aa90cc11ee22ff3344"

func (t *training) provenance() backends.Provenance {
	return backends.Provenance{
		Command: t.command(), Dir: "/home/ada/digits-lab", Host: "workbench", OS: "linux/amd64", Version: "dev", Seed: fmt.Sprint(11 + t.i),
		GitCommit: commit, GitBranch: "main", GitRoot: "/home/ada/digits-lab", Changed: []string{"model.py", "train.py"}, Untracked: []string{"notes.md"},
		Env:  map[string]string{"HOME": "/home/ada", "LANG": "en_US.UTF-8", "WANDB_API_KEY": backends.Masked},
		Data: []backends.Dataset{{Name: "digits", Digest: "sha256:9e1b0c77a5d2f4e6", SourceType: "local", Source: "data/digits.csv"}},
	}
}

func (t *training) artifacts() map[string][]byte {
	if t.fails {
		return nil
	}
	conf, err := json.Marshal(map[string]any{"lr": t.lr, "width": t.width, "batch": t.batch, "epochs": t.total})
	if err != nil { // numbers, and none of them NaN
		panic(err)
	}
	files := map[string][]byte{"config.json": conf, "confusion.csv": []byte("class,0,1\n0,178,1\n1,0,181\n")}
	if t.epochs == t.total {
		files["model/model.json"] = fmt.Appendf(nil, `{"layers":[64,%d,10]}`, t.width)
	}
	return files
}

func (t *training) log() []backends.LogLine {
	text := []string{fmt.Sprintf("digits: 1,437 to train, 360 to validate; width %d, batch %d", t.width, t.batch)}
	for e := range t.epochs {
		_, _, acc := t.point("val_acc", e)
		_, _, loss := t.point("val_loss", e)
		text = append(text, fmt.Sprintf("epoch=%d val_acc=%.4f val_loss=%.4f", e+1, acc, loss))
	}
	switch {
	case t.fails:
		text = append(text, "Traceback (most recent call last):", "ZeroDivisionError: batch must be at least 1")
	case t.diverges:
		text = append(text, "loss is NaN: stopping")
	}
	lines := make([]backends.LogLine, len(text))
	for i, s := range text {
		lines[i] = backends.LogLine{Seq: int64(i), Time: t.run.Start.Add(time.Duration(i) * 460 * time.Millisecond), Stream: "stdout", Text: []byte(s)}
	}
	return lines
}

func (t *training) usage() []backends.Usage {
	out := make([]backends.Usage, 1+t.epochs)
	for i := range out {
		out[i] = backends.Usage{
			At: t.run.Start.Add(time.Duration(i) * time.Second / 2), CPU: 0.85 + 0.1*t.noise("cpu", i), Memory: int64(38<<20) + int64(i)<<16,
			WriteBytes: int64(i) << 14, Processes: 1,
		}
	}
	return out
}

// points is how many points the metric has: loss is logged at each step, the
// others after each epoch.
func (t *training) points(key string) int {
	if key == "loss" {
		return t.epochs * perEpoch
	}
	return t.epochs
}

// point computes the i-th point of a metric, from 0.
func (t *training) point(key string, i int) (step, at int64, v float64) {
	every := 1
	if key != "loss" {
		every = perEpoch
	}
	step = int64((i + 1) * every)
	epoch := float64(step) / perEpoch
	at = t.run.Start.Add(time.Duration(epoch * 0.46 * float64(time.Second))).UnixMilli()
	// The better the learning rate, the faster it falls; the wider, the lower it ends.
	speed := 0.35 * math.Exp(-math.Pow(math.Log10(t.lr/0.015), 2))
	floor := 0.07 + 3/float64(t.width+30)
	loss := floor + (2.3-floor)*math.Exp(-speed*epoch)
	switch {
	case key == "epoch":
		return step, at, epoch
	case t.diverges && key == "val_acc":
		return step, at, 0.1056
	case t.diverges && epoch >= 4:
		return step, at, math.NaN()
	case t.diverges:
		return step, at, 2.3 * math.Pow(4, epoch)
	case key == "val_acc":
		return step, at, math.Round((1-loss/3.2)*360+t.noise(key, i)) / 360
	}
	return step, at, loss * (1 + 0.08*t.noise(key, i))
}

// noise is between -1 and 1, and the same for the same run, key and point.
func (t *training) noise(key string, i int) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return 2*rand.New(rand.NewPCG(h.Sum64(), uint64(t.i)<<32|uint64(i))).Float64() - 1
}

func (t *training) history(key string) *backends.History {
	n := t.points(key)
	p := backends.Points{Step: make([]int64, n), Time: make([]int64, n), Value: make([]float64, n)}
	for i := range n {
		p.Step[i], p.Time[i], p.Value[i] = t.point(key, i)
	}
	h := &backends.History{Key: key}
	h.Append(p)
	return h
}
