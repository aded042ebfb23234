package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"flightdeck/backends"
)

// newJobID is sortable by time, and random enough for many starters at once.
func newJobID(now time.Time) string {
	var b [3]byte
	_, _ = rand.Read(b[:])
	return now.UTC().Format("20060102-150405-") + hex.EncodeToString(b[:])
}

// PlanStart plans a job: a detached process whose runs appear in the store. What
// it would fail on at once is this plan's error; a command that is not there is a
// *CommandError.
func (l *Local) PlanStart(_ context.Context, spec backends.JobSpec) (backends.Plan, error) {
	if spec.Dir == "" {
		spec.Dir = l.o.Root
	}
	var err error
	if spec.Dir, err = filepath.Abs(spec.Dir); err != nil {
		return backends.Plan{}, fmt.Errorf("start in %s: %w", spec.Dir, err)
	}
	if err := l.checkSpec(spec); err != nil {
		return backends.Plan{}, fmt.Errorf("start: %w", err)
	}
	id := newJobID(l.o.Now())
	p := l.plan("jobs.start", "exec", "job", startBody{ID: id, Spec: spec}, backends.Ref{Backend: l.Name(), Kind: "job", ID: id, Name: spec.Title()})
	p.Title = "Start " + backends.Join(spec.Command)
	p.Summary = "Runs as a job of its own: it goes on when this program ends."
	p.Lines = []backends.Line{{Label: "command", Value: backends.Join(spec.Command)}, {Label: "in", Value: spec.Dir}}
	if spec.Experiment != "" {
		p.Lines = append(p.Lines, backends.Line{Label: "experiment", Value: spec.Experiment})
	}
	if len(spec.Data) > 0 {
		p.Lines = append(p.Lines, backends.Line{Label: "data", Value: strings.Join(spec.Data, " ")})
	}
	p.EquivCLI = "flightdeck run -- " + backends.Join(spec.Command)
	if spec.Command[0] == program {
		p.EquivCLI = backends.Join(spec.Command)
	}
	return p, nil
}

// PlanStop plans TERM, a grace period and KILL for each target's process tree.
func (l *Local) PlanStop(ctx context.Context, targets []backends.Ref) (backends.Plan, error) {
	var ids, names []string
	var refs []backends.Ref
	var most time.Duration
	for _, t := range targets {
		id, err := l.jobID(ctx, t)
		if err != nil {
			return backends.Plan{}, err
		}
		j, err := l.jobs.Get(ctx, id)
		if err != nil {
			return backends.Plan{}, err
		}
		if !j.Active() {
			return backends.Plan{}, fmt.Errorf("stop %s: it ended already (%s)", t, outcome(j))
		}
		if !slices.Contains(ids, id) {
			ids, names, refs, most = append(ids, id), append(names, t.String()), append(refs, t), max(most, grace(j.Spec))
		}
	}
	p := l.plan("runs.stop", "signal", "job", jobsBody{Jobs: ids}, refs...)
	p.Title = "Stop " + list(names)
	p.Summary = "Sends TERM to every process of the job, waits " + most.String() + ", then KILL to what is left."
	p.Risk = backends.Disruptive
	p.EquivCLI = "flightdeck stop " + words(refs)
	p.Lines = []backends.Line{{Label: "jobs", Value: list(ids)}}
	return p, nil
}

// PlanRestart plans the same command again as a new job; one that still runs is
// stopped first.
func (l *Local) PlanRestart(ctx context.Context, target backends.Ref) (backends.Plan, error) {
	return l.again(ctx, target, "runs.restart", false, nil)
}

// PlanRerun plans the command of a run with other arguments, as a new job beside
// it.
func (l *Local) PlanRerun(ctx context.Context, target backends.Ref, command []string) (backends.Plan, error) {
	if len(command) == 0 {
		return backends.Plan{}, fmt.Errorf("run %s again: no command given", target)
	}
	return l.again(ctx, target, "runs.rerun", false, command)
}

// PlanResume plans the command again, from its last checkpoint and into the same
// run.
func (l *Local) PlanResume(ctx context.Context, target backends.Ref) (backends.Plan, error) {
	return l.again(ctx, target, "runs.resume", true, nil)
}

