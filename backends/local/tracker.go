package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"flightdeck/backends"
	"flightdeck/backends/local/job"
	"flightdeck/backends/local/provenance"
	"flightdeck/backends/local/store"
	"flightdeck/backends/local/track"
)

// tracker is what a job's supervisor knows of the store: the endpoint that the
// child talks to, and the runs that the child made through it. It acts under the
// grant of the plan that started the job.
type tracker struct {
	http.Handler
	st    *store.Store
	job   *backends.Job
	grant backends.Grant

	making  sync.Mutex // held while the job's own run is made: there is one at most
	logging sync.Mutex // held while samples are logged, so that their steps rise

	mu       sync.Mutex
	runs     []string         // those that this job made, in order
	pending  []backends.Usage // samples that came before there was a run
	samples  int64            // the step of the next system metric
	held     held             // what followers found before there was a run
	children []*childRun      // that followers asked for

	spoke    atomic.Bool // the child made a run itself
	followed *followed
}

// NewTracker opens the store of the job's workspace. It is the supervisor's
// SupervisorOptions.Tracker.
func NewTracker(j *backends.Job, token string, grant backends.Grant) (job.Tracker, error) {
	root := filepath.Dir(filepath.Dir(j.Dir)) // …/.flightdeck/jobs/<id>
	st, err := store.Open(root, store.Options{})
	if err != nil {
		return nil, err
	}
	t := &tracker{st: st, job: j, grant: grant, followed: newFollowed(j)}
	own, _ := ownRun(j)
	known, err := st.Runs(context.Background(), backends.RunFilter{Job: j.ID})
	if err != nil {
		return nil, err
	}
	for _, r := range known { // a supervisor that was restarted goes on with them
		if r.Tag(tagFollowed) != "" {
			t.children = append(t.children, &childRun{t: t, key: r.Tag(tagFollowed), name: r.Name, id: r.ID, made: true})
			continue
		}
		if r.ID != own {
			t.spoke.Store(true)
		}
		t.runs = append([]string{r.ID}, t.runs...)
		if m, ok := r.Metric("system/cpu_utilization_percentage"); ok {
			t.samples = max(t.samples, m.Step+1)
		}
	}
	if old := j.Spec.Env[envResumeRun]; len(t.runs) == 0 && old != "" {
		t.resume(old)
	}
	t.Handler = track.Handler(st, track.Options{Token: token, Grant: grant, Job: j.ID, OnRun: t.made, OnMetrics: t.followed.logged})
	return t, nil
}

// resume makes an old run this job's: its output, its stop and its end are this
// job's from now on. One that was deleted meanwhile is left to the child, which
// then begins a new one.
func (t *tracker) resume(id string) {
	ctx := t.ctx(context.Background())
	r, err := t.st.Run(ctx, id)
	if err != nil || r.ID != id || r.Deleted {
		return
	}
	if err := t.st.SetTags(ctx, id, []backends.Tag{{Key: backends.TagJob, Value: t.job.ID}}); err != nil {
		return
	}
	if r.Exit != "" {
		_ = t.st.DeleteTags(ctx, id, []string{backends.TagExit}) // how it ended before is not how it ends
	}
	t.runs = []string{id}
	if m, ok := r.Metric("system/cpu_utilization_percentage"); ok {
		t.samples = m.Step + 1
	}
}

func (t *tracker) ctx(ctx context.Context) context.Context { return backends.WithGrant(ctx, t.grant) }

// Close lets go of the store.
func (t *tracker) Close() error { return t.st.Close() }

// made is told of a run that the child made through its endpoint.
func (t *tracker) made(id string) {
	t.spoke.Store(true)
	t.adopt(id)
}

// tagUndescribed says why a run does not say where it comes from.
const tagUndescribed = "flightdeck.provenance.error"

// adopt writes down, on a run that the child has just made, where it comes from.
func (t *tracker) adopt(id string) {
	t.mu.Lock()
	t.runs = append(t.runs, id)
	t.mu.Unlock()
	if err := t.describe(t.ctx(context.Background()), id); err != nil {
		_ = t.st.SetTags(t.ctx(context.Background()), id, []backends.Tag{{Key: tagUndescribed, Value: err.Error()}})
	}
}

