package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/local"
	"flightdeck/backends/mlflow"
)

// source is a backend and where it reads; or why it could not be opened.
type source struct {
	backends.Backend // nil with err
	kind, where      string
	note             string
	err              error
	name             string
}

// settler is a backend whose first answers may lack what it has not read yet.
type settler interface {
	Settle(context.Context) error
}

// usualPatience is how long a verb waits for a source that has much to read, or that does
// not answer.
const usualPatience = 15 * time.Second

// inTree is the driver of a format whose runs lie in the workspace's tree. Nothing is
// read by Open; Find reads all.
func inTree(tree *folder.Tree, f folder.Format, except ...folder.Format) backends.Driver {
	open := func(_ context.Context, name string, _ backends.Config) (backends.Backend, error) {
		return folder.Open(name, tree, f, folder.Options{Except: except}), nil
	}
	return backends.Driver{Kind: f.Kind(), Open: open, Find: func(ctx context.Context) []backends.Found {
		b := folder.Open(f.Kind(), tree, f, folder.Options{Except: except})
		if err := b.Settle(ctx); err != nil {
			return nil
		}
		all, err := b.Runs(ctx, backends.RunFilter{})
		if err != nil || len(all) == 0 {
			return nil
		}
		return []backends.Found{{Kind: f.Kind(), Name: f.Kind(), Where: tree.Root(), Note: plural(len(all), "run") + ", newest " + stamp(all[0].Start)}}
	}}
}

// fleet is the sources of one workspace: its own, the formats in its tree, and what
// was found elsewhere.
type fleet struct {
	all  []source
	end  context.CancelFunc
	tree *folder.Tree
	late <-chan []source // what finding takes longer for; closed after one answer
}

