package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/local"
	"flightdeck/backends/local/store"
	"flightdeck/backends/mlflow"
	"flightdeck/backends/transfer"
)

// origin is a backend to copy from, and what it is called in the tags of the copies:
// a name that somebody chose may mean another place tomorrow.
type origin struct {
	backends.Backend
	origin string
	runs   []*backends.Run
}

// sourceRuns are runs of a source that are named, or all of them.
func (c *cli) sourceRuns(ctx context.Context, from string, names []string) ([]*backends.Run, error) {
	origins, end, err := c.origins(ctx, from)
	if err != nil {
		return nil, err
	}
	defer end()
	var all []*backends.Run
	for _, o := range origins {
		all = append(all, o.runs...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no runs: %w", from, backends.ErrNotFound)
	}
	if len(names) == 0 {
		return all, nil
	}
	var out []*backends.Run
	for _, n := range names {
		r, err := c.oneRun(all, n)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, fmt.Errorf("run %s in %s: %w", n, from, backends.ErrNotFound)
		}
		out = append(out, r)
	}
	return out, nil
}

// origins opens what a person names and reads which runs are there: the name of a
// source, a URL, a file, another workspace, a tree of files.
func (c *cli) origins(ctx context.Context, from string) ([]origin, func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	found, err := c.openOrigins(ctx, from)
	end := func() {
		cancel()
		for _, o := range found {
			if closer, ok := o.Backend.(interface{ Close() error }); ok && !c.owned(o.Backend) {
				_ = closer.Close() // it was only read
			}
		}
	}
	for i := range found {
		if err == nil {
			err = found[i].read(ctx)
		}
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return found, end, nil
}

// owned are the backends of the fleet, which the program closes in the end.
func (c *cli) owned(b backends.Backend) bool {
	return c.fleet != nil && slices.ContainsFunc(c.fleet.all, func(s source) bool { return s.Backend == b })
}

func (o *origin) read(ctx context.Context) error {
	l, ok := o.Backend.(backends.RunLister)
	if !ok {
		return fmt.Errorf("source %s has no runs", o.Name())
	}
	if s, ok := o.Backend.(settler); ok {
		if err := s.Settle(ctx); err != nil {
			return fmt.Errorf("source %s: %w", o.Name(), err)
		}
	}
	runs, err := l.Runs(ctx, backends.RunFilter{})
	o.runs = runs
	return err
}

func (c *cli) openOrigins(ctx context.Context, from string) ([]origin, error) {
	if !strings.ContainsAny(from, "/:.") || from == "" {
		if _, err := os.Stat(from); err != nil {
			return c.namedOrigin(ctx, from)
		}
	}
	lo, err := c.workspace()
	if err != nil {
		return nil, err
	}
	server, path, err := mlflow.Where(from)
	if err != nil {
		return nil, usageError("import %s: %w", from, err)
	}
	if server != "" {
		return oneOrigin(mlflow.Driver("", os.Getenv).Open(ctx, addressName(server), backends.Config{mlflow.KeyWhere: server}))
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("import %s: %w", from, backends.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("import: %w", err)
	case !fi.IsDir():
		return oneOrigin(mlflow.Driver("", os.Getenv).Open(ctx, filepath.Base(path), backends.Config{mlflow.KeyWhere: path}))
	}
	if root := strings.TrimSuffix(path, string(filepath.Separator)+local.Folder); isWorkspace(root) {
		if root == lo.Root() {
			return nil, usageError("import %s: it is this workspace", from)
		}
		other, err := local.Open(local.Options{Root: root, ReadOnly: true})
		if err != nil {
			return nil, err
		}
		return []origin{{Backend: other, origin: root}}, nil
	}
	return treeOrigins(ctx, path)
}

func oneOrigin(b backends.Backend, err error) ([]origin, error) {
	if err != nil {
		return nil, err
	}
	return []origin{{Backend: b}}, nil
}

// namedOrigin is one of the sources of this workspace.
func (c *cli) namedOrigin(ctx context.Context, name string) ([]origin, error) {
	all, err := c.sources(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(s source) bool { return s.name == name })
	switch {
	case i < 0:
		return nil, fmt.Errorf("%s is neither a path nor a source; flightdeck sources lists these: %w", name, backends.ErrNotFound)
	case all[i].err != nil:
		return nil, fmt.Errorf("source %s: %w", name, all[i].err)
	case all[i].kind == "local":
		return nil, usageError("import %s: it is this workspace", name)
	}
	return []origin{{Backend: all[i].Backend, origin: all[i].where}}, nil
}

// treeOrigins is every format that has runs in a tree.
func treeOrigins(ctx context.Context, root string) ([]origin, error) {
	tree, err := folder.NewTree(ctx, root, folder.TreeOptions{})
	if err != nil {
		return nil, err
	}
	var out []origin
	nothing := func(string) string { return "" } // the environment is no part of the tree
	for _, d := range drivers(tree, root, nothing) {
		for _, f := range d.Find(ctx) {
			b, err := d.Open(ctx, f.Name, f.Config)
			if err != nil {
				return out, err
			}
			out = append(out, origin{Backend: b, origin: f.Where})
		}
	}
	return out, nil
}

func isWorkspace(dir string) bool {
	fi, err := os.Stat(filepath.Join(dir, local.Folder, "store.db"))
	return err == nil && fi.Mode().IsRegular()
}

// importRuns is what the store's import does: it is handed to the workspace, which
// knows no other backend.
func (c *cli) importRuns(ctx context.Context, st *store.Store, spec local.ImportSpec, report func(backends.Progress)) (string, error) {
	origins, end, err := c.origins(ctx, spec.From)
	if err != nil {
		return "", err
	}
	defer end()
	to, err := newStoreDestination(ctx, st)
	if err != nil {
		return "", err
	}
	left := map[string]bool{}
	for _, id := range spec.Runs {
		left[id] = true
	}
	var reports []*transfer.Report
	for _, from := range origins {
		o := transfer.Options{Origin: from.origin, Experiment: spec.Experiment, Models: true, Progress: report}
		for _, r := range from.runs {
			if left[r.ID] {
				delete(left, r.ID)
				o.Runs = append(o.Runs, r)
			}
		}
		if len(o.Runs) == 0 {
			continue
		}
		done, err := transfer.Run(ctx, from.Backend, to, o)
		if err != nil {
			return "", err
		}
		reports = append(reports, done)
	}
	for id := range left {
		return "", fmt.Errorf("run %s in %s: %w: it went since", id, spec.From, backends.ErrStale)
	}
	return noted(reports...)
}
