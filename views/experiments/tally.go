package experiments

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

// tally is which metrics and params the runs have, and what their values look like.
// It is brought up to date run by run. What it learned of values it keeps when a
// run goes: a column does not change its convention behind the reader's back.
type tally struct {
	metrics, params keyCounts
	logged          int // runs that have logged something
	set             int // runs that have params
}

// keyCount is one metric or param over all runs.
type keyCount struct {
	key    string
	n      int // runs that have it
	inner  bool
	values cell.Range
	first  string // of a param; other values than this make it vary
	varies bool
}

// keyCounts finds a key's count. Runs of one experiment have the same keys at the
// same places, so mostly no map is asked.
type keyCounts struct {
	by    map[string]*keyCount
	place []*keyCount
}

func (c *keyCounts) at(i int, key string) *keyCount {
	if i < len(c.place) && c.place[i].key == key {
		return c.place[i]
	}
	k := c.by[key]
	if k == nil {
		if c.by == nil {
			c.by = map[string]*keyCount{}
		}
		k = &keyCount{key: key, inner: inner(key)}
		c.by[key] = k
	}
	if i < len(c.place) {
		c.place[i] = k
	} else if i == len(c.place) {
		c.place = append(c.place, k)
	}
	return k
}

// inner says that a metric is about the machine or the progress, not about how
// good the model is.
func inner(metric string) bool {
	return strings.HasPrefix(metric, systemMetric) || metric == "epoch" || metric == "step"
}

// systemMetric begins the names of what a job's supervisor samples.
const systemMetric = "system/"

// count adds a run (by 1) or takes it away (by -1).
func (t *tally) count(r *backends.Run, by int) {
	if len(r.Metrics) > 0 {
		t.logged += by
	}
	if len(r.Params) > 0 {
		t.set += by
	}
	for i := range r.Metrics {
		k := t.metrics.at(i, r.Metrics[i].Key)
		k.n += by
		if by > 0 {
			k.values.Add(r.Metrics[i].Value)
		}
	}
	for i := range r.Params {
		p := &r.Params[i]
		k := t.params.at(i, p.Key)
		k.n += by
		if by > 0 {
			k.learn(p.Value)
		}
	}
}

// learn looks at a param's value, unless it is the one that most runs have.
func (k *keyCount) learn(value string) {
	if k.first == "" {
		k.first = value
	} else if value == k.first {
		return
	} else {
		k.varies = true
	}
	if v, err := strconv.ParseFloat(value, 64); err == nil {
		k.values.Add(v)
	}
}

// values is what a metric's values have been so far.
func (t *tally) values(metric string) cell.Range {
	if k := t.metrics.by[metric]; k != nil {
		return k.values
	}
	return cell.Range{}
}

// shape is what the table's columns are made of. Equal shapes make equal columns.
type shape struct {
	metrics, params []field // by how telling they are
	on              []string
	sources         bool // there is more than one
}

// field is one metric or param as a column.
type field struct {
	key     string
	figures cell.Figures
}

func (s shape) equal(o shape) bool {
	return slices.Equal(s.metrics, o.metrics) && slices.Equal(s.params, o.params) && slices.Equal(s.on, o.on) && s.sources == o.sources
}

// figure is what a run is judged by, in words: "val_acc 0.9722".
func (s shape) figure(r *backends.Run) string {
	if len(s.metrics) == 0 {
		return ""
	}
	f := s.metrics[0]
	if m, ok := r.Metric(f.key); ok {
		return f.key + " " + f.figures.Format(m.Value)
	}
	return ""
}

// shown is how many metric and param columns are on at first; the others are a key
// away.
const shown = 4

// shape is the columns that fit the listed runs, which may be all: metrics by what
// is judged by, params by what tells runs apart, of both what few runs have last.
// was is how the keys stood before; it is brought up to date.
func (t *tally) shape(listed *tally, was *standing) shape {
	var s shape
	metrics, params := t.metrics.there(), t.params.there()
	metrics = slices.DeleteFunc(metrics, func(k *keyCount) bool {
		p := t.params.by[k.key] // a rate that is logged as it changes is no result
		return k.inner || p != nil && p.n > 0
	})
	shares := was.metrics.learn(metrics, &listed.metrics, listed.logged)
	slices.SortFunc(metrics, func(a, b *keyCount) int {
		return cmp.Or(cmp.Compare(shares[a.key], shares[b.key]), cmp.Compare(rank(a.key), rank(b.key)), cmp.Compare(a.key, b.key))
	})
	had := was.params.learn(params, &listed.params, listed.set)
	few := func(k *keyCount) int { return max(had[k.key], some) }
	same := func(k *keyCount) int {
		if !k.varies {
			return 1
		}
		return 0
	}
	slices.SortFunc(params, func(a, b *keyCount) int {
		return cmp.Or(cmp.Compare(few(a), few(b)), cmp.Compare(paramRank(a.key)/setup, paramRank(b.key)/setup), cmp.Compare(same(a), same(b)), cmp.Compare(paramRank(a.key), paramRank(b.key)), cmp.Compare(a.key, b.key))
	})
	for i, k := range metrics {
		s.metrics = append(s.metrics, field{k.key, k.values.Figures()})
		best := metrics[0] // grouped ones show where there is nothing else
		if i < shown && shares[k.key] <= shares[best.key] && shares[k.key] < none && (!grouped(k.key) || grouped(best.key)) {
			s.on = append(s.on, "metrics."+k.key)
		}
	}
	for i, k := range params {
		s.params = append(s.params, field{k.key, k.values.Exact()})
		if i < shown && had[k.key] <= max(had[params[0].key], some) && had[k.key] < none && (k.varies || i < 2) {
			s.on = append(s.on, "params."+k.key)
		}
	}
	return s
}

// there is the counts of the keys that a run has.
func (c *keyCounts) there() []*keyCount {
	var out []*keyCount
	for _, k := range c.by {
		if k.n > 0 {
			out = append(out, k)
		}
	}
	return out
}

// rank puts what is judged by before what is merely logged: validation first, the
// grouped ones (test/f1_3) last.
func rank(metric string) int {
	lower := strings.ToLower(metric)
	score := 4
	switch {
	case grouped(metric) && strings.HasPrefix(lower, "val"):
		score = 8
	case grouped(metric):
		score = 10
	case strings.HasPrefix(lower, "val"), strings.HasPrefix(lower, "eval"):
		score = 0
	case strings.HasPrefix(lower, "test"):
		score = 2
	}
	if lowerIsBetter(metric) {
		score++
	}
	return score
}

func grouped(metric string) bool { return strings.Contains(metric, "/") }

// setup is the rank from which params say how a run was set up rather than what
// was tried.
const setup = 100

// paramRank puts the usual hyper-parameters first, in the order people read them.
func paramRank(p string) int {
	order := []string{"lr", "learning_rate", "width", "hidden", "layers", "batch", "batch_size", "l2", "weight_decay", "dropout", "ngrams", "optimizer"}
	if i := slices.Index(order, p); i >= 0 {
		return i
	}
	if slices.Contains([]string{"epochs", "max_epochs", "seed", "split_seed", "model", "task", "dataset"}, p) {
		return setup
	}
	return setup / 2
}

// lowerIsBetter guesses from a metric's name.
func lowerIsBetter(metric string) bool {
	lower := strings.ToLower(metric)
	for _, w := range []string{"loss", "err", "mse", "mae", "rmse", "perplexity", "ppl", "latency", "time"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}
