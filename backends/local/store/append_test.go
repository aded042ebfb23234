package store

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"flightdeck/backends"
)

// model is what LogBatch and History promise, without any of how.
type model map[string][]backends.Metric

func (m model) log(batch []backends.Metric) {
	for _, p := range batch {
		twice := slices.ContainsFunc(m[p.Key], func(q backends.Metric) bool {
			return q.Step == p.Step && q.Time == p.Time && math.Float64bits(q.Value) == math.Float64bits(p.Value)
		})
		if !twice {
			m[p.Key] = append(m[p.Key], p)
		}
	}
}

// latest is MLflow's rule, said once more.
func (m model) latest(key string) backends.Metric {
	best := m[key][0]
	for _, p := range m[key][1:] {
		newer := p.Step > best.Step || p.Step == best.Step && (p.Time > best.Time ||
			p.Time == best.Time && (p.Value > best.Value || math.IsNaN(best.Value) && !math.IsNaN(p.Value)))
		if newer {
			best = p
		}
	}
	return best
}

func (m model) compare(t *testing.T, s *Store, run string) {
	t.Helper()
	r := must[*backends.Run](t)(s.Run(t.Context(), run))
	if len(r.Metrics) != len(m) {
		t.Fatalf("%d metrics, want %d", len(r.Metrics), len(m))
	}
	for key, want := range m {
		got := points(t, s, run, key)
		w := columns(len(want), func(i int) (int64, int64, float64) { return want[i].Step, want[i].Time, want[i].Value })
		if !same(got, w) {
			t.Fatalf("%s: %d points, want %d, or they differ", key, got.Len(), w.Len())
		}
		l, best := m.latest(key), backends.Metric{}
		best, _ = r.Metric(key)
		if l.Step != best.Step || l.Time != best.Time || math.Float64bits(l.Value) != math.Float64bits(best.Value) {
			t.Fatalf("latest %s is %+v, want %+v", key, best, l)
		}
	}
}

// TestHistoryIsWhatWasLogged logs batches of all shapes, some of them twice, some
// with steps that go back, and reads along.
func TestHistoryIsWhatWasLogged(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			dir := t.TempDir()
			s, other := open(t, dir, Options{}), open(t, dir, Options{})
			run := newRun(t, s, NewRun{}).ID
			m := model{}
			var before []backends.Metric
			step := int64(0)
			for range 60 {
				batch := randomBatch(r, &step)
				if before != nil && r.IntN(4) == 0 { // a retry, alone or with something new
					batch = append(slices.Clone(before), batch[:r.IntN(len(batch))]...)
				}
				w := s
				if r.IntN(3) == 0 {
					w = other
				}
				ok(t, w.LogBatch(owner(t), run, batch, nil, nil))
				m.log(batch)
				before = batch
				if r.IntN(5) == 0 {
					m.compare(t, other, run)
				}
			}
			m.compare(t, s, run)
			m.compare(t, open(t, dir, Options{ReadOnly: true}), run)
			sound(t, s)
		})
	}
}

func randomBatch(r *rand.Rand, step *int64) []backends.Metric {
	var batch []backends.Metric
	n := []int{1, 3, 40, 700, 1500}[r.IntN(5)]
	keys := []int{1, 2, 9}[r.IntN(3)]
	if r.IntN(6) == 0 {
		*step = max(0, *step-200) // resumed from an older checkpoint
	}
	for i := range n {
		*step += int64(i % 2)
		v := [...]float64{r.NormFloat64(), math.NaN(), math.Inf(1), math.Copysign(0, -1), 0, 1}[min(r.IntN(40), 5)]
		batch = append(batch, backends.Metric{Key: fmt.Sprintf("k%d", r.IntN(keys)), Step: *step, Time: *step / 3 * 11, Value: v})
	}
	return batch
}

func TestSlowKeysDoNotMakeManyChunks(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := newRun(t, s, NewRun{}).ID
	for epoch := range 40 {
		batch := append(series("loss", epoch*1100, 1100), backends.Metric{Key: "acc", Step: int64(epoch), Time: int64(epoch)})
		ok(t, s.LogBatch(owner(t), run, batch, nil, nil))
	}
	var chunks int64
	ok(t, s.read(t.Context(), func(c *conn) (err error) {
		chunks, err = c.int("SELECT count(*) FROM chunks JOIN names ON names.id = key WHERE name = 'acc'")
		return err
	}))
	if chunks != 1 || points(t, s, run, "acc").Len() != 40 {
		t.Fatalf("%d chunks of %d points", chunks, points(t, s, run, "acc").Len())
	}
	sound(t, s)
}

func TestHistoryIsSharedAndGrows(t *testing.T) {
	dir := t.TempDir()
	s, writer := open(t, dir, Options{}), open(t, dir, Options{})
	run := newRun(t, writer, NewRun{}).ID
	ok(t, writer.LogBatch(owner(t), run, series("loss", 0, 10), nil, nil))
	h := must[*backends.History](t)(s.History(t.Context(), run, "loss"))
	old := h.Points()
	for i := range 5 {
		ok(t, writer.LogBatch(owner(t), run, series("loss", 10+600*i, 600), nil, nil))
		again := must[*backends.History](t)(s.History(t.Context(), run, "loss"))
		if again != h || h.Len() != 10+600*(i+1) {
			t.Fatalf("same history: %v, %d points", again == h, h.Len())
		}
	}
	now := h.Points()
	if !same(old, backends.Points{Step: now.Step[:10], Time: now.Time[:10], Value: now.Value[:10]}) {
		t.Fatal("an earlier view changed")
	}
	if _, err := s.History(t.Context(), newID(), "loss"); !errors.Is(err, backends.ErrNotFound) {
		t.Fatalf("history of no run: %v", err)
	}
	if h := must[*backends.History](t)(s.History(t.Context(), run, "no such key")); h.Len() != 0 {
		t.Fatal("points of a key that was never logged")
	}
	equal(t, must[[]string](t)(s.MetricKeys(t.Context(), run)), []string{"loss"})
}

