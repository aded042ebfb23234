package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"flightdeck/backends"
)

func BenchmarkAppend(b *testing.B) {
	for _, keys := range []int{1, 10, 50, 1000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			run := newRun(b, s, NewRun{})
			ctx := owner(b)
			batch := make([]backends.Metric, 1000)
			step := int64(0)
			b.ResetTimer()
			for range b.N {
				for i := range batch {
					k := i % keys
					if k == 0 {
						step++
					}
					batch[i] = backends.Metric{Key: fmt.Sprintf("metric_%03d", k), Step: step, Time: 1_795_440_000_000 + step*41, Value: rand.NormFloat64()}
				}
				ok(b, s.LogBatch(ctx, run.ID, batch, nil, nil))
			}
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "points/s")
		})
	}
}

func BenchmarkReadBack(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir, Options{})
	run := newRun(b, s, NewRun{})
	for i := range 100 {
		ok(b, s.LogBatch(owner(b), run.ID, series("loss", i*1000, 1000), nil, nil))
	}
	b.ResetTimer()
	for range b.N {
		s, err := Open(dir, Options{})
		ok(b, err)
		h := must[*backends.History](b)(s.History(b.Context(), run.ID, "loss"))
		if h.Len() != 100_000 {
			b.Fatal(h.Len())
		}
		ok(b, s.Close())
	}
}

// many makes n runs of 50 metrics, 8 params and 6 tags.
func many(t testing.TB, dir string, n int) {
	s := open(t, dir, Options{})
	ok(t, s.write(owner(t), "fill", func(tx *tx) error {
		for i := range n {
			nr := NewRun{Tags: []backends.Tag{{Key: "team", Value: "vision"}, {Key: "mlflow.user", Value: "ada"}, {Key: "mlflow.source.name", Value: "train.py"}, {Key: "mlflow.source.git.commit", Value: newID()}}, Job: fmt.Sprint("job", i)}
			for p := range 8 {
				nr.Params = append(nr.Params, backends.Param{Key: fmt.Sprintf("param_%d", p), Value: fmt.Sprint(rand.Float64())})
			}
			ok(t, nr.check())
			w, err := tx.insertRun(nr, 0)
			if err != nil {
				return err
			}
			var ms []backends.Metric
			for m := range 50 {
				ms = append(ms, backends.Metric{Key: fmt.Sprintf("metric_%02d", m), Step: 100, Time: 1_795_440_000_000 + int64(i), Value: rand.NormFloat64()})
			}
			if err := tx.logBatch(w.id, ms, nil, nil); err != nil {
				return err
			}
		}
		return nil
	}))
}

func BenchmarkList10000x50(b *testing.B) {
	dir := b.TempDir()
	many(b, dir, 10_000)
	b.ResetTimer()
	for range b.N {
		s, err := Open(dir, Options{})
		ok(b, err)
		runs := must[[]*backends.Run](b)(s.Runs(b.Context(), backends.RunFilter{}))
		if len(runs) != 10_000 || len(runs[0].Metrics) != 50 {
			b.Fatal(len(runs))
		}
		ok(b, s.Close())
	}
}

func BenchmarkPatch10000x50(b *testing.B) {
	dir := b.TempDir()
	many(b, dir, 10_000)
	s := open(b, dir, Options{})
	runs := must[[]*backends.Run](b)(s.Runs(b.Context(), backends.RunFilter{}))
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		ok(b, s.LogBatch(owner(b), runs[i%len(runs)].ID, []backends.Metric{{Key: "metric_00", Step: int64(1000 + i), Value: 1}}, nil, nil))
		b.StartTimer()
		must[[]*backends.Run](b)(s.Runs(b.Context(), backends.RunFilter{}))
	}
}
