package experiments

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/table"
)

// groups is the table of clusters, which stands in the runs' place while they are
// grouped. It lists what the filter lists.
type groups struct {
	grouping
	desk  *Desk
	runs  *Runs
	table *table.Table[*cluster]
	shape shape

	listing int // of what it was made: Chosen.Listing
}

func newGroups(v *Runs, by string) *groups {
	g := &groups{grouping: grouping{by: by}, desk: v.desk, runs: v}
	g.table = table.New(table.Options[*cluster]{Key: func(c *cluster) string { return c.key }})
	g.refresh()
	if len(g.shape.metrics) > 0 {
		key := g.shape.metrics[0].key
		g.table.Sort("metrics."+key, !lowerIsBetter(key))
	}
	return g
}

// refresh groups what the filter lists now.
func (g *groups) refresh() {
	if !g.runs.shape.equal(g.shape) || len(g.table.Columns()) == 0 {
		g.shape = g.runs.shape
		g.table.Define(g.columns())
	}
	var telling []string
	for _, f := range g.shape.params {
		if g.desk.varies("params." + f.key) {
			telling = append(telling, f.key)
		}
	}
	g.take(g.runs.table.Passing(), telling)
	g.table.SetRows(g.clusters)
}

// columns are the cluster's name, how many runs it has, and what its metrics are in
// the mean.
func (g *groups) columns() []table.Column[*cluster] {
	out := []table.Column[*cluster]{
		{
			ID: "group", Title: "  group", Fixed: true, Weight: 100, Min: 12, Max: 60, Compare: func(a, b *cluster) int { return strings.Compare(a.name, b.name) },
			Cell: func(c *cluster, l *cell.Line) {
				i := g.colours[c.key]
				sign := l.Theme.Glyph.Bar
				if letter := l.Theme.SeriesLetter(i); letter != "" {
					sign = letter
				}
				l.Put(l.Set.Series[i%len(l.Set.Series)], sign).Space(1).Put(l.Set.Text, c.name)
			},
		},
		{
			ID: "runs", Title: "runs", Align: cell.AlignRight, Width: 6, Weight: 95, Desc: true, Number: func(c *cluster) (float64, bool) { return float64(len(c.runs)), true },
			Cell: func(c *cluster, l *cell.Line) { l.Put(l.Set.Dim, fmt.Sprint(len(c.runs))) },
		},
	}
	for i, f := range g.shape.metrics[:min(len(g.shape.metrics), 8)] {
		out = append(out, meanColumn(f, i))
	}
	return out
}

// meanColumn is a metric's mean over a cluster, and how far its runs are apart.
func meanColumn(f field, place int) table.Column[*cluster] {
	if f.figures == cell.Whole { // a mean of whole numbers is none
		f.figures = cell.Four
	}
	return table.Column[*cluster]{
		ID: "metrics." + f.key, Title: f.key, Align: cell.AlignRight, Min: 2*metricMin + 1, Max: 26, Weight: metricWeight(place), Desc: !lowerIsBetter(f.key),
		Number: func(c *cluster) (float64, bool) { s := c.of(f.key); return s.mean, s.n > 0 },
		Cell: func(c *cluster, l *cell.Line) {
			s := c.of(f.key)
			l.Metric(s.mean, s.n > 0, f.figures)
			text := ""
			switch {
			case s.n > 1:
				text = l.Theme.Glyph.PlusMinus + f.figures.Format(s.spread)
			case s.n == 1 && len(c.runs) > 1:
				text = "of 1"
			}
			l.Put(l.Set.Quiet, cell.Right(text, metricMin, ""))
		},
	}
}

// chosen is the clusters whose curves show: the marked ones, else the first of the
// table, and the selected one.
func (g *groups) chosen() (shown []*cluster, selected *cluster) {
	selected, _ = g.table.Selected()
	if marks := g.table.Marked(); len(marks) > 0 {
		for _, c := range g.clusters {
			if slices.Contains(marks, c.key) {
				shown = append(shown, c)
			}
		}
	} else {
		n, _ := g.table.Count()
		for i := range min(n, top) {
			shown = append(shown, g.table.At(i))
		}
	}
	shown = shown[:min(len(shown), mostLines)]
	if selected != nil && !slices.Contains(shown, selected) {
		shown = append(shown, selected)
	}
	return shown, selected
}

