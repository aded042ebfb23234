package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/local/provenance"
)

// apply shows the plan (--dry-run), asks before what cannot be undone, and sends
// it under this client's grant. A dry run returns a zero receipt and no error.
func (c *cli) apply(ctx context.Context, b backends.Backend, p backends.Plan) (backends.Receipt, error) {
	if c.dryRun {
		return backends.Receipt{}, c.showPlan(p)
	}
	a, ok := b.(backends.Applier)
	if !ok {
		return backends.Receipt{}, fmt.Errorf("%s cannot be changed", b.Name())
	}
	for _, r := range p.Requests { // who may not is told so before being asked anything; the transports hold it
		if err := backends.CheckRisk(c.granted(ctx), r.Verb, p.Title, p.Risk); err != nil {
			return backends.Receipt{}, err
		}
	}
	if p.Risk == backends.Destructive && !c.yes {
		if err := c.confirm(p); err != nil {
			return backends.Receipt{}, err
		}
	}
	for _, why := range p.Against {
		fmt.Fprintln(c.err, "flightdeck: note: "+safe(why))
	}
	bar := c.newBar(safe(p.Title))
	defer bar.done()
	return a.Apply(c.granted(ctx), p, bar.progress)
}

// do applies a plan and says what happened.
func (c *cli) do(ctx context.Context, b backends.Backend, p backends.Plan, err error) error {
	if err != nil {
		return err
	}
	r, err := c.apply(ctx, b, p)
	if err != nil || c.dryRun {
		return err
	}
	if c.format == "json" {
		return c.json(r)
	}
	_, err = fmt.Fprintln(c.out, safe(p.Title+": "+r.Note))
	return err
}

func (c *cli) showPlan(p backends.Plan) error {
	p = masked(p)
	if c.format == "json" {
		return c.json(p)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  %s\n", p.Title, p.Summary)
	row := func(label, value string) { fmt.Fprintf(&b, "  %-12s  %s\n", label, value) }
	for _, a := range p.Against {
		row("against it", a)
	}
	for _, l := range p.Lines {
		row(l.Label, l.Value)
	}
	for _, r := range p.Requests {
		row("does", fmt.Sprintf("%s %s %s", r.Verb, r.Target, r.Body))
	}
	if p.Precondition.Note != "" {
		row("valid if", p.Precondition.Note)
	}
	if p.EquivCLI != "" {
		row("same as", p.EquivCLI)
	}
	row("risk", p.Risk.String())
	if p.Undo != nil {
		row("undo", "yes")
	}
	_, err := fmt.Fprint(c.out, safe(b.String()))
	return err
}

// masked is the plan without the secrets of a job's environment: what is printed
// ends in logs.
func masked(p backends.Plan) backends.Plan {
	p.Requests = append([]backends.Request(nil), p.Requests...)
	for i, r := range p.Requests {
		var body map[string]json.RawMessage
		var spec backends.JobSpec
		if json.Unmarshal(r.Body, &body) != nil || body["spec"] == nil || json.Unmarshal(body["spec"], &spec) != nil || spec.Env == nil {
			continue
		}
		spec.Env = provenance.Mask(spec.Env)
		doc, err := json.Marshal(spec)
		if err == nil {
			body["spec"] = doc
			doc, err = json.Marshal(body)
		}
		if err != nil { // it was JSON before, so it can be written as such
			panic(err)
		}
		p.Requests[i].Body = doc
	}
	return p
}

// confirm asks on a terminal; anywhere else --yes must say so.
func (c *cli) confirm(p backends.Plan) error {
	if !isTerminal(c.in) {
		return usageError("%s cannot be undone: say --yes", strings.ToLower(p.Title))
	}
	if err := c.showPlan(p); err != nil {
		return err
	}
	fmt.Fprint(c.err, "type yes to go on: ")
	answer, _ := bufio.NewReader(c.in).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		return codeError{exitFailed, errors.New("left as it was")}
	}
	return nil
}
