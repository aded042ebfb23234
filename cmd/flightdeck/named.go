package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

// candidate is one of several things that a name may have meant.
type candidate struct {
	id      string
	started time.Time
}

// mostCandidates that a refusal lists.
const mostCandidates = 10

// ambiguous refuses to guess: a verb that picks one of several changes the wrong
// one sooner or later. says is what the name and the things have in common.
func (c *cli) ambiguous(name, says, noun string, of []candidate) error {
	var list []string
	for _, k := range of[:min(len(of), mostCandidates)] {
		list = append(list, fmt.Sprintf("%s (%s)", k.id, c.clock(k.started)))
	}
	if n := len(of) - len(list); n > 0 {
		list = append(list, fmt.Sprintf("and %d more", n))
	}
	return usageError("%s %s %s; give an id: %s", name, says, plural(len(of), noun), strings.Join(list, ", "))
}

// clock is when something started, without the day where that is today.
func (c *cli) clock(t time.Time) string {
	if !t.IsZero() && t.Local().Format(time.DateOnly) == c.now().Local().Format(time.DateOnly) {
		return t.Local().Format(time.TimeOnly)
	}
	return stamp(t)
}

func candidateRuns(all []*backends.Run) []candidate {
	n := idLength(all)
	var out []candidate
	for _, r := range all {
		id := shortOf(r)
		if id != r.ID {
			id = r.ID[:n]
		}
		if r.Backend != all[0].Backend || r.Backend != "local" {
			id += " -s " + r.Backend
		}
		out = append(out, candidate{id, r.Start})
	}
	return out
}

func candidateJobs(all []*backends.Job) []candidate {
	var out []candidate
	for _, j := range all {
		out = append(out, candidate{j.ID, j.Started})
	}
	return out
}

// idLength is how much of the ids tells all of these runs apart, at least what the
// lists show.
func idLength(all []*backends.Run) int {
	n := len(short(strings.Repeat("0", 32)))
	for seen := map[string]bool{}; n < 32; n++ {
		clear(seen)
		for _, r := range all {
			seen[r.ID[:min(n, len(r.ID))]] = true
		}
		if len(seen) == len(all) {
			break
		}
	}
	return n
}

// oneRun finds the one run of those that a name means: by its id, by its name, or
// by a beginning of its id, in this order. It is nil when there is none.
func (c *cli) oneRun(all []*backends.Run, name string) (*backends.Run, error) {
	for _, by := range []struct {
		says  string
		named bool
		is    func(*backends.Run) bool
	}{
		{"is the id of", false, func(r *backends.Run) bool { return r.ID == name }},
		{"names", true, func(r *backends.Run) bool { return r.Name == name }},
		{"begins the ids of", false, func(r *backends.Run) bool { return strings.HasPrefix(r.ID, name) }},
	} {
		hits := slices.DeleteFunc(slices.Clone(all), func(r *backends.Run) bool { return name == "" || !by.is(r) })
		if by.named {
			hits = originals(hits)
		}
		switch len(hits) {
		case 0:
			continue
		case 1:
			return hits[0], nil
		}
		return nil, c.ambiguous(name, by.says, "run", candidateRuns(hits))
	}
	return nil, nil
}

// originals is the runs without those that reproduce one of them: they are called
// the same when the command says the name, and the name means the one that was
// there first.
func originals(all []*backends.Run) []*backends.Run {
	return slices.DeleteFunc(slices.Clone(all), func(r *backends.Run) bool {
		of := r.Tag(tagReproduces)
		return of != "" && slices.ContainsFunc(all, func(o *backends.Run) bool { return o.ID == of })
	})
}

// run finds the run that a verb names; one that is deleted only where no other has
// the name.
func (c *cli) run(ctx context.Context, lo *local.Local, name string) (*backends.Run, error) {
	if name == "" {
		return nil, usageError("the name of a run is empty; flightdeck runs lists them")
	}
	r, err := lo.Run(ctx, name)
	if errors.Is(err, backends.ErrNotFound) || err == nil && r.Name != name {
		return r, err
	}
	deleted := []bool{false, true}
	if err == nil {
		deleted = []bool{r.Deleted}
	}
	var all []*backends.Run
	for _, d := range deleted {
		some, listErr := lo.Runs(ctx, backends.RunFilter{Deleted: d})
		if listErr != nil {
			return nil, listErr
		}
		all = append(all, some...)
	}
	if one, oneErr := c.oneRun(all, name); oneErr != nil || one != nil {
		return one, oneErr
	}
	return r, err
}

