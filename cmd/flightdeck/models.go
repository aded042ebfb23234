package main

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

func (c *cli) modelsVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use: "models", Short: "List registered models, their versions and aliases", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lo, err := c.workspace()
			if err != nil {
				return err
			}
			models, err := lo.Models(cmd.Context())
			if err != nil {
				return err
			}
			return c.print(modelListing(models))
		},
	}
	cmd.AddCommand(c.registerVerb(), c.aliasVerb())
	return cmd
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
	for _, m := range models {
		if len(m.Versions) == 0 {
			l.rows = append(l.rows, []string{m.Name, "–", "", "", "", stamp(m.Created)})
			l.csvRows = append(l.csvRows, []string{m.Name, "", "", "", "", moment(m.Created)})
		}
		for _, v := range m.Versions {
			aliases := strings.Join(v.Aliases, " ")
			l.rows = append(l.rows, []string{m.Name, v.Version, aliases, short(v.Run), v.Source, stamp(v.Created)})
			l.csvRows = append(l.csvRows, []string{m.Name, v.Version, aliases, v.Run, v.Source, moment(v.Created)})
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
		RunE: c.onRun(func(ctx context.Context, lo *local.Local, r *backends.Run, args []string) error {
			if artifact == "" {
				var err error
				if artifact, err = modelArtifact(ctx, lo, r); err != nil {
					return err
				}
			}
			p, err := lo.PlanRegister(ctx, r.Ref(), args[0], artifact)
			return c.do(ctx, lo, p, err)
		}),
	}
	cmd.Flags().StringVar(&artifact, "artifact", "", "the run's file or folder (default: where its model file is)")
	return cmd
}

// modelArtifact is the folder that the run's model lies in.
func modelArtifact(ctx context.Context, lo *local.Local, r *backends.Run) (string, error) {
	files, err := lo.Artifacts(ctx, r.Ref())
	if err != nil {
		return "", err
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
			lo, err := c.workspace()
			if err != nil {
				return err
			}
			v := ""
			if len(args) == 3 {
				v = args[2]
				if n, err := strconv.Atoi(v); err != nil || n < 1 || v != strconv.Itoa(n) {
					return usageError("version %s: it is a number, from 1", v)
				}
			}
			p, err := lo.PlanAlias(cmd.Context(), args[0], v, args[1])
			return c.do(cmd.Context(), lo, p, err)
		},
	}
}
