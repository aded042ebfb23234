package sinktest

import (
	"bytes"
	"os/exec"
	"testing"
	"time"

	"flightdeck/backends/folder"
)

// Followed is a run as it was read while the program that writes it ran.
type Followed struct {
	Sink
	Place folder.Place
	Live  int // points that were there before the program ended

	reader folder.Reader
}

// Follow starts the program and reads every place of f below root over and over
// until it has ended, and once more. The runs are by their places' ids.
func Follow(t *testing.T, f folder.Format, root string, program *exec.Cmd) map[string]*Followed {
	t.Helper()
	var out bytes.Buffer
	program.Stdout, program.Stderr = &out, &out
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	runs := map[string]*Followed{}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%s: %v\n%s", program, err, out.Bytes())
			}
			look(t, f, root, runs)
			for _, r := range runs {
				r.reader.Close()
			}
			return runs
		case <-tick.C:
			look(t, f, root, runs)
			for _, r := range runs {
				r.Live = 0
				for _, p := range r.Metrics {
					r.Live += p.Len()
				}
			}
		}
	}
}

func look(t *testing.T, f folder.Format, root string, runs map[string]*Followed) {
	t.Helper()
	for _, p := range Places(t, f, root) {
		r := runs[p.ID]
		if r == nil {
			r = &Followed{reader: f.Open(p)}
			runs[p.ID] = r
		}
		r.Place = p
		if err := r.reader.Read(t.Context(), &r.Sink); err != nil {
			t.Fatalf("read %s: %v", p.ID, err)
		}
	}
}