// anyRun finds the run that a verb names among those of all sources, and its source.
// An id of this workspace needs no look at the others.
func (c *cli) anyRun(ctx context.Context, name string) (backends.Backend, *backends.Run, error) {
	lo, err := c.workspace()
	if err != nil {
		return nil, nil, err
	}
	from, err := []source{{Backend: lo, kind: "local", name: lo.Name()}}, error(nil)
	if len(c.from) > 0 {
		if from, err = c.sources(ctx); err != nil {
			return nil, nil, err
		}
	}
	var mine *backends.Run
	mineErr := fmt.Errorf("run %s: %w", name, backends.ErrNotFound)
	if slices.ContainsFunc(from, func(s source) bool { return s.kind == "local" }) {
		mine, mineErr = c.run(ctx, lo, name)
		if mineErr == nil && mine.ID == name || mineErr != nil && !errors.Is(mineErr, backends.ErrNotFound) {
			return lo, mine, mineErr
		}
	}
	if from, err = c.sources(ctx); err != nil {
		return nil, nil, err
	}
	each := c.readAll(ctx, slices.DeleteFunc(slices.Clone(from), func(s source) bool { return s.kind == "local" }), backends.RunFilter{})
	var others []*backends.Run
	for _, r := range each {
		others = append(others, r.runs...)
	}
	theirs, err := c.oneRun(others, name)
	switch {
	case err != nil:
		return nil, nil, err
	case theirs == nil && mineErr != nil:
		if err := c.complain(each); err != nil {
			return nil, nil, err
		}
		return nil, nil, mineErr
	case theirs == nil:
		return lo, mine, nil
	case mine == nil || exactly(theirs, name) && !exactly(mine, name):
		i := slices.IndexFunc(each, func(r read) bool { return r.name == theirs.Backend })
		return each[i].Backend, theirs, nil
	case exactly(mine, name) && !exactly(theirs, name), slices.Contains(backends.Twins(mine), anonymous(theirs.Ref())):
		return lo, mine, nil
	}
	return nil, nil, c.ambiguous(name, "names", "run", candidateRuns([]*backends.Run{mine, theirs}))
}

// anonymous is a run's Ref by what identifies it alone.
func anonymous(ref backends.Ref) backends.Ref {
	ref.Name = ""
	return ref
}

// exactly says that a name is all of a run's name or id.
func exactly(r *backends.Run, name string) bool { return r.ID == name || r.Name == name }

// target finds what a verb names: a job by id, its unique beginning or its name,
// else a run the same way.
func (c *cli) target(ctx context.Context, lo *local.Local, name string) (backends.Ref, error) {
	if name == "" {
		return backends.Ref{}, usageError("the name of a run or job is empty; flightdeck runs and flightdeck ps -a list them")
	}
	jobs, err := lo.Jobs(ctx)
	if err != nil {
		return backends.Ref{}, err
	}
	if i := slices.IndexFunc(jobs, func(j *backends.Job) bool { return j.ID == name }); i >= 0 {
		return jobs[i].Ref(), nil
	}
	r, err := c.run(ctx, lo, name)
	if err == nil && (r.ID == name || r.Name == name) {
		return r.Ref(), nil
	}
	if err != nil && !errors.Is(err, backends.ErrNotFound) {
		return backends.Ref{}, err
	}
	hits := slices.DeleteFunc(slices.Clone(jobs), func(j *backends.Job) bool { return !strings.HasPrefix(j.ID, name) })
	switch {
	case len(hits) == 0 && err == nil:
		return r.Ref(), nil
	case len(hits) == 1 && err != nil:
		return hits[0].Ref(), nil
	case len(hits) > 0 && err == nil:
		return backends.Ref{}, usageError("%s is the beginning of more than one id, of job %s among them; give more of it", name, hits[0].ID)
	case len(hits) > 1:
		return backends.Ref{}, c.ambiguous(name, "begins the ids of", "job", candidateJobs(hits))
	}
	named := slices.DeleteFunc(slices.Clone(jobs), func(j *backends.Job) bool { return j.Name != name })
	switch len(named) {
	case 0:
		return backends.Ref{}, fmt.Errorf("%s is neither a job nor a run here: %w", name, backends.ErrNotFound)
	case 1:
		return named[0].Ref(), nil
	}
	return backends.Ref{}, c.ambiguous(name, "names", "job", candidateJobs(named))
}

func (c *cli) targets(ctx context.Context, lo *local.Local, names []string) ([]backends.Ref, error) {
	var refs []backends.Ref
	for _, n := range names {
		r, err := c.target(ctx, lo, n)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(refs, r) {
			refs = append(refs, r)
		}
	}
	return refs, nil
}
