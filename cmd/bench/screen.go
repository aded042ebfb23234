package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"flightdeck/tui/tuitest/terminal"
)

const (
	width, height = 160, 45
	patience      = 30 * time.Second
)

// open starts the program on a workspace and waits for its rows.
func (b *bench) open(ws, until string) (*terminal.Program, time.Duration, error) {
	p, err := terminal.Start(terminal.Options{Args: []string{b.bin, "-C", ws}, W: width, H: height})
	if err != nil {
		return nil, 0, err
	}
	took, err := p.WaitFor(func(s string) bool { return strings.Contains(s, until) }, patience)
	if err != nil {
		p.Close()
		return nil, 0, err
	}
	return p, took, nil
}

// start measures the first frame with rows in it, beside the empty program's.
func (b *bench) start(context.Context) error {
	b.t.head("start, " + fmt.Sprintf("%d×%d", width, height))
	const n = 15
	empty := make([]time.Duration, 0, n)
	for range n {
		p, err := terminal.Start(terminal.Options{Args: []string{b.empty}, W: width, H: height})
		if err != nil {
			return err
		}
		took, err := p.WaitFor(func(s string) bool { return strings.Contains(s, "empty") }, patience)
		p.Close()
		if err != nil {
			return err
		}
		empty = append(empty, took)
	}
	b.t.add(row{what: "empty Bubble Tea program, first frame, median", got: ms(median(empty)), n: n})
	for _, x := range []struct {
		what, ws, until string
		limit           time.Duration
	}{
		{"first frame with its rows, workspace of 8 runs, median", b.small, "8 of 8", 50 * time.Millisecond},
		{"first frame with its rows, workspace of 10,000 runs, median", b.large, "10000 of 10000", 100 * time.Millisecond},
	} {
		var all []time.Duration
		for range n {
			p, took, err := b.open(x.ws, x.until)
			if err != nil {
				return err
			}
			p.Close()
			all = append(all, took)
		}
		b.t.time(x.what, median(all), x.limit, n, fmt.Sprintf("min %s", ms(slices.Min(all))))
	}
	return b.version()
}

func (b *bench) version() error {
	var all []time.Duration
	for range 15 {
		start := time.Now()
		if out, err := exec.Command(b.bin, "version").CombinedOutput(); err != nil {
			return fmt.Errorf("version: %w\n%s", err, out)
		}
		all = append(all, time.Since(start))
	}
	b.t.time("flightdeck version, whole process, median", median(all), 30*time.Millisecond, len(all), "")
	fi, err := os.Stat(b.bin)
	if err != nil {
		return err
	}
	b.t.add(row{what: "binary", got: fmt.Sprintf("%.1f MB", float64(fi.Size())/1e6), goal: "≤ 60 MB", ok: fi.Size() <= 60_000_000})
	return nil
}

// keys measures what a key costs, in time and in bytes, with 10,000 runs in the
// table and live curves beside it.
func (b *bench) keys(ctx context.Context) error {
	b.t.head("keys, 10,000 runs in the table, four runs pinned")
	stop, err := b.writer(ctx, b.large)
	if err != nil {
		return err
	}
	p, _, err := b.open(b.large, "10000 of 10000")
	if err != nil {
		return err
	}
	defer p.Close()
	for range 4 { // pin four: their curves are live
		if err := p.Send("pj"); err != nil {
			return err
		}
	}
	p.Quiet(300*time.Millisecond, 3*time.Second)
	lat, err := strokes(p, "j", 200, false)
	if err != nil {
		return err
	}
	b.t.time("key to frame, p99, while four charts grow", quantile(lat, .99), 16*time.Millisecond, len(lat), "median "+ms(median(lat)))
	stop()
	p.Quiet(500*time.Millisecond, 5*time.Second)
	return b.keyBytes(p)
}

// strokes sends a key n times and measures each until the first change.
func strokes(p *terminal.Program, key string, n int, rest bool) ([]time.Duration, error) {
	var all []time.Duration
	for range n {
		before := p.Bytes()
		start := time.Now()
		if err := p.Send(key); err != nil {
			return nil, err
		}
		if _, err := p.WaitFor(func(string) bool { return p.Bytes() > before }, patience); err != nil {
			return nil, err
		}
		all = append(all, time.Since(start))
		if rest {
			p.Quiet(200*time.Millisecond, time.Second)
		}
	}
	return all, nil
}

