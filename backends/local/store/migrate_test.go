package store

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/backends"
)

// schema1 is a folder with a store that the program of schema 1 wrote.
func schema1(t *testing.T) string {
	dir := t.TempDir()
	f, err := os.Open("testdata/schema1/store.db.gz")
	ok(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	ok(t, err)
	b, err := io.ReadAll(z)
	ok(t, err)
	ok(t, os.WriteFile(filepath.Join(dir, "store.db"), b, 0o600))
	const digest = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
	ok(t, os.MkdirAll(filepath.Join(dir, "artifacts", digest[:2]), 0o700))
	ok(t, os.WriteFile(filepath.Join(dir, "artifacts", digest[:2], digest[2:]), []byte("weights"), 0o600))
	return dir
}

func TestAnOlderStoreIsBroughtUpToDate(t *testing.T) {
	dir := schema1(t)
	_, err := Open(dir, Options{ReadOnly: true})
	if !errors.Is(err, errOlder) || strings.Contains(err.Error(), "another program") || !strings.Contains(err.Error(), "Opening it once for writing") ||
		!strings.Contains(err.Error(), "opened read-only") {
		t.Fatalf("read-only: %v", err)
	}
	s := open(t, dir, Options{})
	r := must[*backends.Run](t)(s.Run(t.Context(), "brisk-otter"))
	if r.ID != "00000000000000000000000000000001" || r.ExpName != "digits" || r.Status != backends.RunFinished || r.End.Sub(r.Start) != time.Minute ||
		r.User != "ada" || r.Tag("k") != "v" || len(r.Inputs) != 1 || r.Inputs[0].Context != "training" || r.Artifacts != "" {
		t.Errorf("%+v", r)
	}
	if lr, _ := r.Param("lr"); lr != "0.01" {
		t.Errorf("lr %s", lr)
	}
	p := must[backends.Points](t)(s.Points(t.Context(), r.ID, "loss"))
	if p.Len() != 2100 || p.Step[2099] != 2099 || p.Value[1] != 0.5 || p.Time[0] != 1795440000000 {
		t.Errorf("%d points", p.Len())
	}
	if gone := must[[]*backends.Run](t)(s.Runs(t.Context(), backends.RunFilter{Deleted: true})); len(gone) != 1 || gone[0].Name != "gone" {
		t.Errorf("deleted: %+v", gone)
	}
	f := must[io.ReadCloser](t)(s.OpenArtifact(t.Context(), r.ID, "model/weights.bin"))
	b, err := io.ReadAll(f)
	ok(t, errors.Join(err, f.Close()))
	if string(b) != "weights" {
		t.Errorf("artifact %q", b)
	}
	ms := must[[]backends.RegisteredModel](t)(s.Models(t.Context()))
	if len(ms) != 1 || ms[0].Aliases["champion"] != "1" || len(ms[0].Versions) != 1 || ms[0].Versions[0].Source != "model" || ms[0].Versions[0].Run != r.ID {
		t.Errorf("models %+v", ms)
	}
	ok(t, s.LogBatch(owner(t), r.ID, []backends.Metric{{Key: "loss", Step: 3000, Time: 1795440009000, Value: 7}}, nil, nil))
	must[string](t)(s.CreateExperimentAt(owner(t), "elsewhere", "s3://bucket/x", nil))
	if found := must[[]Problem](t)(s.Check(t.Context(), nil)); len(found) > 0 {
		t.Errorf("the doctor says %v", found)
	}
	ok(t, s.Close())
	again := open(t, dir, Options{ReadOnly: true})
	if es := must[[]backends.Experiment](t)(again.Experiments(t.Context())); len(es) != 3 || es[2].Location != "s3://bucket/x" || es[1].Tags[0].Value != "vision" {
		t.Errorf("%+v", es)
	}
}

// Whoever comes second waits, and finds it done.
func TestTwoBringAStoreUpToDateAtOnce(t *testing.T) {
	dir := schema1(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Open(dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if runs, err := s.Runs(t.Context(), backends.RunFilter{}); err != nil || len(runs) != 1 {
				t.Errorf("%d runs, %v", len(runs), err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
