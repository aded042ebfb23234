package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local"
)

// measured is one Go benchmark and its goal.
type measured struct {
	pkg, name string
	what      string
	limit     time.Duration // 0: no goal
	noAllocs  bool
	perSecond float64 // at least; of the metric points/s that the benchmark reports
}

// benchmarks are the figures that are measured inside one process.
func benchmarks() []measured {
	return []measured{
		{pkg: "./tui/widget/chart/pyramid", name: "BenchmarkDrawMillion", what: "rasterise 1,000,000 points into a reused buffer", limit: 2 * time.Millisecond, noAllocs: true},
		{pkg: "./backends/local/store", name: "BenchmarkAppend", what: "append metric points in batches of 1,000 of one metric, one process", perSecond: 500_000},
		{pkg: "./backends/local/store", name: "BenchmarkAppend/keys=1000", what: "  the same, each point of another metric", perSecond: 500_000},
		{pkg: "./backends/local/store", name: "BenchmarkReadBack", what: "read back 100,000 points", limit: 50 * time.Millisecond},
		{pkg: "./backends/hub/tail", name: "BenchmarkSearch/literal/none", what: "literal search over 1,000,000 lines", limit: 300 * time.Millisecond},
		{pkg: "./backends/hub/tail", name: "BenchmarkSearch/regexp/first", what: "regexp over 1,000,000 lines, first hits", limit: 300 * time.Millisecond},
		{pkg: "./cmd/bench", name: "BenchmarkKeyAlone", what: "key to frame of an App alone (the renderer's tick included)"},
		{pkg: "./cmd/bench", name: "BenchmarkKeyBesideBlocked", what: "key to frame beside an App whose terminal takes nothing"},
		{pkg: "./tui/widget/table", name: "BenchmarkKeyToFrame", what: "key to frame of the table alone, 10,000 rows × 52 columns"},
	}
}

var result = regexp.MustCompile(`(?m)^(Benchmark\S+?)(?:-\d+)?\s+(\d+)\s+([\d.]+) ns/op(.*)$`)

// inside runs the Go benchmarks.
func (b *bench) inside(ctx context.Context) error {
	b.t.head("inside")
	for _, m := range benchmarks() {
		name, _, _ := strings.Cut(m.name, "/")
		out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^"+name, "-benchmem", "-benchtime", "1s", m.pkg).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %s: %w\n%s", m.pkg, m.name, err, out)
		}
		if err := b.report(m, string(out)); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) report(m measured, out string) error {
	for _, f := range result.FindAllStringSubmatch(out, -1) {
		if !strings.HasPrefix(f[1], m.name) {
			continue
		}
		ns, err := strconv.ParseFloat(f[3], 64)
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(f[2])
		took := time.Duration(ns)
		r := row{what: m.what, got: ms(took), n: n, ok: true, note: strings.Join(strings.Fields(f[4]), " ")}
		switch {
		case m.perSecond > 0:
			per := field(f[4], "points/s")
			r.got, r.goal, r.ok = fmt.Sprintf("%.0f points/s", per), fmt.Sprintf("≥ %.0f", m.perSecond), per >= m.perSecond
		case m.limit > 0:
			r.goal, r.ok = "≤ "+ms(m.limit), took <= m.limit
		}
		if m.noAllocs && field(f[4], "allocs/op") != 0 {
			r.ok = false
			r.goal += " and 0 allocs"
		}
		b.t.add(r)
		return nil
	}
	return fmt.Errorf("%s: no result of %s in\n%s", m.pkg, m.name, out)
}

// field is the number before a unit in a benchmark's line; -1 when it is not there.
func field(line, unit string) float64 {
	words := strings.Fields(line)
	for i, w := range words {
		if w == unit && i > 0 {
			v, err := strconv.ParseFloat(words[i-1], 64)
			if err == nil {
				return v
			}
		}
	}
	return -1
}

// jobs measures what a job costs beside its child.
func (b *bench) jobs(ctx context.Context) error {
	b.t.head("jobs")
	start := time.Now()
	if out, err := exec.CommandContext(ctx, b.bin, "-C", b.small, "run", "-d", "--", "sleep", "30").CombinedOutput(); err != nil {
		return fmt.Errorf("run: %w\n%s", err, out)
	}
	b.t.add(row{what: "flightdeck run -d, whole process until the child runs", got: ms(time.Since(start)), n: 1})
	lo, err := local.Open(local.Options{Root: b.small, Exe: []string{b.bin}})
	if err != nil {
		return err
	}
	defer lo.Close()
	jobs, err := lo.Jobs(ctx)
	if err != nil {
		return err
	}
	pause(ctx, 3*time.Second)
	var kb int64
	for _, pid := range pidsOf(jobs[0].Dir) {
		kb += pss(pid)
	}
	b.t.add(row{what: "memory of keeper and supervisor together (PSS)", got: fmt.Sprintf("%.1f MB", float64(kb)/1000), goal: "≤ 25 MB", ok: kb > 0 && kb <= 25_000, n: 1})
	p, err := lo.PlanStop(ctx, []backends.Ref{jobs[0].Ref()})
	if err != nil {
		return err
	}
	_, err = lo.Apply(granted(ctx), p, nil)
	return err
}
