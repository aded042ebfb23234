package experiments

import (
	"flightdeck/backends"
	"flightdeck/tui/widget/chart"
	"flightdeck/tui/widget/chart/pyramid"
)

// bandKey names the band of a cluster's metric over an x.
type bandKey struct{ cluster, metric, by string }

// mostMembers is how many runs of a cluster a band is made of.
const mostMembers = 32

// clustered is a line with a band for each cluster. used notes the curves that they are
// made of.
func (v *Curves) clustered(metric string, used map[curveKey]bool) []chart.Series {
	var series []chart.Series
	for _, c := range v.shown.groups {
		var of []*pyramid.Pyramid
		var grows []bool
		for _, r := range c.runs {
			if _, ok := r.Metric(metric); !ok || len(of) == mostMembers {
				continue
			}
			k := curveKey{runKeyOf(r), metric, v.by}
			used[k] = true
			of, grows = append(of, v.curve(k, r).data()), append(grows, r.Active())
		}
		if len(of) == 0 {
			continue
		}
		k := bandKey{c.key, metric, v.by}
		b := v.bands[k]
		if b == nil {
			b = &band{}
			v.bands[k] = b
		}
		if b.grow(of, grows) {
			again(v.poke) // the rest with the next frame
		}
		v.kept[k] = true
		series = append(series, chart.Series{Key: c.key, Name: c.name, Color: groupColour(v.desk, c), Data: b.mean, Lo: b.lo, Hi: b.hi, Selected: c.key == v.shown.selected})
	}
	return series
}

// again asks a pane for another Refresh.
func again(poke chan struct{}) {
	select {
	case poke <- struct{}{}:
	default: // it is asked already
	}
}

// groupColour is the series of a cluster, among the clusters.
func groupColour(d *Desk, c *cluster) int {
	if d.runs == nil || d.runs.groups == nil {
		return 0
	}
	return d.runs.groups.colours[c.key]
}

// members is the runs of clusters.
func members(groups []*cluster) []*backends.Run {
	var out []*backends.Run
	for _, c := range groups {
		out = append(out, c.runs...)
	}
	return out
}
