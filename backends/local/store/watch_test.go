package store

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"flightdeck/backends"
)

// eventually waits until f is true.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		if time.Now().After(deadline) {
			t.Fatal("waited 20 s for " + what)
		}
		<-tick.C
	}
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	poked := map[string]int{}
	done := make(chan error)
	go func() {
		done <- s.Watch(ctx, func(topic string) {
			mu.Lock()
			poked[topic]++
			mu.Unlock()
		})
	}()
	take := func() string {
		mu.Lock()
		defer mu.Unlock()
		out := fmt.Sprint(poked)
		clear(poked)
		return out
	}
	wait := func(want string, topics ...string) {
		t.Helper()
		eventually(t, want, func() bool {
			mu.Lock()
			defer mu.Unlock()
			for _, topic := range topics {
				if poked[topic] == 0 {
					return false
				}
			}
			return true
		})
		equal(t, take(), want)
	}
	writer := open(t, dir, Options{})
	run := newRun(t, writer, NewRun{}).ID
	wait("map[metrics:1 models:1 runs:1]", backends.TopicRuns, backends.TopicMetrics, backends.TopicModels) // the store came into being
	ok(t, s.LogMetric(owner(t), run, backends.Metric{Key: "loss", Value: 1}))
	wait("map[metrics:1]", backends.TopicMetrics)
	ok(t, writer.UpdateRun(owner(t), run, RunUpdate{Name: "x"}))
	wait("map[runs:1]", backends.TopicRuns)
	ok(t, writer.CreateModel(owner(t), "m", "", nil))
	wait("map[models:1]", backends.TopicModels)
	cancel()
	ok(t, <-done)
}

// TestTwoStoresInOneProcess also closes one, which must not let go of the locks of
// the other.
func TestTwoStoresInOneProcess(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, Options{}), open(t, dir, Options{})
	run := newRun(t, a, NewRun{}).ID
	var wg sync.WaitGroup
	for i, s := range []*Store{a, b, a, b} {
		wg.Go(func() {
			for j := range 30 {
				if err := s.LogBatch(owner(t), run, series(fmt.Sprint("k", i), j*10, 10), nil, nil); err != nil {
					t.Error(err)
				}
				if _, err := s.Runs(t.Context(), backends.RunFilter{}); err != nil {
					t.Error(err)
				}
			}
			third, err := Open(dir, Options{})
			if err == nil {
				err = third.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range 4 {
		if n := points(t, b, run, fmt.Sprint("k", i)).Len(); n != 300 {
			t.Errorf("k%d has %d points", i, n)
		}
	}
	sound(t, a)
}

func TestContextEnds(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, Options{}), open(t, dir, Options{})
	run := newRun(t, a, NewRun{}).ID
	ok(t, b.LogMetric(owner(t), run, backends.Metric{Key: "x"}))
	held := make(chan struct{})
	release := make(chan struct{})
	done := make(chan error)
	go func() {
		done <- a.write(owner(t), "hold", func(*tx) error { close(held); <-release; return nil })
	}()
	<-held
	ctx, cancel := context.WithTimeout(owner(t), 50*time.Millisecond)
	defer cancel()
	for _, s := range []*Store{a, b} { // in this process, and by SQLite's lock
		if err := s.LogMetric(ctx, run, backends.Metric{Key: "x", Step: 2}); err == nil || ctx.Err() == nil {
			t.Errorf("wrote while another was writing: %v", err)
		}
	}
	close(release)
	ok(t, <-done)
	ok(t, b.LogMetric(owner(t), run, backends.Metric{Key: "x", Step: 2}))
}
