// Bench prints the figures of the README: each beside its goal and what it was
// measured with. Absolute times are goals on a machine of two shared cores, so a
// calibration of the same run (an empty Bubble Tea program, a fixed loop) stands at
// the top; counts (bytes, allocations) are exact.
//
//	go run ./cmd/bench -bin bin/flightdeck
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// row is one figure.
type row struct {
	what, got, goal string
	n               int
	ok              bool
	note            string
}

// table collects rows and prints each as it comes.
type table struct{ missed int }

func (t *table) head(title string) { fmt.Printf("\n%s\n", title) }

func (t *table) add(r row) {
	mark := "ok  "
	if r.goal == "" {
		mark = "    "
	} else if !r.ok {
		mark = "MISS"
		t.missed++
	}
	line := fmt.Sprintf("  %s  %-58s %14s", mark, r.what, r.got)
	if r.goal != "" {
		line += "   goal " + r.goal
	}
	if r.n > 0 {
		line += fmt.Sprintf("   n=%d", r.n)
	}
	if r.note != "" {
		line += "   " + r.note
	}
	fmt.Println(line)
}

// times adds a row for a duration with a limit.
func (t *table) time(what string, got, limit time.Duration, n int, note string) {
	t.add(row{what, ms(got), "≤ " + ms(limit), n, got <= limit, note})
}

func (t *table) bytes(what string, got, limit int64, n int) {
	t.add(row{what, fmt.Sprintf("%d B", got), fmt.Sprintf("≤ %d B", limit), n, got <= limit, ""})
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

func main() {
	bin := flag.String("bin", "bin/flightdeck", "the program")
	only := flag.String("only", "", "only the parts whose name contains this: start, keys, idle, jobs, inside, mlruns, peers, tensorboard")
	flag.Parse()
	if err := run(context.Background(), *bin, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, only string) error {
	dir, err := os.MkdirTemp("", "flightdeck-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, bin: bin, t: &table{}}
	if b.bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	b.empty = filepath.Join(dir, "empty")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.empty, "./cmd/bench/empty").CombinedOutput(); err != nil {
		return fmt.Errorf("build the empty program: %w\n%s", err, out)
	}
	fmt.Printf("flightdeck bench: %s, %d cores, load %s; fixed loop of 1e8 steps %s\n", runtime.Version(), runtime.NumCPU(), load(), ms(loop()))
	if err := b.workspaces(ctx); err != nil {
		return fmt.Errorf("workspaces: %w", err)
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"start", b.start}, {"keys", b.keys}, {"idle", b.idle}, {"jobs", b.jobs}, {"inside", b.inside}, {"mlruns", b.mlruns}, {"peers", b.peers}, {"tensorboard", b.tensorboard}} {
		if !strings.Contains(part.name, only) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	fmt.Printf("\n%d figures miss their goal\n", b.t.missed)
	return nil
}

// bench is one run of it.
type bench struct {
	dir, bin, empty string
	small, large    string // workspaces: a demo's, and one of 10,000 runs
	t               *table
}

// loop is the calibration: how long this machine takes, now, for a fixed piece of
// arithmetic.
func loop() time.Duration {
	start := time.Now()
	x := uint64(1)
	for range 100_000_000 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	if x == 0 {
		panic("xorshift reached zero")
	}
	return time.Since(start)
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}