func TestRefusals(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := newRun(t, s, NewRun{Params: []backends.Param{{Key: "lr", Value: "0.01"}}}).ID
	gone := newRun(t, s, NewRun{}).ID
	ok(t, s.DeleteRuns(owner(t), []string{gone}))
	long := string(make([]byte, 251))
	for name, c := range map[string]struct {
		err        error
		code, text string
	}{
		"param": {
			s.LogParam(owner(t), run, backends.Param{Key: "lr", Value: "0.5"}), InvalidParameter,
			"Changing param values is not allowed. Param with key='lr' was already logged with value='0.01' for run ID='" + run + "'. Attempted logging new value '0.5'.",
		},
		"params": {
			s.LogBatch(owner(t), run, nil, []backends.Param{{Key: "new", Value: "1"}, {Key: "lr", Value: "it's"}}, nil), InvalidParameter,
			`Changing param values is not allowed. Params were already logged='[{'key': 'lr', 'old_value': '0.01', 'new_value': "it's"}]' for run ID='` + run + "'.",
		},
		"params twice": {
			s.LogBatch(owner(t), run, nil, []backends.Param{{Key: "a", Value: "1"}, {Key: "a", Value: "1"}}, nil), InvalidParameter,
			"Duplicate parameter keys have been submitted: ['a']. Please ensure the request contains only one param value per param key.",
		},
		"deleted": {
			s.LogMetric(owner(t), gone, backends.Metric{Key: "a"}), InvalidParameter,
			"The run " + gone + " must be in the 'active' state. Current state is deleted.",
		},
		"no run": {
			s.SetTags(owner(t), "ffffffffffffffffffffffffffffffff", []backends.Tag{{Key: "a"}}), DoesNotExist,
			"Run with id=ffffffffffffffffffffffffffffffff not found",
		},
		"name": {
			s.LogMetric(owner(t), run, backends.Metric{Key: "bad\nkey"}), InvalidParameter,
			`Invalid value "bad\nkey" for parameter 'name' supplied: ` + badCharacters,
		},
		"name in batch": {
			s.LogBatch(owner(t), run, []backends.Metric{{Key: "a"}, {Key: "ä<ü"}}, nil, nil), InvalidParameter,
			`Invalid value "\u00e4<\u00fc" for parameter 'metrics[1].name' supplied: ` + badCharacters,
		},
		"path": {
			s.LogMetric(owner(t), run, backends.Metric{Key: "a/../b"}), InvalidParameter,
			`Invalid value "a/../b" for parameter 'name' supplied: Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to 'b'`,
		},
		"time": {
			s.LogMetric(owner(t), run, backends.Metric{Key: "a", Time: -1, Value: 2}), InvalidParameter,
			"Invalid value -1 for parameter 'timestamp' supplied: metric 'a' (value=2.0). Timestamp must be a nonnegative long (64-bit integer) ",
		},
		"tag": {s.DeleteTags(owner(t), run, []string{"t"}), DoesNotExist, "No tag with name: t in run with id " + run},
		"key too long": {
			s.LogParam(owner(t), run, backends.Param{Key: "p" + string(slices.Repeat([]byte{'p'}, len(long)))}), InvalidParameter,
			"'Param key' exceeds the maximum length of 250 characters",
		},
	} {
		var e *Error
		if !errors.As(c.err, &e) || e.Code != c.code || e.Message != c.text {
			t.Errorf("%s: %v\nwant %s: %s", name, c.err, c.code, c.text)
		}
	}
	r := must[*backends.Run](t)(s.Run(t.Context(), run))
	if _, found := r.Param("new"); found || len(r.Metrics) > 0 {
		t.Error("a refused batch left something behind")
	}
	ok(t, s.LogParam(owner(t), run, backends.Param{Key: "lr", Value: "0.01"}))
	for range 2 { // cut, and the same again
		ok(t, s.LogParam(owner(t), run, backends.Param{Key: "long", Value: strings.Repeat("ä", 7000)}))
		ok(t, s.SetTags(owner(t), run, []backends.Tag{{Key: "long", Value: strings.Repeat("ä", 9000)}}))
	}
	r = must[*backends.Run](t)(s.Run(t.Context(), run))
	if v, _ := r.Param("long"); v != strings.Repeat("ä", 6000) || r.Tag("long") != strings.Repeat("ä", 8000) {
		t.Error("a long value must be cut to the limit")
	}
}

func TestDivergenceIsNoted(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	run := newRun(t, s, NewRun{}).ID
	log := func(key string, step int64, v float64) string {
		ok(t, s.LogMetric(owner(t), run, backends.Metric{Key: key, Step: step, Time: step, Value: v}))
		return must[*backends.Run](t)(s.Run(t.Context(), run)).Diverged
	}
	equal(t, log("loss", 1, 0.5), "")
	equal(t, log("system/gpu_0_power_usage_watts", 2, math.NaN()), "")
	equal(t, log("val_loss", 12, math.NaN()), "val_loss is NaN at step 12")
	equal(t, log("loss", 13, math.Inf(1)), "val_loss is NaN at step 12")
	other := newRun(t, s, NewRun{}).ID
	ok(t, s.LogMetric(owner(t), other, backends.Metric{Key: "loss", Step: 3, Value: math.Inf(-1)}))
	equal(t, must[*backends.Run](t)(s.Run(t.Context(), other)).Diverged, "loss is -Inf at step 3")
}
