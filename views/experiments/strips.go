package experiments

import (
	"math"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// span is the time over which all figures of a run were sampled, in milliseconds:
// strips below each other show the same moments.
func (p *system) span() (from, to int64) {
	from, to = math.MaxInt64, math.MinInt64
	for _, k := range p.keys {
		if h := p.handles[k].Result().Value; h != nil {
			if t := h.Points().Time; len(t) > 0 {
				from, to = min(from, t[0]), max(to, t[len(t)-1])
			}
		}
	}
	return from, to
}

// full is what the darkest sign of a strip stands for: the whole where there is
// one, else the most that was seen.
func full(key string, values []float64) float64 {
	if unit(key) == "%" {
		return 100
	}
	most := 0.0
	for _, v := range values {
		if !math.IsInf(v, 0) && v > most {
			most = v
		}
	}
	return most
}

// hot is from which share of the whole on a strip is drawn in caution.
const hot = 0.95

// strip is a figure over time in w cells, darker where more was used. A cell is the
// mean of its samples; one without a sample is empty.
func strip(l *cell.Line, key string, p backends.Points, from, to int64, w int) {
	th, most := l.Theme, full(key, p.Value)
	sums, counts := make([]float64, w), make([]int, w)
	for i, t := range p.Time {
		if v := p.Value[i]; !math.IsNaN(v) && !math.IsInf(v, 0) {
			at := int(float64(t-from) / float64(max(to-from, 1)) * float64(w))
			at = min(max(at, 0), w-1)
			sums[at] += v
			counts[at]++
		}
	}
	signs := th.Glyph.Heat
	run, style := "", l.Set.Dim
	flush := func(next theme.Style) {
		if next != style {
			l.Put(style, run)
			run, style = "", next
		}
	}
	for i := range w {
		sign, next := " ", l.Set.Dim
		if counts[i] == 0 && i > 0 && counts[i-1] > 0 && i+1 < w && len(p.Time) > 1 && gapOf(p, w, from, to) {
			sums[i], counts[i] = sums[i-1], counts[i-1] // fewer samples than cells: each fills up to the next
		}
		if counts[i] > 0 && most > 0 {
			share := min(max(sums[i]/float64(counts[i])/most, 0), 1)
			sign = signs[min(1+int(share*float64(len(signs)-1)*0.999), len(signs)-1)]
			if share == 0 {
				sign = signs[0]
			}
			if share >= hot && unit(key) == "%" {
				next = l.Set.Caution
			}
		}
		flush(next)
		run += sign
	}
	l.Put(style, run)
}

// gapOf says that the samples are so few that a cell without one is no gap.
func gapOf(p backends.Points, w int, from, to int64) bool {
	return float64(to-from)/float64(w) < float64(p.Time[len(p.Time)-1]-p.Time[0])/float64(len(p.Time)-1)
}

// when is the row below the strips: their beginning and end, and what the signs
// mean.
func (p *system) when(f tui.Frame, left, w int, from, to int64) string {
	set, g := &f.Theme.Plain, f.Theme.Glyph
	start := p.run.Start.UnixMilli()
	clock := func(ms int64) string { return cell.Duration(time.Duration(ms-start) * time.Millisecond) }
	l := cell.NewLine(f.Theme, set, f.W).Fill(left).Put(set.Dim, clock(from))
	end, scale := clock(to), "0 "+strings.Join(g.Heat, "")+" 100 % or the most"
	if at := left + (w-cell.Width(scale))/2; at > l.Len()+1 && at+cell.Width(scale)+1 < left+w-len(end) {
		l.Fill(at).Put(set.Quiet, scale)
	}
	if at := left + w - len(end); at > l.Len() {
		l.Fill(at).Put(set.Dim, end)
	}
	return l.Render()
}
