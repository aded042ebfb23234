package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
)

// metrics is the part of the store that deals with points.
type metrics struct {
	*db
	shared histories
}

// LogBatch adds points, params and tags to a run, all or none. A point that the
// run has already under that key, with the same step, time and value, is dropped,
// so that a batch may be sent again. A param is written once: the same value again
// is fine, another is an *Error. Tags overwrite.
func (m *metrics) LogBatch(ctx context.Context, run string, points []backends.Metric, params []backends.Param, tags []backends.Tag) error {
	params, tags = slices.Clone(params), slices.Clone(tags) // the caller's stay as they are
	if err := checkBatch(points, params, tags); err != nil {
		return err
	}
	return m.write(ctx, "log batch", func(t *tx) error { return t.logBatch(run, points, params, tags) })
}

// LogMetric is LogBatch of one point, whose errors do not name a place in a list.
func (m *metrics) LogMetric(ctx context.Context, run string, p backends.Metric) error {
	if err := checkMetric(&p, ""); err != nil {
		return err
	}
	return m.write(ctx, "log metric", func(t *tx) error { return t.logBatch(run, []backends.Metric{p}, nil, nil) })
}

// LogParam is LogBatch of one param, in whose error MLflow uses other words.
func (m *metrics) LogParam(ctx context.Context, run string, p backends.Param) error {
	if err := checkParam(&p, ""); err != nil {
		return err
	}
	return m.write(ctx, "log param", func(t *tx) error {
		r, err := t.active(run)
		if err != nil {
			return err
		}
		if old, ok := pairValue(r.params, p.Key); ok && old != p.Value {
			return invalid("Changing param values is not allowed. Param with key='%s' was already logged with value='%s' for run ID='%s'. Attempted logging new value '%s'.", p.Key, old, run, p.Value)
		}
		return t.logBatch(run, nil, []backends.Param{p}, nil)
	})
}

