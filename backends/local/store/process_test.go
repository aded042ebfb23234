package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"flightdeck/backends"
)

// The test binary is also the writers of the tests below, processes of their own.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_WRITER"); dir != "" {
		os.Exit(writerMain(dir, os.Getenv("STORE_TEST_RUN"), os.Getenv("STORE_TEST_KEY"), os.Getenv("STORE_TEST_BATCHES")))
	}
	os.Exit(m.Run())
}

// writerMain logs batches of 100 points and says each number when it is
// acknowledged.
func writerMain(dir, run, key, batches string) int {
	n, _ := strconv.Atoi(batches)
	s, err := Open(dir, Options{})
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	ctx := backends.WithGrant(context.Background(), backends.Grant{Actor: key, Role: backends.Operator})
	if run == "" {
		r, err := s.CreateRun(ctx, NewRun{Name: key})
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		run = r.ID
	}
	for i := 0; n == 0 || i < n; i++ {
		if err := s.LogBatch(ctx, run, series(key, i*100, 100), nil, nil); err != nil {
			fmt.Println("error", err)
			return 1
		}
		fmt.Println(i)
	}
	if err := s.Close(); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

func writer(t *testing.T, dir, run, key string, batches int) (*exec.Cmd, io.Reader) {
	t.Helper()
	cmd := exec.Command(must[string](t)(os.Executable()))
	cmd.Env = append(os.Environ(), "STORE_TEST_WRITER="+dir, "STORE_TEST_RUN="+run, "STORE_TEST_KEY="+key, "STORE_TEST_BATCHES="+strconv.Itoa(batches))
	out := must[io.ReadCloser](t)(cmd.StdoutPipe())
	ok(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, out
}

// TestEightWriters starts eight processes at once on a store that is not there yet.
func TestEightWriters(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		key := fmt.Sprint("writer", i)
		cmd, out := writer(t, dir, "", key, 40)
		wg.Go(func() {
			said, err := io.ReadAll(out)
			if err := cmd.Wait(); err != nil || strings.Contains(string(said), "error") {
				t.Errorf("%s: %v: %s", key, err, said)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := open(t, dir, Options{})
	runs := list(t, s, backends.RunFilter{})
	if len(runs) != 8 {
		t.Fatalf("%d runs", len(runs))
	}
	for _, r := range runs {
		if n := points(t, s, r.ID, r.Name).Len(); n != 4000 {
			t.Errorf("%s has %d points", r.Name, n)
		}
	}
	sound(t, s)
}

// TestKilledWriters kills writers in the middle of their work, again and again.
// What they said was written is there, and the next one goes on.
func TestKilledWriters(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	run := newRun(t, s, NewRun{}).ID
	for round := range 6 {
		key := fmt.Sprint("k", round)
		cmd, out := writer(t, dir, run, key, 0)
		lines := bufio.NewScanner(out)
		acknowledged := -1
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(lines.Text())
			}
			if acknowledged = n; n == 7+9*round {
				ok(t, cmd.Process.Kill()) // and read on: it may have said more
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
		got := points(t, s, run, key)
		if got.Len() < (acknowledged+1)*100 || got.Len()%100 != 0 {
			t.Fatalf("%d batches were acknowledged, %d points are there", acknowledged+1, got.Len())
		}
		want := series(key, 0, got.Len())
		if !same(got, columns(len(want), func(i int) (int64, int64, float64) { return want[i].Step, want[i].Time, want[i].Value })) {
			t.Fatal("points differ")
		}
		ok(t, s.LogMetric(owner(t), run, backends.Metric{Key: "after", Step: int64(round)}))
	}
	sound(t, s)
	sound(t, open(t, dir, Options{}))
}
