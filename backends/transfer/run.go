package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"flightdeck/backends"
)

// run copies one run, or goes on with the copy that is there.
func (t *transfer) run(ctx context.Context, r *backends.Run) error {
	source, digest := t.source(r.ID), Digest(r)
	c, err := t.to.Find(ctx, source)
	if err != nil {
		return err
	}
	done := RunDone{Source: r.ID, Name: r.Name, State: stateContinued}
	if c == nil {
		done.State = stateCopied
		exp, err := t.experiment(ctx, r)
		if err != nil {
			return err
		}
		if c, err = t.to.Create(ctx, exp, r, []backends.Tag{{Key: TagSource, Value: source}}); err != nil {
			return err
		}
	}
	there := c.Run()
	t.ids[r.ID], done.ID = there.ID, there.ID
	// The tag comes before the end, because nothing can be logged into a deleted run.
	if there.Tag(TagCopied) == digest && !r.Active() && there.Status == r.Status && there.Deleted == r.Deleted {
		done.State = stateThere
		t.report.Runs = append(t.report.Runs, done)
		return nil
	}
	if there.Deleted { // whoever deleted the copy did not want it
		t.report.lost("what is new", r.Name, "its copy "+there.ID+" was deleted at the destination")
		done.State = stateThere
		t.report.Runs = append(t.report.Runs, done)
		return nil
	}
	w := &work{transfer: t, r: r, c: c, there: there, done: &done}
	if why := r.Tag(backends.TagTrouble); why != "" {
		w.lost("what cannot be read", why)
	}
	for _, part := range []func(context.Context) error{w.params, w.metrics, w.inputs, w.artifacts, w.media, w.tags} {
		if err := part(ctx); err != nil {
			t.report.Runs = append(t.report.Runs, done)
			return err
		}
	}
	if err := c.Log(ctx, Batch{Tags: []backends.Tag{{Key: TagCopied, Value: digest}}}); err != nil {
		return err
	}
	if err := c.End(ctx, r); err != nil {
		return err
	}
	t.report.Runs = append(t.report.Runs, done)
	return nil
}

// work is one run on its way.
type work struct {
	*transfer
	r     *backends.Run
	c     Copy
	there *backends.Run // what had arrived before
	done  *RunDone
}

func (w *work) lost(what, why string) { w.report.lost(what, w.r.Name, why) }

