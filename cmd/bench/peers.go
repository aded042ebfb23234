package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// peer is one server of MLflow's API, and what was measured of it.
type peer struct {
	*wire
	db       string // its SQLite file, which is filled directly; "" is filled over the wire
	template int    // how many calls of the slow kind are enough

	cmd *exec.Cmd

	batch, metric, history, search time.Duration
	memory                         int64 // bytes, of the whole tree of processes, at rest
	sum                            float64
	values                         []float64
}

// peers measures the tracking API beside MLflow's own server and FastTrackML.
func (b *bench) peers(ctx context.Context) error {
	b.t.head("tracking API on the wire: one keep-alive client, SQLite each, one after the other")
	env := peersDir()
	if env == "" {
		return errors.New("no peers: .ci/peers/install could not make them")
	}
	dir := filepath.Join(b.dir, "wire")
	ws, ml, ft := filepath.Join(dir, "ours"), filepath.Join(dir, "mlflow"), filepath.Join(dir, "fasttrackml")
	for _, d := range []string{ws, ml, ft} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	var all []*peer
	for _, x := range []struct {
		name, db string
		n        int
		args     func(port string) []string
	}{
		{"flightdeck", "", 200, func(port string) []string {
			return []string{b.bin, "-C", ws, "serve", "--http", "127.0.0.1:" + port}
		}},
		{"FastTrackML 0.6.0", filepath.Join(ft, "f.db"), 50, func(port string) []string {
			return []string{filepath.Join(env, "fasttrackml", "bin", "fml"), "server", "--listen-address", "127.0.0.1:" + port, "--database-uri", "sqlite://" + filepath.Join(ft, "f.db"), "--default-artifact-root", ft}
		}},
		{"MLflow 3.17.2", filepath.Join(ml, "m.db"), 15, func(port string) []string {
			return []string{filepath.Join(env, "mlflow3", "bin", "mlflow"), "server", "--workers", "1", "--port", port, "--backend-store-uri", "sqlite:///" + filepath.Join(ml, "m.db"), "--artifacts-destination", ml}
		}},
	} {
		p := &peer{db: x.db, template: x.n}
		err := p.start(ctx, x.name, dir, x.args)
		if err == nil {
			err = p.measure(ctx)
		}
		p.end()
		if err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		fmt.Printf("        %-18s log_batch %s   log_metric %s   history of 100,000 %s   search %s   memory %d MB\n",
			x.name, ms(p.batch), ms(p.metric), ms(p.history), ms(p.search), p.memory>>20)
		all = append(all, p)
	}
	return b.ratios(all[0], all[1], all[2])
}

// ratios sets what was measured beside the goals, after a look that all three gave
// the same answers.
func (b *bench) ratios(ours, ft, ml *peer) error {
	for _, p := range []*peer{ft, ml} {
		if math.Abs(p.sum-ours.sum) > 1e-6*math.Abs(ours.sum) || !slices.Equal(p.values, ours.values) {
			return fmt.Errorf("%s gave other values than we: %v and %v, %d and %d runs", p.name, p.sum, ours.sum, len(p.values), len(ours.values))
		}
	}
	for _, g := range []struct {
		peer                                   *peer
		batch, metric, history, search, memory float64
	}{{ml, 100, 20, 100, 50, 10}, {ft, 10, 4, 20, 10, 2}} {
		ratio := func(what string, theirs, our, goal float64) {
			r := theirs / our
			b.t.add(row{what: what + ", " + g.peer.name + " over us", got: fmt.Sprintf("%.1f ×", r), goal: fmt.Sprintf("≥ %g ×", goal), ok: r >= goal})
		}
		ratio("log_batch of 1,000 points", float64(g.peer.batch), float64(ours.batch), g.batch)
		ratio("log_metric", float64(g.peer.metric), float64(ours.metric), g.metric)
		ratio("history of 100,000 points in four pages", float64(g.peer.history), float64(ours.history), g.history)
		ratio("search_runs, 10,000 runs of 50 metrics, best 1,000", float64(g.peer.search), float64(ours.search), g.search)
		ratio("memory at rest", float64(g.peer.memory), float64(ours.memory), g.memory)
	}
	return nil
}

// start runs the server on a free port and waits until it answers.
func (p *peer) start(ctx context.Context, name, dir string, args func(port string) []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	a := args(port)
	log, err := os.Create(filepath.Join(dir, strings.Fields(name)[0]+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	p.wire = newWire(name, "http://127.0.0.1:"+port)
	p.cmd = exec.CommandContext(ctx, a[0], a[1:]...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); ; {
		resp, err := http.Get(p.url + "/health")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("it does not answer: %w\n%.2000s", err, said)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// end kills the server with all of its processes.
func (p *peer) end() {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.cmd.Wait() // it was killed
}

func (p *peer) measure(ctx context.Context) error {
	exp, err := p.experiment(ctx, "wire")
	if err != nil {
		return err
	}
	run, err := p.run(ctx, exp, firstMoment)
	if err != nil {
		return err
	}
	if p.metric, err = p.logMetric(ctx, run, p.template*4); err != nil {
		return err
	}
	if p.batch, err = p.logBatch(ctx, run, "timed", p.template); err != nil {
		return err
	}
	if _, err = p.logBatch(ctx, run, "long", longHistory/perBatch-1); err != nil {
		return err
	}
	var pages [][]byte
	if p.history, err = repeat(5, func(int) (err error) {
		pages, err = p.wire.history(ctx, run, "long")
		return err
	}); err != nil {
		return err
	}
	points := 0
	if points, p.sum, err = total(pages); err != nil || points != longHistory {
		return errors.Join(err, fmt.Errorf("the history has %d points, %d were logged", points, longHistory))
	}
	if err := p.wide(ctx); err != nil {
		return err
	}
	time.Sleep(10 * time.Second) // at rest
	p.memory, err = treeMemory(p.cmd.Process.Pid)
	return err
}

// wide makes the wide runs and searches among them.
func (p *peer) wide(ctx context.Context) error {
	exp, err := p.experiment(ctx, "wide")
	if err != nil {
		return err
	}
	if p.db == "" {
		for n := range wideRuns {
			if _, err := p.wideRun(ctx, exp, n); err != nil {
				return err
			}
		}
	} else {
		first, err := p.wideRun(ctx, exp, 0)
		if err == nil {
			err = fill(p.db, first)
		}
		if err != nil {
			return err
		}
	}
	var answer []byte
	if p.search, err = repeat(5, func(int) (err error) {
		answer, err = p.wire.search(ctx, exp)
		return err
	}); err != nil {
		return err
	}
	p.values, err = ordered(answer)
	return err
}

// treeMemory is the proportional set size of a process and all below it.
func treeMemory(pid int) (int64, error) {
	total := pss(pid) << 10
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, t := range tasks {
		b, err := os.ReadFile(t)
		if err != nil {
			continue // the thread is gone
		}
		for _, child := range strings.Fields(string(b)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				return 0, err
			}
			n, err := treeMemory(id)
			if err != nil {
				return 0, err
			}
			total += n
		}
	}
	return total, nil
}

// peersDir is where the peers' virtual environments are, after they were made.
func peersDir() string {
	if dir := os.Getenv("FLIGHTDECK_PEERS_DIR"); dir != "" {
		return dir
	}
	out, err := exec.Command(".ci/peers/install", "mlflow3", "fasttrackml", "train").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