func (t *tracker) describe(ctx context.Context, id string) error {
	dir := filepath.Join(t.job.Dir, provenanceDir)
	prov, err := provenance.Read(dir)
	if err != nil {
		return err
	}
	tags := []backends.Tag{
		{Key: backends.TagCommand, Value: backends.Join(prov.Command)},
		{Key: backends.TagHost, Value: prov.Host},
		{Key: backends.TagJob, Value: t.job.ID},
	}
	if prov.GitCommit != "" {
		tags = append(tags, backends.Tag{Key: backends.TagGitCommit, Value: prov.GitCommit}, backends.Tag{Key: backends.TagGitBranch, Value: prov.GitBranch},
			backends.Tag{Key: backends.TagChanged, Value: strconv.Itoa(len(prov.Changed) + len(prov.Untracked))})
	}
	if prov.Seed != "" {
		tags = append(tags, backends.Tag{Key: backends.TagSeed, Value: prov.Seed})
	}
	for k, v := range t.job.Spec.Tags {
		tags = append(tags, backends.Tag{Key: k, Value: v})
	}
	if err := t.st.SetTags(ctx, id, tags); err != nil {
		return err
	}
	if len(prov.Data) > 0 {
		if err := t.st.LogInputs(ctx, id, prov.Data); err != nil {
			return err
		}
	}
	return t.keep(ctx, id, dir)
}

// keep copies the recorded files into the run's artifacts, so that the run can be
// made again after the job's folder is gone.
func (t *tracker) keep(ctx context.Context, id, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("keep provenance: %w", err)
	}
	for _, e := range entries {
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return fmt.Errorf("keep provenance: %w", err)
		}
		_, err = t.st.PutArtifact(ctx, id, path.Join(provenanceDir, e.Name()), f)
		f.Close()
		if err != nil {
			return fmt.Errorf("keep provenance: %w", err)
		}
	}
	return nil
}

// last is the run that the child made last, "" while there is none.
func (t *tracker) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.runs); n > 0 {
		return t.runs[n-1]
	}
	return ""
}

// ensure is the run that what the child did not log itself belongs to: the last
// one that it made, else one of the job's own.
func (t *tracker) ensure(ctx context.Context) (string, error) {
	t.making.Lock()
	defer t.making.Unlock()
	if id := t.last(); id != "" {
		return id, nil
	}
	id, name := ownRun(t.job)
	r, err := t.st.CreateRun(ctx, store.NewRun{
		ID: id, Experiment: t.job.Spec.Experiment, Name: name, Start: t.job.Started, Job: t.job.ID, User: t.grant.Actor,
	})
	var known *store.Error
	if errors.As(err, &known) && known.Code == store.AlreadyExists { // it was deleted meanwhile, or made before a supervisor died
		return id, nil
	}
	if err != nil {
		return "", fmt.Errorf("make the job's own run: %w", err)
	}
	t.adopt(r.ID)
	return r.ID, nil
}

// Ended closes what the child left open: its last samples, and the status of the
// runs that still say RUNNING.
func (t *tracker) Ended(ctx context.Context, exit backends.Exit) error {
	ctx = t.ctx(ctx)
	if t.job.Spec.Service && t.last() == "" {
		return nil
	}
	id, err := t.ensure(ctx)
	if err != nil {
		return err
	}
	if err := t.log(ctx, id, nil); err != nil {
		return err
	}
	if err := t.release(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	ids, children := slices.Clone(t.runs), slices.Clone(t.children)
	t.mu.Unlock()
	for _, c := range children {
		if err := c.finish(ctx); err != nil {
			return err
		}
		if c.exists() {
			ids = append(ids, c.id)
		}
	}
	for _, id := range ids {
		r, err := t.st.Run(ctx, id)
		if err != nil {
			return err
		}
		up := store.RunUpdate{Exit: exit.String()}
		if r.Active() {
			up.Status, up.End = statusOf(exit), exit.At
		}
		if err := t.st.UpdateRun(ctx, id, up); err != nil {
			return err
		}
	}
	return nil
}

func statusOf(e backends.Exit) backends.RunStatus {
	switch {
	case e.Known && e.Signal == "" && e.Code == 0:
		return backends.RunFinished
	case strings.HasPrefix(e.Signal, "SIG"):
		return backends.RunKilled
	}
	return backends.RunFailed
}
