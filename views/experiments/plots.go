package experiments

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"flightdeck/backends"
	"flightdeck/tui/widget/chart"
	"flightdeck/tui/widget/chart/axis"
)

// lines is the runs whose curves are drawn, in the order of their colours.
type lines struct {
	runs     []*backends.Run
	groups   []*cluster    // instead of single runs; runs is all of theirs
	selected string        // key of the one under the cursor
	baseline string        // key of the one that the others are measured against
	note     string        // which they are, in words
	own      *backends.Run // the selected one, whose metrics must show: the others are there only for want of a choice
}

// mostLines is how many curves a chart shows: more cannot be told apart.
const mostLines = 24

// lines is what the charts should show now: the pinned and the marked runs, or the
// first of the table while there are none of these, and the selected one.
func (d *Desk) lines() lines {
	c := d.chosen.Get()
	if c.Group != nil {
		l := lines{groups: c.Groups, selected: c.Group.key, runs: members(c.Groups), note: "mean, least and largest"}
		if slices.ContainsFunc(c.Groups, func(g *cluster) bool { return len(g.runs) > mostMembers }) {
			l.note += fmt.Sprintf(" of %d runs a group", mostMembers)
		}
		return l
	}
	runs := slices.Concat(c.Pinned, c.Marked)
	var l lines
	switch n := len(runs); {
	case n == 0 && len(c.Top) > 1:
		runs, l.note = c.Top, fmt.Sprintf("top %d", len(c.Top))
	case n > mostLines:
		l.note = fmt.Sprintf("%d of %d marked", mostLines, n)
	}
	if c.Run != nil {
		l.selected = runKeyOf(c.Run)
		if len(c.Pinned)+len(c.Marked) == 0 {
			l.own = c.Run
		}
		runs = slices.Concat(one(c.Run), runs)
	}
	if c.Baseline != nil {
		l.baseline = runKeyOf(c.Baseline)
		runs = slices.Concat(one(c.Baseline), runs)
	}
	l.runs = distinct(runs[:min(len(runs), mostLines+2)])
	l.runs = l.runs[:min(len(l.runs), mostLines)]
	slices.SortFunc(l.runs, func(a, b *backends.Run) int { return cmp.Compare(d.colour(a), d.colour(b)) })
	return l
}

// same says whether the same curves are drawn, whatever was logged since.
func (l lines) same(o lines) bool {
	return l.selected == o.selected && l.baseline == o.baseline && sameRuns(l.runs, o.runs) && slices.EqualFunc(l.groups, o.groups, func(a, b *cluster) bool { return a.key == b.key })
}

// plot brings the charts up to date with what the runs have logged.
func (v *Curves) plot() {
	v.plots, v.cur = v.choose()
	used := map[curveKey]bool{}
	for i, metric := range v.plots {
		var series []chart.Series
		runs := v.shown.runs
		if v.shown.groups != nil {
			series, runs = v.clustered(metric, used), nil
		}
		for _, r := range runs {
			if _, ok := r.Metric(metric); !ok || v.alone && !akin(r, v.shown.own) {
				continue
			}
			k := curveKey{runKeyOf(r), metric, v.by}
			used[k] = true
			series = append(series, chart.Series{Key: k.run, Name: r.Name, Color: v.desk.colour(r), Data: v.curve(k, r).data(), Selected: k.run == v.shown.selected, Dashed: k.run == v.shown.baseline})
		}
		c := v.charts[i]
		c.Opt.Higher, c.Opt.Values = !lowerIsBetter(metric), v.desk.roll.tally.values(metric)
		c.Opt.XName, c.Opt.X = v.by, axisOf(v.by)
		c.Opt.LogY = v.logarithmic(metric, series)
		if !slices.Equal(series, v.series[i]) { // else the chart sees itself what was appended
			v.series[i] = series
			c.SetSeries(series)
		}
	}
	for k := range v.bands {
		if !v.kept[k] {
			delete(v.bands, k)
		}
	}
	clear(v.kept)
	for k, c := range v.curves {
		if !used[k] {
			c.leave()
			delete(v.curves, k)
		}
	}
}

// choose picks the metrics that are drawn, out of offered. Where the selected run has
// none of them, its own are offered: selecting a run leads to its curves, unless
// another metric was asked for since.
func (v *Curves) choose() (plots []string, cur int) {
	var common int
	v.offered, common = v.metrics(v.shown.runs)
	v.alone = false
	plots, cur = choose(v.offered, common, v.pins, v.metric)
	r := v.shown.own
	if r == nil || v.asked == v.shown.selected || slices.ContainsFunc(plots, func(m string) bool { _, has := r.Metric(m); return has }) {
		return plots, cur
	}
	if own, n := v.metrics(one(r)); n > 0 {
		v.offered, v.alone = own, true
		return choose(own, n, v.pins, v.metric)
	}
	return plots, cur
}

// akin says that runs were made by the same hand: what they log under one name can be
// compared.
func akin(a, b *backends.Run) bool { return a.Backend == b.Backend && a.Experiment == b.Experiment }

// curve is the line for k, watched from now on.
func (v *Curves) curve(k curveKey, r *backends.Run) *curve {
	if c := v.curves[k]; c != nil {
		return c
	}
	ctx, leave := context.WithCancel(v.ctx)
	c := &curve{by: k.by, leave: leave, start: r.Start, y: v.desk.history(ctx, v.poke, r, k.metric)}
	if isMetric(k.by) {
		c.x = v.desk.history(ctx, v.poke, r, k.by)
	}
	v.curves[k] = c
	return c
}

// axisOf is what kind of numbers an x is.
func axisOf(by string) axis.Kind {
	switch by {
	case byTime:
		return axis.Clock
	case byRelative:
		return axis.Elapsed
	case byStep, "epoch":
		return axis.Integer
	}
	return axis.Number
}

// decades is how far a loss falls, as a factor, until a linear axis would show its
// first steps alone.
const decades = 20

// logarithmic is whether a metric's axis is: as the user said, else where a loss
// spans decades. Once it is, it stays: an axis does not jump.
func (v *Curves) logarithmic(metric string, series []chart.Series) bool {
	if on, said := v.logs[metric]; said || !lowerIsBetter(metric) {
		return on
	}
	least, most := math.Inf(1), 0.0
	for _, s := range series {
		x0, x1, ok := s.Data.Bounds()
		if !ok {
			continue
		}
		if lo, hi, some := s.Data.Curve().Extremes(x0, x1); some {
			least, most = min(least, lo), max(most, hi)
		}
	}
	if !(least > 0) || most < decades*least {
		return false
	}
	v.logs[metric] = true
	return true
}

// metrics is what runs have logged about the model, the most telling first, what less
// than half of them have last: all from common on.
func (v *Curves) metrics(runs []*backends.Run) (all []string, common int) {
	t := count(runs)
	few := func(k *keyCount) int {
		if k.n*2 < t.logged {
			return 1
		}
		return 0
	}
	there := slices.DeleteFunc(t.metrics.there(), func(k *keyCount) bool { return k.inner })
	slices.SortFunc(there, func(a, b *keyCount) int {
		return cmp.Or(cmp.Compare(few(a), few(b)), cmp.Compare(rank(a.key), rank(b.key)), cmp.Compare(a.key, b.key))
	})
	for _, k := range there {
		all = append(all, k.key)
		common += 1 - few(k)
	}
	return all, common
}
