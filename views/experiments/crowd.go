package experiments

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/tui/widget/chart/cloud"
	"flightdeck/tui/widget/table"
)

// crowd is the runs that a picture of many shows: the marked ones, else all that
// the table lists. It follows them after a moment of quiet, for each change costs
// all of them.
type crowd struct {
	desk    *Desk
	poke    chan struct{}
	runs    []*backends.Run
	begun   bool
	listing int // of the snapshot and filter that runs is of
	marked  []*backends.Run
	dims    map[string]placed // by column: of a run that is the same, the value is too
	tally   *tally            // over runs
	stands  standing
	due     time.Time // when the runs are to be followed; zero when they are
}

func newCrowd(d *Desk) crowd { return crowd{desk: d, poke: make(chan struct{}, 1)} }

// Open implements tui.View.
func (c *crowd) Open(ctx context.Context) <-chan struct{} {
	c.desk.chosen.Watch(ctx, c.poke)
	c.begun = false
	return c.poke
}

// Soon implements tui.Soon.
func (c *crowd) Soon() time.Time { return c.due }

// behind says whether other runs than those of the picture are to be shown, now.
func (c *crowd) behind() bool {
	ch := c.desk.chosen.Get()
	if c.begun && ch.Listing == c.listing && slices.Equal(ch.Marked, c.marked) {
		c.due = time.Time{}
		return false
	}
	if !c.begun || len(c.runs) == 0 {
		return true
	}
	if c.due.IsZero() {
		c.due = c.desk.now.Add(settle)
	}
	return !c.desk.now.Before(c.due)
}

// follow takes the runs over.
func (c *crowd) follow() {
	ch := c.desk.chosen.Get()
	c.begun, c.listing, c.marked, c.due = true, ch.Listing, ch.Marked, time.Time{}
	if c.runs = ch.Marked; len(c.runs) < 2 {
		c.runs = c.desk.listed()
	}
	c.tally = count(c.runs)
}

// picks is the runs that stand out among them.
func (c *crowd) picks() []cloud.Pick {
	ch := c.desk.chosen.Get()
	var out []cloud.Pick
	add := func(r *backends.Run, selected, dashed bool) {
		at := slices.IndexFunc(c.runs, func(o *backends.Run) bool { return o == r || o.ID == r.ID && o.Backend == r.Backend })
		if at >= 0 {
			out = append(out, cloud.Pick{At: at, Color: c.desk.colour(r), Selected: selected, Dashed: dashed})
		}
	}
	marked := ch.Marked
	if len(marked) > 1 { // the picture is of these alone
		marked = nil
	}
	for _, r := range distinct(slices.Concat(ch.Pinned, marked)) {
		add(r, false, false)
	}
	if ch.Baseline != nil {
		add(ch.Baseline, false, true)
	}
	if ch.Run != nil {
		add(ch.Run, true, false)
	}
	return out
}

// name and colour are what a run of the crowd is called, and its series.
func (c *crowd) name(i int) string { return c.runs[i].Name }
func (c *crowd) colour(i int) int  { return c.desk.colour(c.runs[i]) }

// placed is what one quantity was over the crowd, and the text that it was read from.
type placed struct {
	of    []*backends.Run
	dim   cloud.Dim
	texts []string
}

// dim is a metric or param over the crowd, by the name of its column.
func (c *crowd) dim(key string, log map[string]bool) cloud.Dim {
	kind, name, _ := strings.Cut(key, ".")
	old := c.dims[key]
	if len(old.of) != len(c.runs) {
		old = placed{}
	}
	now := placed{of: c.runs}
	if kind == "metrics" {
		now.dim = metricDim(key, name, c.runs, old)
	} else {
		now.texts = make([]string, len(c.runs))
		same := old.of != nil
		for i, r := range c.runs {
			if old.of != nil && old.of[i] == r {
				now.texts[i] = old.texts[i]
				continue
			}
			now.texts[i], _ = r.Param(name)
			same = same && now.texts[i] == old.texts[i]
		}
		if now.dim = old.dim; !same {
			now.dim = cloud.Of(key, name, now.texts)
		}
	}
	on, said := log[key]
	if now.dim.Log = on; !said {
		now.dim.Log = now.dim.Wide()
	}
	if c.dims == nil {
		c.dims = map[string]placed{}
	}
	c.dims[key] = now
	return now.dim
}

func metricDim(key, name string, runs []*backends.Run, old placed) cloud.Dim {
	d := cloud.Dim{Key: key, Name: name, Values: make([]float64, len(runs))}
	for i, r := range runs {
		if old.of != nil && old.of[i] == r {
			d.Values[i] = old.dim.Values[i]
			continue
		}
		m, ok := r.Metric(name)
		if !ok {
			m.Value = math.NaN()
		}
		d.Values[i] = m.Value
	}
	return d
}

// listed is the runs that the table lists.
func (d *Desk) listed() []*backends.Run {
	if d.runs == nil {
		return nil
	}
	return d.runs.table.Passing()
}

// quantities is what the runs can be placed by, as names of columns: params by what
// tells runs apart, then metrics by how telling they are; of both what most of the
// runs have first, and nothing that none has.
func (c *crowd) quantities() (params, metrics []string) {
	if c.desk.runs == nil || c.tally == nil {
		return nil, nil
	}
	s := c.desk.runs.shape
	return placing("params.", s.params, &c.stands.params, &c.tally.params, c.tally.set), placing("metrics.", s.metrics, &c.stands.metrics, &c.tally.metrics, c.tally.logged)
}

func placing(kind string, fields []field, was *shares, counts *keyCounts, n int) []string {
	have := was.learn(counts.there(), counts, n)
	fields = slices.DeleteFunc(slices.Clone(fields), func(f field) bool { _, some := have[f.key]; return !some })
	slices.SortStableFunc(fields, func(a, b field) int { return cmp.Compare(have[a.key], have[b.key]) })
	var out []string
	for _, f := range fields {
		out = append(out, kind+f.key)
	}
	return out
}

// varies says whether the runs differ in a param.
func (d *Desk) varies(key string) bool {
	k := d.roll.tally.params.by[strings.TrimPrefix(key, "params.")]
	return k != nil && k.varies
}

// arranged is things of which some are on, in an order.
type arranged struct{ on, all []string }

// Columns implements arrangement.
func (a *arranged) Columns() []table.ColumnInfo {
	var out []table.ColumnInfo
	for _, id := range a.on {
		out = append(out, table.ColumnInfo{ID: id, Title: id, Shown: true})
	}
	for _, id := range a.all {
		if !slices.Contains(a.on, id) {
			out = append(out, table.ColumnInfo{ID: id, Title: id})
		}
	}
	return out
}

// SetColumns implements arrangement.
func (a *arranged) SetColumns(ids []string) { a.on = slices.Clone(ids) }

// MoveColumn implements arrangement.
func (a *arranged) MoveColumn(id string, by int) bool {
	i := slices.Index(a.on, id)
	j := min(max(i+by, 0), len(a.on)-1)
	if i < 0 || i == j {
		return false
	}
	a.on = slices.Insert(slices.Delete(slices.Clone(a.on), i, i+1), j, id)
	return true
}
