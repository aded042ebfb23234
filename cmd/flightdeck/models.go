package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
)

func (c *cli) modelsVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use: "models", Short: "List registered models, their versions and aliases", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			models, err := c.allModels(cmd.Context())
			if err != nil {
				return err
			}
			return c.print(modelListing(models))
		},
	}
	cmd.AddCommand(c.registerVerb(), c.aliasVerb())
	return cmd
}

// allModels is the registered models of every source that has a registry.
func (c *cli) allModels(ctx context.Context) (all []backends.RegisteredModel, err error) {
	from, err := c.sources(ctx)
	if err != nil {
		return nil, err
	}
	var each []read
	for _, s := range from {
		l, ok := s.Backend.(backends.ModelLister)
		if !ok && s.err == nil {
			continue
		}
		r := read{source: s}
		if s.err == nil {
			ctx, stop := context.WithTimeout(ctx, c.patience)
			var models []backends.RegisteredModel
			models, r.err = l.Models(ctx)
			stop()
			all = append(all, models...)
		}
		each = append(each, r)
	}
	return all, c.complain(each)
}

func modelListing(models []backends.RegisteredModel) listing {
	l := listing{
		head: []string{"MODEL", "VERSION", "ALIASES", "RUN", "SOURCE", "CREATED"}, right: map[int]bool{1: true}, value: models,
		empty:   "no models registered; register one:  flightdeck models register RUN NAME",
		csvHead: []string{"model", "version", "aliases", "run_id", "source", "created"},
	}
	if models == nil {
		l.value = []backends.RegisteredModel{}
	}
	foreign := slices.ContainsFunc(models, func(m backends.RegisteredModel) bool { return m.Backend != "local" })
	if foreign {
		l.head, l.csvHead = append(l.head, "REGISTRY"), append(l.csvHead, "registry")
	}
	add := func(m backends.RegisteredModel, row, exactly []string) {
		if foreign {
			row, exactly = append(row, m.Backend), append(exactly, m.Backend)
		}
		l.rows, l.csvRows = append(l.rows, row), append(l.csvRows, exactly)
	}
	for _, m := range models {
		if len(m.Versions) == 0 {
			add(m, []string{m.Name, "–", "", "", "", stamp(m.Created)}, []string{m.Name, "", "", "", "", moment(m.Created)})
		}
		for _, v := range m.Versions {
			aliases := strings.Join(v.Aliases, " ")
			add(m, []string{m.Name, v.Version, aliases, short(v.Run), v.Source, stamp(v.Created)}, []string{m.Name, v.Version, aliases, v.Run, v.Source, moment(v.Created)})
		}
	}
	return l
}

// short is the beginning of an id that a person types.
func short(id string) string { return id[:min(8, len(id))] }

// shortOf is short for a run: one that is named by where it lies is named by all of it.
func shortOf(r *backends.Run) string {
	if len(r.ID) == 32 && strings.Trim(r.ID, "0123456789abcdef") == "" {
		return short(r.ID)
	}
	return r.ID
}

func (c *cli) registerVerb() *cobra.Command {
	artifact := ""
	cmd := &cobra.Command{
		Use: "register RUN MODEL", Short: "Make a new version of a model from a run's artifact", Args: cobra.ExactArgs(2),
		ValidArgsFunction: c.completeRunThen(c.completeModels),
		RunE: c.onRun(func(ctx context.Context, b backends.Backend, r *backends.Run, args []string) error {
			to, err := able[backends.ModelRegistrar](b, "register its models")
			if err != nil {
				return err
			}
			if artifact == "" {
				if artifact, err = modelArtifact(ctx, b, r); err != nil {
					return err
				}
			}
			p, err := to.PlanRegister(ctx, r.Ref(), args[0], artifact)
			return c.do(ctx, b, p, err)
		}),
	}
	cmd.Flags().StringVar(&artifact, "artifact", "", "the run's file or folder (default: where its model file is)")
	return cmd
}

// modelArtifact is the folder that the run's model lies in.
func modelArtifact(ctx context.Context, b backends.Backend, r *backends.Run) (string, error) {
	var files []backends.Artifact
	if l, ok := b.(backends.ArtifactLister); ok {
		var err error
		if files, err = l.Artifacts(ctx, r.Ref()); err != nil {
			return "", err
		}
	}
	for _, f := range files {
		switch path.Ext(f.Path) {
		case ".safetensors", ".onnx", ".pt", ".pkl":
			return path.Dir(f.Path), nil
		}
	}
	return "", fmt.Errorf("run %s has no model file among its artifacts; say which with --artifact: %w", r.Name, backends.ErrNotFound)
}

func (c *cli) aliasVerb() *cobra.Command {
	return &cobra.Command{
		Use: "alias MODEL ALIAS [VERSION]", Short: "Point an alias at a version; without one, remove it", Args: cobra.RangeArgs(2, 3),
		ValidArgsFunction: c.completeModels,
		RunE: func(cmd *cobra.Command, args []string) error {
			v := ""
			if len(args) == 3 {
				v = args[2]
				if n, err := strconv.Atoi(v); err != nil || n < 1 || v != strconv.Itoa(n) {
					return usageError("version %s: it is a number, from 1", v)
				}
			}
			b, err := c.registryOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			to, err := able[backends.ModelAliaser](b, "move its aliases")
			if err != nil {
				return err
			}
			p, err := to.PlanAlias(cmd.Context(), args[0], v, args[1])
			return c.do(cmd.Context(), b, p, err)
		},
	}
}

// registryOf is the source that has a model of that name.
func (c *cli) registryOf(ctx context.Context, model string) (backends.Backend, error) {
	all, err := c.allModels(ctx)
	if err != nil {
		return nil, err
	}
	var has []string
	for _, m := range all {
		if m.Name == model {
			has = append(has, m.Backend)
		}
	}
	switch len(has) {
	case 0:
		return nil, fmt.Errorf("model %s: %w", model, backends.ErrNotFound)
	case 1:
		from := c.fleet.all
		return from[slices.IndexFunc(from, func(s source) bool { return s.name == has[0] })].Backend, nil
	}
	return nil, usageError("%s is a model of %s; say which: -s %s", model, strings.Join(has, " and of "), has[0])
}