// send logs items in batches. When a batch is refused it is halved until the item is
// found that cannot be carried, and that one is named.
func send[T any](ctx context.Context, w *work, items []T, most int, batch func([]T) Batch, what func(T) string) error {
	for len(items) > 0 {
		n := min(most, len(items))
		if err := halve(ctx, w, items[:n], batch, what); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

func halve[T any](ctx context.Context, w *work, items []T, batch func([]T) Batch, what func(T) string) error {
	err := w.c.Log(ctx, batch(items))
	switch {
	case err == nil || !refused(err):
		return err
	case len(items) == 1:
		w.lost(what(items[0]), err.Error())
		return nil
	}
	n := len(items) / 2
	if err := halve(ctx, w, items[:n], batch, what); err != nil {
		return err
	}
	return halve(ctx, w, items[n:], batch, what)
}

func (w *work) params(ctx context.Context) error {
	var left []backends.Param
	for _, p := range w.r.Params {
		v, ok := w.there.Param(p.Key)
		switch {
		case ok && v != p.Value && !strings.HasPrefix(p.Value, v):
			w.lost("params."+p.Key, "the copy has another value, and a param is written once")
		case !ok:
			p.Value = w.fitting("params."+p.Key, p.Value, w.maxParam)
			left = append(left, p)
		}
	}
	return send(ctx, w, left, MaxPairs, func(p []backends.Param) Batch { return Batch{Params: p} }, func(p backends.Param) string { return "params." + p.Key })
}

// fitting cuts a value to what the destination keeps, and says so.
func (w *work) fitting(what, v string, most int) string {
	if most == 0 || len(v) <= most || utf8.RuneCountInString(v) <= most {
		return v
	}
	w.lost(what, fmt.Sprintf("it has %d characters, and the first %d are kept", utf8.RuneCountInString(v), most))
	return string([]rune(v)[:most])
}

// ours are tags of the copy's own life, which must not be the original's.
func ours(key string) bool {
	return key == TagSource || key == TagCopied || key == backends.TagJob || key == backends.TagParent
}

func (w *work) tags(ctx context.Context) error {
	var left []backends.Tag
	for _, t := range w.r.Tags {
		if !ours(t.Key) && (w.there.Tag(t.Key) != t.Value || t.Value == "") {
			t.Value = w.fitting("tags."+t.Key, t.Value, w.maxTag)
			left = append(left, t)
		}
	}
	if p := w.r.Parent; p != "" {
		id := w.ids[p]
		if id == "" {
			c, err := w.to.Find(ctx, w.source(p))
			if err != nil {
				return err
			}
			if c != nil {
				id = c.Run().ID
			}
		}
		if id == "" {
			w.lost("its parent "+p, "that run was not copied")
		} else {
			left = append(left, backends.Tag{Key: backends.TagParent, Value: id})
		}
	}
	return send(ctx, w, left, MaxPairs, func(t []backends.Tag) Batch { return Batch{Tags: t} }, func(t backends.Tag) string { return "tags." + t.Key })
}

// metrics copies the histories. Where the copy has points already, those that it
// lacks are sent.
func (w *work) metrics(ctx context.Context) error {
	h, ok := w.from.(backends.HistoryReader)
	var batch []backends.Metric
	flush := func(least int) error {
		if len(batch) < least || len(batch) == 0 {
			return nil
		}
		err := send(ctx, w, batch, MaxMetrics, func(m []backends.Metric) Batch { return Batch{Metrics: m} },
			func(m backends.Metric) string { return fmt.Sprintf("metrics.%s at step %d", m.Key, m.Step) })
		w.done.Points += len(batch)
		batch = batch[:0]
		return err
	}
	for _, last := range w.r.Metrics {
		points := backends.Points{Step: []int64{last.Step}, Time: []int64{last.Time}, Value: []float64{last.Value}}
		if ok {
			history, err := h.History(ctx, w.r.Ref(), last.Key)
			if err != nil {
				return fmt.Errorf("metric %s: %w", last.Key, err)
			}
			points = history.Points()
		}
		left, err := w.lacking(ctx, last.Key, points)
		if err != nil {
			return err
		}
		for i := range left.Len() {
			batch = append(batch, backends.Metric{Key: last.Key, Step: left.Step[i], Time: left.Time[i], Value: left.Value[i]})
			if err := flush(MaxMetrics); err != nil {
				return err
			}
		}
		w.o.Progress(backends.Progress{Done: w.progress.Done, Total: w.progress.Total, Unit: "runs", Note: w.r.Name + " " + last.Key})
	}
	if !ok && len(w.r.Metrics) > 0 {
		w.lost("histories", "the source has last values only")
	}
	return flush(0)
}

// lacking is the points that the copy has not.
func (w *work) lacking(ctx context.Context, key string, p backends.Points) (backends.Points, error) {
	if _, some := w.there.Metric(key); !some {
		return p, nil
	}
	have, err := w.c.Points(ctx, key)
	if err != nil || have.Len() == 0 {
		return p, err
	}
	type point struct {
		step, time int64
		bits       uint64
	}
	bits := func(v float64) uint64 { return math.Float64bits(v + 0) } // SQLite keeps no zero below zero
	seen := make(map[point]bool, have.Len())
	for i := range have.Len() {
		seen[point{have.Step[i], have.Time[i], bits(have.Value[i])}] = true
	}
	var left backends.Points
	for i := range p.Len() {
		if !seen[point{p.Step[i], p.Time[i], bits(p.Value[i])}] {
			left.Step, left.Time, left.Value = append(left.Step, p.Step[i]), append(left.Time, p.Time[i]), append(left.Value, p.Value[i])
		}
	}
	return left, nil
}

func (w *work) inputs(ctx context.Context) error {
	for _, in := range w.r.Inputs {
		if slices.ContainsFunc(w.there.Inputs, func(d backends.Dataset) bool {
			return d.Name == in.Name && d.Digest == in.Digest && d.Context == in.Context
		}) {
			continue
		}
		err := w.c.Inputs(ctx, []backends.Dataset{in})
		if refused(err) {
			w.lost("data set "+in.Name, err.Error())
		} else if err != nil {
			return err
		}
	}
	return nil
}

// artifacts copies the files that the copy lacks, or has in another size: a file that
// was cut off is not there at all, or shorter.
func (w *work) artifacts(ctx context.Context) error {
	l, lists := w.from.(backends.ArtifactLister)
	o, opens := w.from.(backends.ArtifactOpener)
	if !lists || !opens {
		return nil
	}
	files, err := l.Artifacts(ctx, w.r.Ref())
	if err != nil || len(files) == 0 {
		return err
	}
	var have []backends.Artifact
	if w.done.State != stateCopied { // a run that was just made has none
		if have, err = w.c.Artifacts(ctx); err != nil {
			return err
		}
	}
	sizes := map[string]int64{}
	for _, a := range have {
		sizes[a.Path] = a.Size
	}
	for i, a := range files {
		if size, ok := sizes[a.Path]; ok && size == a.Size {
			continue
		}
		w.o.Progress(backends.Progress{Done: w.progress.Done, Total: w.progress.Total, Unit: "runs", Note: fmt.Sprintf("%s file %d/%d %s", w.r.Name, i+1, len(files), a.Path)})
		if err := w.file(ctx, a, func() (io.ReadCloser, error) { return o.OpenArtifact(ctx, w.r.Ref(), a.Path) }); err != nil {
			return err
		}
	}
	return nil
}

// file sends one file. One that the source cannot open is named, not the end.
func (w *work) file(ctx context.Context, a backends.Artifact, open func() (io.ReadCloser, error)) error {
	err := w.c.Artifact(ctx, a, open)
	switch {
	case err == nil:
		w.done.Artifacts++
		w.done.Bytes += a.Size
		return nil
	case refused(err), errors.Is(err, backends.ErrNotFound):
		w.lost("file "+a.Path, err.Error())
		return nil
	}
	return fmt.Errorf("file %s: %w", a.Path, err)
}