// Close ends what the sources do in the background.
func (f *fleet) Close() error {
	f.end()
	var errs []error
	for _, s := range f.all {
		if c, ok := s.Backend.(io.Closer); ok && s.kind != "local" { // local is the cli's to close
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

func (f *fleet) backends() (out []backends.Backend) {
	for _, s := range f.all {
		if s.Backend != nil {
			out = append(out, s.Backend)
		}
	}
	return out
}

// openFleet opens what is there without waiting for anything: what must be looked
// for first comes through late.
func (c *cli) openFleet(ctx context.Context, lo *local.Local) *fleet {
	ctx, end := context.WithCancel(ctx)
	f := &fleet{end: end, all: []source{{Backend: lo, kind: "local", where: lo.Root(), name: lo.Name()}}}
	tree, err := folder.NewTree(ctx, lo.Root(), folder.TreeOptions{})
	if err != nil {
		f.all = append(f.all, source{name: "folders", kind: "folder", where: lo.Root(), err: err})
		late := make(chan []source)
		close(late)
		f.late = late
		return f
	}
	f.tree = tree
	var seek []backends.Driver
	for _, d := range drivers(tree, lo.Root(), os.Getenv) {
		if d.Kind == mlflow.Kind {
			seek = append(seek, d)
			continue
		}
		f.all = append(f.all, openSource(ctx, d, backends.Found{Kind: d.Kind, Name: d.Kind, Where: tree.Root()}))
	}
	taken := map[string]bool{}
	for _, s := range f.all {
		taken[s.name] = true
	}
	for _, d := range seek { // what was asked for by name is there at once
		for _, where := range c.from {
			if addressed(where) {
				name := unique(taken, addressName(where))
				f.all = append(f.all, openSource(ctx, d, backends.Found{Kind: d.Kind, Name: name, Where: where, Config: backends.Config{mlflow.KeyWhere: where}}))
			}
		}
	}
	late := make(chan []source, 1)
	f.late = late
	go func() {
		defer close(late)
		var out []source
		for _, d := range seek {
			for _, found := range d.Find(ctx) {
				found.Name = unique(taken, found.Name)
				out = append(out, openSource(ctx, d, found))
			}
		}
		late <- out
	}()
	return f
}

// wait takes over what was found meanwhile, up to d.
func (f *fleet) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case more := <-f.late:
		f.all = append(f.all, more...)
	case <-timer.C:
	case <-ctx.Done():
	}
}

func openSource(ctx context.Context, d backends.Driver, f backends.Found) source {
	b, err := d.Open(ctx, f.Name, f.Config)
	s := source{Backend: b, kind: d.Kind, where: f.Where, note: f.Note, err: err, name: f.Name}
	if err != nil {
		s.Backend = nil
	}
	return s
}

// addressed says that a -s is an address or a path to open, and no name.
func addressed(s string) bool { return strings.ContainsAny(s, "/:") }

// addressName is a name for what an address leads to.
func addressName(where string) string {
	_, rest, ok := strings.Cut(where, "://")
	if !ok {
		rest = where
	}
	rest = strings.Trim(rest, "/")
	if i := strings.IndexByte(rest, '@'); i >= 0 { // a password is no part of a name
		rest = rest[i+1:]
	}
	return strings.Map(func(r rune) rune {
		if r == '/' || r <= ' ' || r == 0x7f {
			return '-'
		}
		return r
	}, rest)
}

// unique is the name, with a number when it is taken.
func unique(taken map[string]bool, name string) string {
	if name == "" {
		name = mlflow.Kind
	}
	out := name
	for n := 2; taken[out]; n++ {
		out = fmt.Sprintf("%s-%d", name, n)
	}
	taken[out] = true
	return out
}

// sources opens the workspace and all that is found in and around it, once; those
// alone that -s names, if it does.
func (c *cli) sources(ctx context.Context) ([]source, error) {
	lo, err := c.workspace()
	if err != nil {
		return nil, err
	}
	c.from = distinct(c.from)
	if c.fleet == nil {
		c.fleet = c.openFleet(ctx, lo)
		c.fleet.wait(ctx, c.patience)
	}
	if len(c.from) == 0 {
		return c.fleet.all, nil
	}
	var out []source
	for _, want := range c.from {
		name := want
		if addressed(want) {
			name = addressName(want)
		}
		i := slices.IndexFunc(c.fleet.all, func(s source) bool { return s.name == name || s.where == want })
		if i < 0 {
			return nil, codeError{exitNotFound, fmt.Errorf("there is no source %s here; flightdeck sources lists them: %w", want, backends.ErrNotFound)}
		}
		out = append(out, c.fleet.all[i])
	}
	return out, nil
}

// distinct is the words, each once. Cobra reads the flags twice when it completes.
func distinct(words []string) (out []string) {
	for _, w := range words {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// read is what one source has.
type read struct {
	source
	runs []*backends.Run
}

// readAll asks every source for its runs, all at once. One that does not answer is
// its own error.
func (c *cli) readAll(ctx context.Context, from []source, f backends.RunFilter) []read {
	out := make([]read, len(from))
	var all sync.WaitGroup
	for i, s := range from {
		out[i].source = s
		l, ok := s.Backend.(backends.RunLister)
		if !ok {
			continue
		}
		all.Go(func() {
			ctx, stop := context.WithTimeout(ctx, c.patience)
			defer stop()
			if b, ok := s.Backend.(settler); ok {
				if err := b.Settle(ctx); err != nil {
					out[i].err = fmt.Errorf("not all was read within %s: %w", c.patience, err)
				}
			}
			runs, err := l.Runs(ctx, f)
			if out[i].runs = runs; err != nil {
				out[i].err = err
			}
		})
	}
	all.Wait()
	return out
}

// complain says on the error stream which sources did not answer; when it was asked
// for by name, that is the verb's error.
func (c *cli) complain(all []read) error {
	for _, r := range all {
		if r.err == nil {
			continue
		}
		err := fmt.Errorf("source %s: %w", r.name, r.err)
		if len(c.from) > 0 || r.kind == "local" {
			return err
		}
		fmt.Fprintln(c.err, "flightdeck: "+safe(err.Error()))
	}
	return nil
}

func (c *cli) completeSources(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	c.patience, c.from = hurry, nil // every source is offered, whatever the line names already
	all, err := c.sources(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, s := range all {
		words = append(words, described(s.name, s.kind+" "+s.where))
	}
	return offer(words, nil)
}
