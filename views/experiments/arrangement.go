package experiments

import (
	"maps"
	"slices"

	"flightdeck/tui/widget/chart"
)

// capture is the arrangement as it is now.
func capture(v *Runs) savedView {
	var s savedView
	for _, c := range v.table.Columns() {
		if c.Width > 0 {
			if s.Widths == nil {
				s.Widths = map[string]int{}
			}
			s.Widths[c.ID] = c.Width
		}
		if c.Shown && v.arranged {
			s.Columns = append(s.Columns, c.ID)
		}
	}
	s.Sort, s.Desc = v.table.Sorted()
	s.Filter, s.Baseline, s.Delta = v.filter.Text(), v.picks.base, v.picks.delta
	if v.groups != nil {
		s.Group = v.groups.by
	}
	if v.desk.charts != nil {
		s.Charts = v.desk.charts.capture()
	}
	return s
}

// restore arranges everything as a view says. Columns and metrics that no run has
// are left out until one does.
func restore(v *Runs, s savedView) {
	for _, c := range v.table.Columns() {
		v.table.SetWidth(c.ID, s.Widths[c.ID])
	}
	v.arranged = len(s.Columns) > 0
	if v.wanted = s.Columns; v.arranged {
		v.table.SetColumns(s.Columns)
	} else {
		_, on := columns(v.desk, v.picks, v.shape)
		v.table.SetColumns(on)
	}
	if s.Sort != "" {
		v.table.Sort(s.Sort, s.Desc)
		v.sorted = true
	}
	v.filter.put(s.Filter)
	v.picks.base, v.picks.delta = s.Baseline, s.Delta
	if v.picks.baseline() == nil {
		v.picks.base, v.picks.delta = "", false
	}
	v.table.Redraw()
	if v.groups = nil; s.Group != "" {
		v.groups = newGroups(v, s.Group)
	}
	if v.desk.charts != nil {
		v.desk.charts.restore(s.Charts)
	}
	v.told()
}

func (v *Charts) capture() savedCharts {
	c, p, x := v.curves, v.parallel, v.scatter
	s := savedCharts{
		Kind: v.face().kind(), Metric: c.metric, Pinned: slices.Clone(c.pins), X: c.by, Log: maps.Clone(c.logs),
		Smooth: c.charts[0].Opt.Smooth, LogX: c.charts[0].Opt.LogX, Shade: p.by, AxisLog: maps.Clone(p.logs), ScatterX: x.x, ScatterY: x.y,
	}
	if p.chosen {
		s.Axes = slices.Clone(p.axes.on)
	}
	return s
}

func (v *Charts) restore(s savedCharts) {
	c, p, x := v.curves, v.parallel, v.scatter
	c.metric, c.pins, c.by = s.Metric, slices.Clone(s.Pinned[:min(len(s.Pinned), mostCharts-1)]), byStep
	if s.X != "" {
		c.by = s.X
	}
	c.logs = orEmpty(s.Log)
	c.each(func(o *chart.Options) { o.Smooth, o.LogX = s.Smooth, s.LogX })
	p.by, p.logs, p.chosen = s.Shade, orEmpty(s.AxisLog), len(s.Axes) > 0
	if p.axes.on = slices.Clone(s.Axes); len(p.axes.on) > 2*mostAxes {
		p.axes.on = p.axes.on[:2*mostAxes]
	}
	x.x, x.y, x.logs = s.ScatterX, s.ScatterY, maps.Clone(p.logs)
	p.begun, x.begun = false, false
	for i, f := range v.faces {
		if f.kind() == s.Kind || s.Kind == "" && i == 0 {
			v.SetTab(i)
		}
	}
	if v.ctx != nil {
		again(v.poke)
	}
}

func orEmpty(m map[string]bool) map[string]bool {
	if m == nil {
		return map[string]bool{}
	}
	return maps.Clone(m)
}
