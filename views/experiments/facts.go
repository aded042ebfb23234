package experiments

import (
	"maps"
	"math"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

// group is the facts of one kind that the compared runs have.
type group struct {
	title   string
	numbers bool // values stand at the right, with the difference to the first run
	rows    []fact
}

// fact is one thing in which the runs agree or not: a value for each.
type fact struct {
	key     string
	values  []string
	has     []bool
	numbers []float64 // of a metric
	figures cell.Figures
	same    bool
}

// delta is how far the i-th run's number is from the first one's.
func (f fact) delta(i int) string {
	if i == 0 || f.numbers == nil || !f.has[0] || !f.has[i] {
		return ""
	}
	d := f.numbers[i] - f.numbers[0]
	switch text := f.figures.Format(d); {
	case math.IsNaN(d) || math.IsInf(d, 0) || d == 0:
		return ""
	case d > 0:
		return "+" + text
	default:
		return text
	}
}

// wrong says that the i-th run's number is none.
func (f fact) wrong(i int) bool {
	return f.numbers != nil && f.has[i] && (math.IsNaN(f.numbers[i]) || math.IsInf(f.numbers[i], 0))
}

// groups is all facts of the compared runs, in the order in which people ask.
func (p *diff) groups() []group {
	all := make([]map[string]string, len(p.runs))
	keys := map[string]bool{}
	for i, r := range p.runs {
		var prov *backends.Provenance
		if res := p.prov[i].Result(); res.OK {
			prov = &res.Value
		}
		all[i] = backends.Facts(r, prov)
		for k := range all[i] {
			keys[k] = true
		}
	}
	by := map[string]*group{}
	var order []*group
	for _, k := range slices.SortedFunc(maps.Keys(keys), backends.CompareFacts) {
		title, key := titleOf(k)
		switch {
		case title == "", k == "seed" && keys["params.seed"]:
			continue // it stands elsewhere
		case title == "metrics" && keys["params."+key]:
			title = "more metrics" // a rate that is logged as it changes is no result
		}
		g := by[title]
		if g == nil {
			g = &group{title: title, numbers: strings.HasSuffix(title, "metrics")}
			by[title] = g
			order = append(order, g)
		}
		if g.numbers {
			g.rows = append(g.rows, p.metric(key))
			continue
		}
		g.rows = append(g.rows, words(k, key, all))
	}
	slices.SortStableFunc(order, func(a, b *group) int { return place(a.title) - place(b.title) })
	out := make([]group, len(order))
	for i, g := range order {
		if g.title == "metrics" {
			slices.SortStableFunc(g.rows, func(a, b fact) int { return rank(a.key) - rank(b.key) })
		}
		out[i] = *g
	}
	return out
}

// titleOf is the group that a fact stands in, and what it is called there; "" for
// what the head says already.
func titleOf(k string) (title, key string) {
	kind, rest, dotted := strings.Cut(k, ".")
	switch {
	case k == "status":
		return "", ""
	case kind == "metrics" && strings.HasPrefix(rest, systemMetric):
		return "system metrics", rest
	case kind == "metrics" && (inner(rest) || strings.Contains(rest, "/")):
		return "more metrics", rest
	case kind == "env":
		return "environment", rest
	case dotted:
		return kind, rest
	}
	return "run", k
}

// place is where a group stands.
func place(title string) int {
	return slices.Index([]string{"params", "metrics", "tags", "data", "git", "run", "environment", "more metrics", "system metrics"}, title)
}

// words is a fact that is text.
func words(k, key string, all []map[string]string) fact {
	f := fact{key: key, same: true}
	for i, facts := range all {
		v, ok := facts[k]
		f.values, f.has = append(f.values, v), append(f.has, ok)
		f.same = f.same && ok == f.has[0] && f.values[i] == f.values[0]
	}
	if k == "git.commit" {
		for i, v := range f.values {
			f.values[i] = short(v)
		}
	}
	if strings.HasPrefix(k, "data.") {
		for i, v := range f.values {
			f.values[i] = digest(v)
		}
	}
	return f
}

// metric is a fact that is a number, in one convention for all runs.
func (p *diff) metric(key string) fact {
	f := fact{key: key, same: true, figures: p.desk.figures(key)}
	for _, r := range p.runs {
		m, ok := r.Metric(key)
		text := ""
		if ok {
			text = f.figures.Format(m.Value)
		}
		f.numbers, f.has, f.values = append(f.numbers, m.Value), append(f.has, ok), append(f.values, text)
		f.same = f.same && ok == f.has[0] && math.Float64bits(m.Value) == math.Float64bits(f.numbers[0])
	}
	return f
}

// shorten takes away what long values have in common at their beginning, so that
// what differs is in sight.
func shorten(values []string, w int, ellipsis string) []string {
	there := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	if len(there) < 2 || slices.Max(there) == slices.Min(there) {
		return values
	}
	long, common := false, there[0]
	for _, v := range there {
		long = long || cell.Width(cell.Safe(v)) > w
		for !strings.HasPrefix(v, common) {
			common = common[:len(common)-1]
		}
	}
	at := strings.LastIndexAny(common, " /:,;=") + 1
	if !long || at < 8 {
		return values
	}
	out := make([]string, len(values))
	for i, v := range values {
		if out[i] = v; v != "" {
			out[i] = ellipsis + v[at:]
		}
	}
	return out
}