// keyBytes counts what single keys write.
func (b *bench) keyBytes(p *terminal.Program) error {
	var move, detail []int64
	for range 30 {
		p.Quiet(400*time.Millisecond, 3*time.Second)
		before := p.Bytes()
		if err := p.Send("k"); err != nil {
			return err
		}
		if _, err := p.WaitFor(func(string) bool { return p.Bytes() > before }, patience); err != nil {
			return err
		}
		p.Quiet(30*time.Millisecond, 70*time.Millisecond) // before the details follow
		mid := p.Bytes()
		p.Quiet(400*time.Millisecond, 3*time.Second)
		move, detail = append(move, mid-before), append(detail, p.Bytes()-mid)
	}
	b.t.bytes("bytes of a key that moves the selection, worst", slices.Max(move), 2_000, len(move))
	b.t.bytes("bytes of the details that follow it, worst", slices.Max(detail), 8_000, len(detail))
	var flips []int64
	for range 10 {
		before := p.Bytes()
		if err := p.Send("\x1b[6~"); err != nil {
			return err
		}
		if _, err := p.WaitFor(func(string) bool { return p.Bytes() > before }, patience); err != nil {
			return err
		}
		p.Quiet(400*time.Millisecond, 3*time.Second)
		flips = append(flips, p.Bytes()-before)
	}
	b.t.bytes("bytes of a page flip with its details, worst", slices.Max(flips), 20_000, len(flips))
	return nil
}

// idle measures CPU and bytes while nothing changes, beside the empty program at
// the same frames a second.
func (b *bench) idle(ctx context.Context) error {
	b.t.head("idle and live")
	const span = 10 * time.Second
	p, _, err := b.open(b.small, "8 of 8")
	if err != nil {
		return err
	}
	defer p.Close()
	e, err := terminal.Start(terminal.Options{Args: []string{b.empty}, W: width, H: height})
	if err != nil {
		return err
	}
	defer e.Close()
	p.Quiet(time.Second, 5*time.Second)
	awaitMinute(span)
	bytes, ours, theirs := p.Bytes(), cpu(p.Pid()), cpu(e.Pid())
	pause(ctx, span)
	bytes, ours, theirs = p.Bytes()-bytes, cpu(p.Pid())-ours, cpu(e.Pid())-theirs
	share := func(d time.Duration) float64 { return 100 * d.Seconds() / span.Seconds() }
	b.t.bytes("bytes written in 10 s of idling", bytes, 0, 1)
	b.t.add(row{
		what: "CPU above an empty program at the same FPS, of a core", got: fmt.Sprintf("%.2f %%", share(ours)-share(theirs)), goal: "≤ 0.5 %",
		ok: share(ours)-share(theirs) <= .5, n: 1, note: fmt.Sprintf("%.2f %% and %.2f %%", share(ours), share(theirs)),
	})
	b.t.add(row{what: "resident memory, 8 runs", got: fmt.Sprintf("%.0f MB", resident(p.Pid()))})
	return b.point(ctx)
}

// point counts the bytes that one new point on a chart writes.
func (b *bench) point(ctx context.Context) error {
	run, logOne, err := b.livePoints(ctx)
	if err != nil {
		return err
	}
	p, _, err := b.open(b.small, run)
	if err != nil {
		return err
	}
	defer p.Close()
	var all []int64
	for i := range 20 {
		p.Quiet(600*time.Millisecond, 3*time.Second)
		before := p.Bytes()
		if err := logOne(i); err != nil {
			return err
		}
		if _, err := p.WaitFor(func(string) bool { return p.Bytes() > before }, patience); err != nil {
			return err
		}
		p.Quiet(400*time.Millisecond, 2*time.Second)
		all = append(all, p.Bytes()-before)
	}
	slices.Sort(all)
	b.t.bytes("bytes of a new point on two charts and in the table, median", all[len(all)/2], 2_000, len(all))
	b.t.add(row{what: "  the same, worst (an axis is drawn anew)", got: fmt.Sprintf("%d B", all[len(all)-1]), n: len(all)})
	return nil
}