func (l *Local) again(ctx context.Context, target backends.Ref, action string, resume bool, command []string) (backends.Plan, error) {
	id, err := l.jobID(ctx, target)
	if err != nil {
		return backends.Plan{}, err
	}
	j, err := l.jobs.Get(ctx, id)
	if err != nil {
		return backends.Plan{}, err
	}
	verb := strings.TrimPrefix(action, "runs.")
	body := startBody{ID: newJobID(l.o.Now()), Spec: j.Spec}
	body.Spec.Resume, body.Spec.Env = "", own(j.Spec.Env)
	if command != nil {
		body.Spec.Command = command
	}
	if err := l.checkSpec(body.Spec); err != nil {
		return backends.Plan{}, fmt.Errorf("%s %s: %w", verb, target, err)
	}
	if resume {
		if j.Active() {
			return backends.Plan{}, fmt.Errorf("resume %s: it is still running", target)
		}
		if err := l.unfinished(ctx, id, target); err != nil {
			return backends.Plan{}, err
		}
		if !l.hasCheckpoint(id) {
			return backends.Plan{}, fmt.Errorf("resume %s: it left no checkpoint in %s", target, l.checkpoints(id))
		}
		body.Spec.Resume = id
	} else if j.Active() && command == nil {
		body.Stop = id
	}
	p := l.plan(action, "exec", "job", body, target)
	p.Title = strings.ToUpper(verb[:1]) + verb[1:] + " " + target.String()
	p.Lines = []backends.Line{{Label: "command", Value: backends.Join(body.Spec.Command)}, {Label: "in", Value: j.Spec.Dir}}
	p.EquivCLI = "flightdeck " + verb + " " + word(target)
	switch {
	case command != nil:
		p.Title, p.EquivCLI = "Run "+target.String()+" again", "flightdeck run --dir "+backends.Quote(j.Spec.Dir)+" -- "+backends.Join(command)
		p.Summary = "Starts this command as a new run."
	case resume:
		p.Summary = "Goes on from the last checkpoint, into the same run."
	case body.Stop != "":
		p.Summary = "Stops it (TERM, " + grace(j.Spec).String() + ", KILL) and starts the same command as a new run."
		p.Risk = backends.Disruptive
	default:
		p.Summary = "Starts the same command as a new run."
	}
	return p, nil
}

// own is a job's environment without what was set for that one job.
func own(env map[string]string) map[string]string {
	out := maps.Clone(env)
	delete(out, envResumeDir)
	delete(out, envResumeRun)
	return out
}

// grace is how long the job has between TERM and KILL.
func grace(s backends.JobSpec) time.Duration {
	if s.Grace > 0 {
		return s.Grace
	}
	return 10 * time.Second
}

// word names a target on a command line that can be copied into a shell: by its
// name, or by its id where the name holds what a terminal would act on.
func word(r backends.Ref) string {
	name := r.String()
	if strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) || strings.HasPrefix(name, "-") {
		return r.ID
	}
	return backends.Quote(name)
}

func words(refs []backends.Ref) string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = word(r)
	}
	return strings.Join(out, " ")
}

// PlanDeleteJobs moves the folders of ended jobs to the trash; runs stay.
func (l *Local) PlanDeleteJobs(ctx context.Context, refs []backends.Ref) (backends.Plan, error) {
	var ids, names []string
	for _, r := range refs {
		j, err := l.jobs.Get(ctx, r.ID)
		if err != nil {
			return backends.Plan{}, err
		}
		if j.Active() {
			return backends.Plan{}, fmt.Errorf("delete job %s: it is %s; stop it first", j.Name, j.State)
		}
		ids, names = append(ids, j.ID), append(names, j.Name)
	}
	p := l.plan("jobs.delete", "file", "jobs/delete", jobsBody{Jobs: ids}, refs...)
	p.Title, p.Summary = "Delete job "+list(names), "Moves the job's folder with its output to the trash; its runs stay."
	p.EquivCLI = "flightdeck delete --jobs " + strings.Join(ids, " ")
	p.Risk = backends.Disruptive
	undo := l.plan("jobs.restore", "file", "jobs/restore", jobsBody{Jobs: ids}, refs...)
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return p, nil
}

// PlanRestoreJobs brings the folders of deleted jobs back from the trash.
func (l *Local) PlanRestoreJobs(_ context.Context, refs []backends.Ref) (backends.Plan, error) {
	var ids []string
	for _, r := range refs {
		if _, err := os.Stat(filepath.Join(l.dir(), "trash", filepath.Base(r.ID))); err != nil {
			return backends.Plan{}, fmt.Errorf("restore job %s: it is not in the trash: %w", r.ID, backends.ErrNotFound)
		}
		ids = append(ids, r.ID)
	}
	p := l.plan("jobs.restore", "file", "jobs/restore", jobsBody{Jobs: ids}, refs...)
	p.Title, p.Summary = "Restore job "+list(ids), "Brings the job's folder with its output back from the trash."
	p.EquivCLI = "flightdeck restore --jobs " + strings.Join(ids, " ")
	undo := l.plan("jobs.delete", "file", "jobs/delete", jobsBody{Jobs: ids}, refs...)
	undo.Title = "Undo: " + p.Title
	p.Undo = &undo
	return p, nil
}

// PlanClean lists what is stale; the plan removes exactly that.
func (l *Local) PlanClean(ctx context.Context) (backends.Plan, error) {
	stale, err := l.jobs.Stale(ctx)
	if err != nil {
		return backends.Plan{}, err
	}
	p := l.plan("jobs.clean", "file", "jobs/clean", stale)
	p.Title = fmt.Sprintf("Remove %d stale things", len(stale))
	p.Summary = "Removes exactly what is listed."
	p.Risk = backends.Destructive
	p.EquivCLI = "flightdeck doctor --clean"
	for _, s := range stale {
		p.Lines = append(p.Lines, backends.Line{Label: s.Path, Value: s.Why})
		p.Target = append(p.Target, backends.Ref{Backend: l.Name(), Kind: "stale", ID: s.Path})
	}
	return p, nil
}

func outcome(j *backends.Job) string {
	if j.Exit != nil {
		return j.Exit.String()
	}
	return string(j.State)
}
