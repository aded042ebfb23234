package experiments

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"flightdeck/backends"
)

// bySeeds groups the runs that differ in nothing but a seed.
const bySeeds = "seeds"

// cluster is runs that have something in common.
type cluster struct {
	key   string
	name  string // "lr 0.01"
	runs  []*backends.Run
	stats map[string]stat // by metric, as far as they were asked for
}

// stat is a metric over the runs of a cluster, by the last value of each.
type stat struct {
	n              int // runs that have a finite value
	mean, spread   float64
	least, largest float64
}

// of is a metric over the cluster. spread is the sample standard deviation, and 0
// for a single run.
func (c *cluster) of(metric string) stat {
	if s, ok := c.stats[metric]; ok {
		return s
	}
	s := stat{least: math.Inf(1), largest: math.Inf(-1)}
	squares := 0.0
	for _, r := range c.runs {
		m, ok := r.Metric(metric)
		if !ok || math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
			continue
		}
		s.n++
		d := m.Value - s.mean
		s.mean += d / float64(s.n)
		squares += d * (m.Value - s.mean)
		s.least, s.largest = min(s.least, m.Value), max(s.largest, m.Value)
	}
	if s.n > 1 {
		s.spread = math.Sqrt(squares / float64(s.n-1))
	}
	if c.stats == nil {
		c.stats = map[string]stat{}
	}
	c.stats[metric] = s
	return s
}

// best is the run that did best by a metric; the first when none has it.
func (c *cluster) best(metric string) *backends.Run {
	best, value := c.runs[0], math.NaN()
	for _, r := range c.runs {
		m, ok := r.Metric(metric)
		if !ok || math.IsNaN(m.Value) {
			continue
		}
		if math.IsNaN(value) || m.Value != value && (m.Value < value) == lowerIsBetter(metric) {
			best, value = r, m.Value
		}
	}
	return best
}

// grouping is by what runs are put together. Clusters of which no run changed stay
// the same pointers.
type grouping struct {
	by       string // a column: params.lr, tags.team; bySeeds, experiment, source
	telling  []string
	names    map[*backends.Run]string // of the cluster of each run
	clusters []*cluster
	colours  map[string]int // of clusters, in the order in which they were first seen
}

// take groups the runs anew. telling is the params that vary, by which clusters of
// seeds are called.
func (g *grouping) take(runs []*backends.Run, telling []string) {
	if !slices.Equal(telling, g.telling) {
		g.telling, g.names = telling, nil
	}
	names := make(map[*backends.Run]string, len(runs))
	at := map[string]int{}
	var next []*cluster
	for _, r := range runs {
		name, known := g.names[r]
		if !known {
			name = g.name(r)
		}
		names[r] = name
		i, ok := at[name]
		if !ok {
			i = len(next)
			at[name] = i
			next = append(next, &cluster{key: g.by + "=" + name, name: name})
		}
		next[i].runs = append(next[i].runs, r)
	}
	for _, c := range g.clusters {
		if i, ok := at[c.name]; ok && slices.Equal(c.runs, next[i].runs) {
			next[i] = c
		}
	}
	if g.colours == nil {
		g.colours = map[string]int{}
	}
	for _, c := range slices.Backward(next) { // the oldest first, as with runs
		if _, ok := g.colours[c.key]; !ok {
			g.colours[c.key] = len(g.colours)
		}
	}
	g.names, g.clusters = names, next
}

// name is what the run has in common with others of its cluster.
func (g *grouping) name(r *backends.Run) string {
	kind, key, dotted := strings.Cut(g.by, ".")
	switch {
	case g.by == bySeeds:
		return g.seedless(r)
	case g.by == "experiment":
		return cmp.Or(r.ExpName, "no experiment")
	case g.by == "source":
		return r.Backend
	case dotted && kind == "params":
		if v, ok := r.Param(key); ok {
			return key + " " + v
		}
	case dotted && kind == "tags":
		if v := r.Tag(key); v != "" {
			return key + " " + v
		}
	}
	return "without " + key
}

// seedless is the params of a run without its seeds: those that tell runs apart
// first, and alone where the others are the same everywhere.
func (g *grouping) seedless(r *backends.Run) string {
	var b strings.Builder
	for _, key := range g.telling {
		if isSeed(key) {
			continue
		}
		v, ok := r.Param(key)
		if !ok {
			v = "none"
		}
		if b.Len() > 0 {
			b.WriteString("  ")
		}
		b.WriteString(key + " " + v)
	}
	if b.Len() == 0 {
		return "all params equal"
	}
	return b.String()
}

// isSeed goes by a param's name.
func isSeed(param string) bool {
	lower := strings.ToLower(param)
	return lower == "seed" || strings.HasSuffix(lower, "_seed") || strings.HasSuffix(lower, "-seed") || strings.HasSuffix(lower, ".seed") || strings.HasPrefix(lower, "seed_") || lower == "random_state"
}