// title is what the runs are grouped by, and how many groups that makes.
func (g *groups) title() (of, right string) {
	n, _ := g.table.Count()
	return "by " + spoken(g.by), counted(n, "group")
}

// spoken is a grouping in words.
func spoken(by string) string {
	if by == bySeeds {
		return "all but the seed"
	}
	if _, key, dotted := strings.Cut(by, "."); dotted {
		return key
	}
	return by
}

// groupBy groups the runs, or with "" lets them stand for themselves again.
func groupBy(v *Runs, by string) {
	v.groups = nil
	if by != "" {
		v.groups = newGroups(v, by)
	}
	v.told()
}

// askGroup offers what the runs can be grouped by.
func askGroup(v *Runs) {
	v.menu = newMenu(menu{
		title: "Group by", hint: "a mean and a band for each group, in table and curves",
		choose: func(by string) { groupBy(v, by) }, done: func() { v.menu = nil },
	}, groupings(v))
}

// groupings is what tells runs apart: first all but the seed, then single params
// and tags.
func groupings(v *Runs) []option {
	count := func(by string) string {
		g := grouping{by: by}
		var telling []string
		for _, f := range v.shape.params {
			if v.desk.varies("params." + f.key) {
				telling = append(telling, f.key)
			}
		}
		g.take(v.table.Passing(), telling)
		return counted(len(g.clusters), "group")
	}
	out := []option{{id: bySeeds, name: "all but the seed", note: count(bySeeds)}}
	for _, f := range v.shape.params {
		if key := "params." + f.key; v.desk.varies(key) && !isSeed(f.key) {
			out = append(out, option{id: key, name: f.key, note: count(key)})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(tagKeys(v.desk.roll.runs))) {
		out = append(out, option{id: "tags." + key, name: key, note: "tag, " + count("tags."+key)})
	}
	if len(v.desk.roll.experiments) > 1 {
		out = append(out, option{id: "experiment", name: "experiment", note: count("experiment")})
	}
	if len(v.desk.roll.sources) > 1 {
		out = append(out, option{id: "source", name: "source", note: count("source")})
	}
	return out[:min(len(out), mostGroupings)]
}

// mostGroupings bounds the menu: each line counts all runs.
const mostGroupings = 24

// tagKeys is the tags that people set, over all runs.
func tagKeys(runs []*backends.Run) map[string]bool {
	out := map[string]bool{}
	for _, r := range runs {
		for i := range r.Tags {
			if k := r.Tags[i].Key; !strings.HasPrefix(k, "mlflow.") && !strings.HasPrefix(k, "flightdeck.") {
				out[k] = true
			}
		}
	}
	return out
}

// actions is what can be done while the runs are grouped.
func (g *groups) actions() []tui.Action {
	c, ok := g.table.Selected()
	none, name := "", "a group"
	if !ok {
		none = "there is no group"
	} else {
		name = c.name
	}
	return []tui.Action{
		{ID: "groups.open", Key: bind("open", "enter"), Title: "List the runs of " + name, Why: none, Do: func() { g.open(c) }},
		{ID: "groups.mark", Key: bind("mark", "space"), Title: "Mark " + name, Why: none, Do: func() { g.mark(c) }},
		{ID: "groups.ungroup", Key: bind("group no more", "c"), Title: "Ungroup the runs", Do: func() { groupBy(g.runs, "") }},
	}
}

func (g *groups) mark(c *cluster) {
	g.table.Mark(c.key, !slices.Contains(g.table.Marked(), c.key))
	g.runs.publish()
}

// open lists the runs of a cluster, and marks them so that they are compared.
func (g *groups) open(c *cluster) {
	v := g.runs
	v.groups = nil
	v.picks.markAll(c.runs)
	if len(c.runs) > 0 {
		v.table.Select(runKeyOf(c.best(cmp.Or(g.judge(), ""))))
	}
	v.told()
}

// judge is the metric that runs are judged by.
func (g *groups) judge() string {
	if len(g.shape.metrics) == 0 {
		return ""
	}
	return g.shape.metrics[0].key
}
