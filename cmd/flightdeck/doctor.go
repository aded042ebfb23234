package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"flightdeck/backends/local"
)

func (c *cli) doctorVerb() *cobra.Command {
	clean := false
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check the workspace: the store's integrity, its files, the jobs, the programs it uses", Args: cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lo, err := c.workspace()
			if f, damaged := local.Damage(err); damaged {
				return c.findings([]local.Finding{f})
			}
			if err != nil {
				return err
			}
			if clean {
				return c.clean(cmd.Context(), lo)
			}
			return c.doctor(cmd.Context(), lo)
		},
	}
	cmd.Flags().BoolVar(&clean, "clean", false, "remove what is stale; listed first")
	return cmd
}

func (c *cli) clean(ctx context.Context, lo *local.Local) error {
	p, err := lo.PlanClean(ctx)
	if err != nil {
		return err
	}
	if len(p.Target) == 0 {
		_, err := fmt.Fprintln(c.out, "nothing is stale")
		return err
	}
	if c.yes && !c.dryRun && c.format != "json" { // the list comes first, always
		if err := c.showPlan(p); err != nil {
			return err
		}
	}
	return c.do(ctx, lo, p, nil)
}

func (c *cli) doctor(ctx context.Context, lo *local.Local) error {
	bar := c.newBar("checking the store")
	findings, err := lo.Doctor(ctx, bar.progress)
	bar.done()
	if err != nil {
		return err
	}
	return c.findings(findings)
}

func (c *cli) findings(findings []local.Finding) error {
	l := listing{head: []string{"CHECK", "RESULT", "WHAT TO DO"}, value: findings}
	bad := 0
	for _, f := range findings {
		if f.Bad {
			bad++
		}
		l.rows = append(l.rows, []string{f.Check, f.Result, f.Fix})
	}
	if err := c.print(l); err != nil {
		return err
	}
	if bad > 0 {
		return codeError{exitDiffers, fmt.Errorf("%s found", plural(bad, "problem"))}
	}
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