func checkBatch(points []backends.Metric, params []backends.Param, tags []backends.Tag) error {
	for i := range points {
		if i > 0 && points[i].Key == points[i-1].Key && points[i].Time >= 0 {
			continue
		}
		if err := checkMetric(&points[i], ""); err != nil { // the place is worked out only for a refusal
			return checkMetric(&points[i], "metrics["+strconv.Itoa(i)+"].")
		}
	}
	for i := range params {
		if err := checkParam(&params[i], fmt.Sprintf("params[%d].", i)); err != nil {
			return err
		}
	}
	for i := range tags {
		if err := checkTag(&tags[i], fmt.Sprintf("tags[%d].", i)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) logBatch(run string, points []backends.Metric, params []backends.Param, tags []backends.Tag) error {
	r, err := t.active(run)
	if err != nil {
		return err
	}
	if err := r.addParams(params); err != nil {
		return err
	}
	for _, tag := range tags {
		if old, ok := pairValue(r.tags, tag.Key); !ok || old != tag.Value {
			r.setTag(tag)
		}
	}
	added, err := t.addPoints(r, points)
	if err != nil || !added && !r.changed {
		return err
	}
	return t.save(r)
}

// addParams refuses all when one differs from what is there.
func (r *row) addParams(params []backends.Param) error {
	var differ, twice []string
	seen := map[string]bool{}
	for _, p := range params {
		if seen[p.Key] {
			twice = append(twice, pyString(p.Key))
		}
		seen[p.Key] = true
		if old, ok := pairValue(r.params, p.Key); ok && old != p.Value {
			differ = append(differ, fmt.Sprintf("{'key': %s, 'old_value': %s, 'new_value': %s}", pyString(p.Key), pyString(old), pyString(p.Value)))
		}
	}
	switch {
	case len(twice) > 0:
		return invalid("Duplicate parameter keys have been submitted: [%s]. Please ensure the request contains only one param value per param key.", strings.Join(twice, ", "))
	case len(differ) > 0:
		return invalid("Changing param values is not allowed. Params were already logged='[%s]' for run ID='%s'.", strings.Join(differ, ", "), r.id)
	}
	for _, p := range params {
		if _, ok := pairValue(r.params, p.Key); !ok {
			r.params = setPair(r.params, p)
			r.changed = true
		}
	}
	return nil
}

// group is the points of one key in one batch, in the order they came.
type group struct {
	name string
	key  int64
	span span
	backends.Points
}

// groupPoints sorts a batch by key, into one block of memory for all.
func groupPoints(points []backends.Metric) []*group {
	of, sizes, names := make([]int, len(points)), []int(nil), map[string]int{}
	g := -1
	for i := range points {
		key := points[i].Key
		if g < 0 || key != points[i-1].Key {
			var ok bool
			if g, ok = names[key]; !ok {
				g = len(sizes)
				names[key] = g
				sizes = append(sizes, 0)
			}
		}
		of[i] = g
		sizes[g]++
	}
	all := backends.Points{Step: make([]int64, len(points)), Time: make([]int64, len(points)), Value: make([]float64, len(points))}
	block, groups, from := make([]group, len(sizes)), make([]*group, len(sizes)), 0
	for g, n := range sizes {
		to := from + n
		block[g].Points = backends.Points{Step: all.Step[from:from:to], Time: all.Time[from:from:to], Value: all.Value[from:from:to]}
		groups[g], from = &block[g], to
	}
	for i := range points {
		p, g := &points[i], groups[of[i]]
		g.name = p.Key
		g.Step, g.Time, g.Value = append(g.Step, p.Step), append(g.Time, p.Time), append(g.Value, p.Value)
	}
	for _, g := range groups {
		g.span = spanOf(g.Points)
	}
	return groups
}

// addPoints appends a batch to a run's tail, or seals the tail when that is long
// enough. It reports whether any point was new.
func (t *tx) addPoints(r *row, points []backends.Metric) (bool, error) {
	if len(points) == 0 {
		return false, nil
	}
	names, err := t.db.names.load(t.conn)
	if err != nil {
		return false, err
	}
	latest, err := unpackLatest(r.latest, names)
	if err != nil {
		return false, t.db.damaged(fmt.Errorf("run %s: latest metrics: %w", r.id, err))
	}
	groups := groupPoints(points)
	if err := t.dropKnown(r, latest, groups); err != nil {
		return false, err
	}
	groups = slices.DeleteFunc(groups, func(g *group) bool { return g.Len() == 0 })
	if len(groups) == 0 {
		return false, nil
	}
	longest, total := int64(0), int64(0)
	for _, g := range groups {
		if latest, err = t.extend(r, latest, g); err != nil {
			return false, err
		}
	}
	for i := range latest {
		longest, total = max(longest, latest[i].tail), total+latest[i].tail
	}
	t.touch(ofMetrics)
	if longest >= sealAt || total >= tailPoints || r.batches >= tailBatches {
		err = t.seal(r, latest, groups)
	} else {
		err = t.appendBatch(r, groups)
	}
	r.latest = packLatest(latest)
	return true, err
}

// extend takes a group into account in what the run knows of its key.
func (t *tx) extend(r *row, latest []last, g *group) ([]last, error) {
	i, ok := findLast(latest, g.name)
	if !ok {
		id, err := t.db.names.id(t, g.name)
		if err != nil {
			return nil, err
		}
		l := last{key: id, name: g.name, step: g.Step[0], time: g.Time[0], value: g.Value[0]}
		latest = slices.Insert(latest, i, l)
	}
	l := &latest[i]
	g.key = l.key
	for j, v := range g.Value {
		if l.after(g.Step[j], g.Time[j], v) {
			l.step, l.time, l.value = g.Step[j], g.Time[j], v
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			r.diverge(g.name, v, g.Step[j])
		}
	}
	l.maxTime = max(l.maxTime, g.span.maxTime)
	l.tail += int64(g.Len())
	return latest, nil
}

// diverge notes the first value that is no number. A sensor that has nothing to
// say is not a model that went wrong.
func (r *row) diverge(key string, v float64, step int64) {
	if _, ok := pairValue(r.tags, backends.TagDiverged); ok || strings.HasPrefix(key, "system/") {
		return
	}
	word := strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
	r.setTag(backends.Tag{Key: backends.TagDiverged, Value: fmt.Sprintf("%s is %s at step %d", key, word, step)})
}

const (
	tailPoints  = 1 << 16 // of all keys of a run, unsealed
	tailBatches = 1 << 12
	tailShift   = 24 // tail.id is the run's number << tailShift | the batch's
)

func (t *tx) appendBatch(r *row, groups []*group) error {
	b, points := packBatch(groups)
	s := groups[0].span
	for _, g := range groups {
		s.join(g.span)
	}
	err := t.exec("INSERT INTO tail VALUES (?, ?, ?, ?, ?, ?, ?)", r.n<<tailShift|r.batches, points, s.minStep, s.maxStep, s.minTime, s.maxTime, b)
	r.batches++
	return err
}

func packBatch(groups []*group) (b []byte, points int64) {
	b = []byte{}
	var scratch []byte
	b = appendCount(b, len(groups))
	for _, g := range groups {
		b, scratch = appendGroup(b, g.key, g.Points, scratch)
		points += int64(g.Len())
	}
	return sealBlob(b), points
}
