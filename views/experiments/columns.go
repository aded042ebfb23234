package experiments

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/query/of"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/table"
)

type column = table.Column[*backends.Run]

// columns makes the table's columns, and says which are on at first.
func columns(d *Desk, p *picks, s shape) (defs []column, on []string) {
	defs = append(defs, nameColumn(p), stateColumn())
	for i, f := range s.metrics {
		defs = append(defs, metricColumn(p, f, i))
	}
	for i, f := range s.params {
		defs = append(defs, paramColumn(f, i))
	}
	defs = append(defs, progressColumn(), tookColumn(d), startedColumn(d),
		textColumn("source", 45, func(r *backends.Run) string { return r.Backend }),
		textColumn("experiment", 1, func(r *backends.Run) string { return r.ExpName }),
		textColumn("user", 1, func(r *backends.Run) string { return r.User }),
		textColumn("commit", 1, func(r *backends.Run) string { return short(r.Tag(backends.TagGitCommit)) }),
		textColumn("note", 1, func(r *backends.Run) string { return r.Tag(backends.TagNote) }),
		textColumn("id", 1, func(r *backends.Run) string { return short(r.ID) }))
	on = append([]string{"run", "state"}, s.on...)
	if len(s.metrics)+len(s.params) > 0 {
		on = append(on, "epoch")
	}
	on = append(on, "took", "started")
	if s.sources {
		on = append(on, "source")
	}
	return defs, on
}

// nameColumn is the run's colour, as a dash or a letter, and its name. A pinned
// run has a pin instead of the dash, the baseline a broken one, and both stand out.
func nameColumn(p *picks) column {
	return column{
		ID: "run", Title: "  run", Fixed: true, Weight: 100, Min: 12, Max: 28,
		Cell: func(r *backends.Run, l *cell.Line) {
			i := p.desk.colour(r)
			pinned := p.pinned(r)
			sign := l.Theme.Glyph.Bar
			if pinned {
				sign = l.Theme.Glyph.Pin
			}
			if letter := l.Theme.SeriesLetter(i); letter != "" {
				sign = letter
			}
			base := p.isBaseline(r)
			if base && !l.Theme.Mono {
				sign = l.Theme.Glyph.Limit
			}
			l.Put(l.Set.Series[i%len(l.Set.Series)], sign)
			if base && l.Theme.Mono { // the letter stays, and the dash is beside it
				l.Put(l.Set.Series[i%len(l.Set.Series)], l.Theme.Glyph.Limit)
			} else {
				l.Space(1)
			}
			if r.Parent != "" {
				l.Space(2)
			}
			style := l.Set.Text
			if pinned || base || l.Set.Text == l.Theme.Row.Text {
				style = l.Set.Title
			}
			l.Put(style, r.Name)
		},
		Compare: func(a, b *backends.Run) int { return strings.Compare(a.Name, b.Name) },
	}
}

func stateColumn() column {
	return column{
		ID: "state", Title: "state", Weight: 90, Min: 10, Max: 22,
		Cell: func(r *backends.Run, l *cell.Line) { putState(l, r) },
		Compare: func(a, b *backends.Run) int {
			return cmp.Or(cmp.Compare(a.Status, b.Status), strings.Compare(a.Diverged, b.Diverged))
		},
	}
}

// putState is a run's state as a glyph in its colour and a word.
func putState(l *cell.Line, r *backends.Run) {
	set, g, word := l.Set, l.Theme.Glyph, of.StateWord(r)
	switch {
	case r.Diverged != "":
		l.Mark(set.Caution, g.Caution, set.Caution, word)
	case r.Status == backends.RunRunning:
		l.Mark(set.Engaged, g.Running, set.Text, word)
	case r.Status == backends.RunScheduled:
		l.Mark(set.Dim, g.Waiting, set.Text, word)
	case r.Status == backends.RunFinished:
		l.Mark(set.Dim, g.Done, set.Dim, word)
	case r.Status == backends.RunKilled:
		l.Mark(set.Dim, g.Pruned, set.Dim, word)
	default:
		l.Mark(set.Warning, g.Failed, set.Warning, word)
	}
}

// metricMin has room for what a metric may come to be: -12.3456, 1.234e+6, NaN. So
// nothing moves while a run trains.
const metricMin = 9

func metricColumn(p *picks, f field, place int) column {
	return column{
		ID: "metrics." + f.key, Title: f.key, Align: cell.AlignRight, Min: metricMin, Max: 14, Weight: metricWeight(place), Desc: !lowerIsBetter(f.key),
		Cell: func(r *backends.Run, l *cell.Line) {
			if d, ok := p.difference(r, f.key, f.figures); ok {
				l.Put(l.Set.Text, d)
				return
			}
			m, ok := r.Metric(f.key)
			l.Metric(m.Value, ok, f.figures)
		},
		Number: func(r *backends.Run) (float64, bool) { m, ok := r.Metric(f.key); return m.Value, ok },
	}
}

