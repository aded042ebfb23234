package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

// onRun is a verb about the run that its first argument names, of any source; args
// are the rest.
func (c *cli) onRun(do func(ctx context.Context, b backends.Backend, r *backends.Run, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		b, r, err := c.anyRun(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return do(cmd.Context(), b, r, args[1:])
	}
}

// able is the backend as the capability T, or the refusal of one that has it not;
// does is what T would have done: "tag its runs".
func able[T any](b backends.Backend, does string) (T, error) {
	t, ok := b.(T)
	if ok {
		return t, nil
	}
	if _, changes := b.(backends.Applier); changes {
		return t, fmt.Errorf("source %s cannot %s: %w", b.Name(), does, backends.ErrReadOnly)
	}
	return t, codeError{exitRefused, fmt.Errorf("%s reads in place and changes nothing", b.Name())}
}

func (c *cli) tagVerb() *cobra.Command {
	return &cobra.Command{
		Use: "tag RUN KEY=VALUE… KEY-…", Short: "Set tags, or remove them with a trailing minus", Args: cobra.MinimumNArgs(2),
		ValidArgsFunction: c.completeRunThen(cobra.NoFileCompletions),
		RunE: c.onRun(func(ctx context.Context, b backends.Backend, r *backends.Run, args []string) error {
			var set []backends.Tag
			var remove []string
			for _, a := range args {
				if k, v, ok := strings.Cut(a, "="); ok && k != "" {
					set = append(set, backends.Tag{Key: k, Value: v})
				} else if k, ok := strings.CutSuffix(a, "-"); ok && k != "" {
					remove = append(remove, k)
				} else {
					return usageError("tag %s: write KEY=VALUE, or KEY- to remove it", a)
				}
			}
			return c.setTags(ctx, b, r, set, remove)
		}),
	}
}

func (c *cli) setTags(ctx context.Context, b backends.Backend, r *backends.Run, set []backends.Tag, remove []string) error {
	to, err := able[backends.RunTagger](b, "tag its runs")
	if err != nil {
		return err
	}
	p, err := to.PlanTags(ctx, r.Ref(), set, remove)
	return c.do(ctx, b, p, err)
}

func (c *cli) noteVerb() *cobra.Command {
	return &cobra.Command{
		Use: "note RUN [TEXT…]", Short: "Write a run's note; without text, print it", Args: cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeRunThen(cobra.NoFileCompletions),
		RunE: c.onRun(func(ctx context.Context, b backends.Backend, r *backends.Run, args []string) error {
			if len(args) > 0 {
				return c.setTags(ctx, b, r, []backends.Tag{{Key: backends.TagNote, Value: strings.Join(args, " ")}}, nil)
			}
			note := r.Tag(backends.TagNote)
			if c.format == "json" {
				return c.json(map[string]string{"run_id": r.ID, "note": note})
			}
			_, err := fmt.Fprintln(c.out, safe(note))
			return err
		}),
	}
}

// kindError says that a verb for runs was given a job, or the other way round.
func kindError(verb string, ref backends.Ref) error {
	if ref.Kind == "job" {
		return usageError("%s is a job: %s --jobs is for jobs", ref.ID, verb)
	}
	return usageError("%s is a run: --jobs takes the ids of jobs (flightdeck ps -a)", ref)
}

func (c *cli) deleteVerb() *cobra.Command {
	jobs := false
	cmd := &cobra.Command{
		Use: "delete RUN…", Short: "Delete runs; restore brings them back", Args: cobra.MinimumNArgs(1), ValidArgsFunction: c.completeRuns(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if jobs {
				return c.deleteJobs(cmd.Context(), args)
			}
			b, refs, err := c.oneSource(cmd.Context(), args, c.runToDelete)
			if err != nil {
				return err
			}
			to, err := able[backends.RunDeleter](b, "delete its runs")
			if err != nil {
				return err
			}
			p, err := to.PlanDelete(cmd.Context(), refs)
			return c.do(cmd.Context(), b, p, err)
		},
	}
	cmd.Flags().BoolVar(&jobs, "jobs", false, "delete the folders of ended jobs instead; their runs stay")
	return cmd
}

// runToDelete finds a run; the name of a job is refused as such.
func (c *cli) runToDelete(ctx context.Context, name string) (backends.Backend, *backends.Run, error) {
	b, r, err := c.anyRun(ctx, name)
	if !errors.Is(err, backends.ErrNotFound) {
		return b, r, err
	}
	lo, openErr := c.workspace()
	if openErr != nil {
		return nil, nil, openErr
	}
	ref, jobErr := c.target(ctx, lo, name)
	switch {
	case jobErr == nil && ref.Kind == "job":
		return nil, nil, kindError("delete", ref)
	case jobErr != nil && len(c.from) == 0:
		return nil, nil, jobErr
	}
	return nil, nil, err
}

func (c *cli) deleteJobs(ctx context.Context, names []string) error {
	lo, err := c.workspace()
	if err != nil {
		return err
	}
	refs, err := c.targets(ctx, lo, names)
	if err != nil {
		return err
	}
	for _, r := range refs {
		if r.Kind != "job" {
			return kindError("delete", r)
		}
	}
	p, err := lo.PlanDeleteJobs(ctx, refs)
	return c.do(ctx, lo, p, err)
}

// oneSource finds runs by name, which must be of one source: a plan changes one.
func (c *cli) oneSource(ctx context.Context, names []string, find func(context.Context, string) (backends.Backend, *backends.Run, error)) (of backends.Backend, refs []backends.Ref, err error) {
	for _, name := range names {
		b, r, err := find(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if of != nil && of.Name() != b.Name() {
			return nil, nil, usageError("%s is of source %s, and the runs before it are of %s; name those of one", name, b.Name(), of.Name())
		}
		if of = b; !slices.Contains(refs, r.Ref()) {
			refs = append(refs, r.Ref())
		}
	}
	return of, refs, nil
}

func (c *cli) restoreVerb() *cobra.Command {
	jobs := false
	cmd := &cobra.Command{
		Use: "restore RUN…", Short: "Bring deleted runs back", Args: cobra.MinimumNArgs(1), ValidArgsFunction: c.completeRuns(true),
		RunE: func(cmd *cobra.Command, args []string) error {
			if jobs {
				return c.restoreJobs(cmd.Context(), args)
			}
			b, refs, err := c.oneSource(cmd.Context(), args, c.deletedRun)
			if err != nil {
				return err
			}
			to, err := able[backends.RunRestorer](b, "restore its runs")
			if err != nil {
				return err
			}
			p, err := to.PlanRestore(cmd.Context(), refs)
			return c.do(cmd.Context(), b, p, err)
		},
	}
	cmd.Flags().BoolVar(&jobs, "jobs", false, "the folders of deleted jobs instead, by their whole ids")
	return cmd
}

func (c *cli) restoreJobs(ctx context.Context, ids []string) error {
	lo, err := c.workspace()
	if err != nil {
		return err
	}
	var refs []backends.Ref
	for _, id := range ids { // they are in the trash: there is nothing to look them up in
		refs = append(refs, backends.Ref{Backend: lo.Name(), Kind: "job", ID: id})
	}
	p, err := lo.PlanRestoreJobs(ctx, refs)
	return c.do(ctx, lo, p, err)
}

// deletedRun finds the run that restore names: among the deleted ones first, since
// another may have got the name meanwhile; those of this workspace before all.
func (c *cli) deletedRun(ctx context.Context, name string) (backends.Backend, *backends.Run, error) {
	lo, err := c.workspace()
	if err != nil {
		return nil, nil, err
	}
	if len(c.from) == 0 {
		if r, err := c.deletedHere(ctx, lo, name); err != nil || r != nil {
			return lo, r, err
		}
	}
	from, err := c.sources(ctx)
	if err != nil {
		return nil, nil, err
	}
	each := c.readAll(ctx, from, backends.RunFilter{Deleted: true})
	var all []*backends.Run
	for _, r := range each {
		all = append(all, r.runs...)
	}
	r, err := c.oneRun(all, name)
	switch {
	case err != nil:
		return nil, nil, err
	case r != nil:
		return each[slices.IndexFunc(each, func(s read) bool { return s.name == r.Backend })].Backend, r, nil
	}
	return c.anyRun(ctx, name) // it is there: the plan says that it is not deleted
}

func (c *cli) deletedHere(ctx context.Context, lo *local.Local, name string) (*backends.Run, error) {
	all, err := lo.Runs(ctx, backends.RunFilter{Deleted: true})
	if err != nil {
		return nil, err
	}
	return c.oneRun(all, name)
}