// metricWeight keeps the two that are judged by when there is little room; the
// others give way to how far the run has come.
func metricWeight(place int) int {
	if place < 2 {
		return 80 - place
	}
	return 50 - min(place, 30)
}

func paramColumn(f field, place int) column {
	number := func(r *backends.Run) (float64, bool) {
		s, ok := r.Param(f.key)
		if !ok {
			return 0, false
		}
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil && !math.IsNaN(v)
	}
	return column{
		ID: "params." + f.key, Title: f.key, Align: cell.AlignRight, Min: 5, Max: 16, Weight: 40 - min(place, 30),
		Cell: func(r *backends.Run, l *cell.Line) {
			s, ok := r.Param(f.key)
			switch v, isNumber := number(r); {
			case !ok:
				l.Put(l.Set.Quiet, l.Theme.Glyph.Unknown)
			case isNumber:
				l.Put(l.Set.Text, written(s, v, f.figures))
			default:
				l.Put(l.Set.Text, s)
			}
		},
		Number: number,
	}
}

// written is a param's number in its column's convention, or as it was given where
// that would lose digits.
func written(given string, v float64, f cell.Figures) string {
	text := f.Format(v)
	if back, err := strconv.ParseFloat(text, 64); err == nil && back != v && len(given) <= 10 {
		return given
	}
	return text
}

// progressColumn is a bar, and the figures with their last digits below each other.
func progressColumn() column {
	return column{
		ID: "epoch", Title: "epoch", Min: 18, Max: 24, Weight: 60, Gap: 4,
		Cell: func(r *backends.Run, l *cell.Line) {
			done, total, _ := r.Progress()
			if total == 0 {
				l.Put(l.Set.Quiet, l.Theme.Glyph.Unknown)
				return
			}
			full := l.Set.Text
			if !r.Active() {
				full = l.Set.Faint
			}
			of := strconv.Itoa(int(total))
			l.Bar(full, done/total, 12).Space(1).Put(l.Set.Dim, cell.Right(strconv.Itoa(int(done)), len(of), "")+"/"+of)
		},
		Number: func(r *backends.Run) (float64, bool) {
			done, total, _ := r.Progress()
			return done / total, total > 0
		},
	}
}

func tookColumn(d *Desk) column {
	return column{
		ID: "took", Title: "took", Align: cell.AlignRight, Width: 6, Weight: 55,
		Cell: func(r *backends.Run, l *cell.Line) {
			if r.Start.IsZero() {
				l.Put(l.Set.Quiet, l.Theme.Glyph.Unknown)
				return
			}
			l.Put(l.Set.Dim, cell.Duration(took(r, d.now)))
		},
		Number: func(r *backends.Run) (float64, bool) { return took(r, d.now).Seconds(), !r.Start.IsZero() },
		Desc:   true,
	}
}

// took is how long a run has been at it: up to what it last said, for one that
// still runs, so that the figure moves with the data and not by itself.
func took(r *backends.Run, now time.Time) time.Duration {
	if !r.Active() {
		return r.Took(now)
	}
	last := int64(0)
	for i := range r.Metrics {
		last = max(last, r.Metrics[i].Time)
	}
	if last == 0 {
		return 0
	}
	return max(0, time.UnixMilli(last).Sub(r.Start))
}

// startedColumn is the time of day, and the date for what is not of today.
func startedColumn(d *Desk) column {
	return column{
		ID: "started", Title: "started", Width: 9, Weight: 35,
		Cell: func(r *backends.Run, l *cell.Line) {
			if !r.Start.IsZero() {
				l.Put(l.Set.Quiet, started(r.Start, d.now))
			}
		},
		Number: func(r *backends.Run) (float64, bool) { return float64(r.Start.UnixMilli()), !r.Start.IsZero() },
		Desc:   true,
	}
}

// started is when a run began, in eight cells.
func started(at, now time.Time) string {
	at = at.In(now.Location())
	switch {
	case at.Year() != now.Year():
		return at.Format("Jan 2006")
	case at.YearDay() != now.YearDay():
		return at.Format("2 Jan")
	}
	return at.Format("15:04:05")
}

func textColumn(id string, weight int, text func(*backends.Run) string) column {
	return column{
		ID: id, Title: id, Weight: weight, Min: 6, Max: 24,
		Cell:    func(r *backends.Run, l *cell.Line) { l.Put(l.Set.Quiet, text(r)) },
		Compare: func(a, b *backends.Run) int { return strings.Compare(text(a), text(b)) },
		Missing: func(r *backends.Run) bool { return text(r) == "" },
	}
}

func short(id string) string { return id[:min(len(id), 8)] }
