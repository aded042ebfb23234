package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"flightdeck/backends"
)

// origin is a source with something of everything.
type origin struct {
	runs   []*backends.Run
	points map[string]backends.Points // by run id and key
	files  map[string]string          // by run id and path
}

func (o *origin) Name() string { return "lab" }

func (o *origin) Experiments(context.Context) ([]backends.Experiment, error) {
	return []backends.Experiment{{ID: "7", Name: "digits", Tags: []backends.Tag{{Key: "team", Value: "vision"}}}}, nil
}

func (o *origin) History(_ context.Context, run backends.Ref, key string) (*backends.History, error) {
	h := &backends.History{Key: key}
	h.Append(o.points[run.ID+" "+key])
	return h, nil
}

func (o *origin) Artifacts(_ context.Context, run backends.Ref) (out []backends.Artifact, err error) {
	for name, text := range o.files {
		if id, path, _ := strings.Cut(name, " "); id == run.ID {
			out = append(out, backends.Artifact{Path: path, Size: int64(len(text))})
		}
	}
	slices.SortFunc(out, func(a, b backends.Artifact) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func (o *origin) OpenArtifact(_ context.Context, run backends.Ref, path string) (io.ReadCloser, error) {
	text, ok := o.files[run.ID+" "+path]
	if !ok || path == "lost.bin" {
		return nil, fmt.Errorf("%s: %w", path, backends.ErrNotFound)
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func (o *origin) Media(_ context.Context, run backends.Ref) ([]backends.Media, error) {
	if run.ID != "a" {
		return nil, nil
	}
	return []backends.Media{{Kind: backends.MediaHistogram, Key: "weights/0"}, {Kind: backends.MediaImage, Key: "val/sample"}, {Kind: backends.MediaText, Key: "note"}}, nil
}

func (o *origin) Histograms(context.Context, backends.Ref, string) ([]backends.Histogram, error) {
	return []backends.Histogram{{Step: 1, Left: []float64{0}, Right: []float64{1}, Count: []float64{3}}}, nil
}

func (o *origin) MediaItems(_ context.Context, _ backends.Ref, kind backends.MediaKind, _ string) ([]backends.MediaItem, error) {
	if kind == backends.MediaImage {
		return []backends.MediaItem{{Step: 3, Time: 5, Type: "image/png", Size: 3}, {Step: 4, Size: 1, Place: "there.png"}}, nil
	}
	return []backends.MediaItem{{Step: 3, Type: "text/plain", Size: 3}}, nil
}

func (o *origin) OpenMedia(_ context.Context, _ backends.Ref, item backends.MediaItem) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("abc")), nil
}

func (o *origin) Models(context.Context) ([]backends.RegisteredModel, error) {
	return []backends.RegisteredModel{{Name: "net", Aliases: map[string]string{"champion": "3", "gone": "1"}, Versions: []backends.ModelVersion{
		{Model: "net", Version: "3", Run: "b", Source: "model"}, {Model: "net", Version: "2", Run: "a", Source: "model"}, {Model: "net", Version: "1", Run: "elsewhere", Source: "model"},
	}}}, nil
}

func at(s int) time.Time { return time.Unix(1_790_000_000+int64(s), 0) }

func newOrigin() *origin {
	o := &origin{points: map[string]backends.Points{}, files: map[string]string{
		"a model/weights.bin": strings.Repeat("w", 1000), "a there.png": "x", "b config.json": "{}", "b lost.bin": "?",
	}}
	child := &backends.Run{
		ID: "b", Name: "child", Backend: "lab", Experiment: "7", ExpName: "digits", Status: backends.RunFailed, Start: at(0), End: at(9), Parent: "a",
		Params: []backends.Param{{Key: "bad", Value: "refuse me"}, {Key: "lr", Value: "0.1"}, {Key: "long", Value: strings.Repeat("ü", 50)}},
	}
	child.Tags = []backends.Tag{{Key: backends.TagJob, Value: "j"}, {Key: backends.TagParent, Value: "a"}, {Key: "team", Value: "x"}}
	parent := &backends.Run{
		ID: "a", Name: "parent", Backend: "lab", Experiment: "7", ExpName: "digits", Status: backends.RunFinished, Start: at(5), End: at(8),
		Inputs: []backends.Dataset{{Name: "digits", Digest: "1", Context: "training"}},
	}
	for k := range 30 {
		parent.Params = append(parent.Params, backends.Param{Key: fmt.Sprintf("p%02d", k), Value: "v"})
	}
	for _, key := range []string{"acc", "loss"} {
		var p backends.Points
		for s := range 2500 {
			v := float64(s)
			if s%1000 == 7 {
				v = math.NaN()
			}
			p.Step, p.Time, p.Value = append(p.Step, int64(s)), append(p.Time, int64(s*10)), append(p.Value, v)
		}
		o.points["a "+key] = p
		parent.Metrics = append(parent.Metrics, backends.Metric{Key: key, Step: 2499, Time: 24990, Value: 2499})
	}
	gone := &backends.Run{ID: "c", Name: "orphan", Backend: "lab", Experiment: "7", ExpName: "digits", Status: backends.RunKilled, Start: at(7), Deleted: true, Parent: "nowhere"}
	o.runs = []*backends.Run{gone, parent, child}
	return o
}

// place is a destination in memory, which fails when it is told to.
type place struct {
	runs   map[string]*placed // by source
	calls  int
	failAt int // the call that fails; 0 for none
	exps   []string
	made   []string // versions and aliases
	param  int      // characters that are kept of one
}

var errCut = errors.New("the line was cut")

func (p *place) call(ctx context.Context) error {
	if p.calls++; p.calls == p.failAt {
		return errCut
	}
	return ctx.Err()
}

func (p *place) Name() string       { return "place" }
func (p *place) Limits() (int, int) { return p.param, 0 }

func (p *place) Experiment(ctx context.Context, e backends.Experiment) (string, error) {
	p.exps = append(p.exps, fmt.Sprint(e.Name, e.Tags))
	return "e-" + e.Name, p.call(ctx)
}

func (p *place) Find(ctx context.Context, source string) (Copy, error) {
	if r := p.runs[source]; r != nil {
		return r.snapshot(), p.call(ctx)
	}
	return nil, p.call(ctx)
}

func (p *place) Create(ctx context.Context, experiment string, r *backends.Run, tags []backends.Tag) (Copy, error) {
	if err := p.call(ctx); err != nil {
		return nil, err
	}
	c := &placed{of: p, run: backends.Run{ID: "copy-of-" + r.ID, Name: r.Name, Experiment: experiment, Start: r.Start, Tags: slices.Clone(tags)}, files: map[string]string{}}
	p.runs[tags[0].Value] = c
	return c.snapshot(), nil
}

func (p *place) Model(ctx context.Context, m backends.RegisteredModel, v backends.ModelVersion) (string, bool, error) {
	p.made = append(p.made, m.Name+" of "+v.Run)
	return fmt.Sprint(len(p.made)), true, p.call(ctx)
}

func (p *place) Alias(ctx context.Context, model, alias, version string) error {
	p.made = append(p.made, model+"@"+alias+"="+version)
	return p.call(ctx)
}

// placed is one run there; the copies that callers hold see what had arrived when
// they asked for them.
type placed struct {
	of     *place
	run    backends.Run
	points []backends.Metric
	files  map[string]string
	ended  bool
	twice  int // points that came again
}

type seen struct {
	*placed
	was backends.Run
}

func (c *placed) snapshot() *seen {
	was := c.run
	was.Params, was.Tags, was.Metrics = slices.Clone(was.Params), slices.Clone(was.Tags), slices.Clone(was.Metrics)
	slices.SortFunc(was.Params, func(a, b backends.Param) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(was.Tags, func(a, b backends.Tag) int { return strings.Compare(a.Key, b.Key) })
	slices.SortFunc(was.Metrics, func(a, b backends.Metric) int { return strings.Compare(a.Key, b.Key) })
	return &seen{c, was}
}

func (s *seen) Run() *backends.Run { return &s.was }

func (c *placed) Points(ctx context.Context, key string) (p backends.Points, err error) {
	for _, m := range c.points {
		if m.Key == key {
			p.Step, p.Time, p.Value = append(p.Step, m.Step), append(p.Time, m.Time), append(p.Value, m.Value)
		}
	}
	return p, c.of.call(ctx)
}

func (c *placed) Artifacts(ctx context.Context) (out []backends.Artifact, err error) {
	for p, text := range c.files {
		out = append(out, backends.Artifact{Path: p, Size: int64(len(text))})
	}
	return out, c.of.call(ctx)
}

func (c *placed) Log(ctx context.Context, b Batch) error {
	if len(b.Metrics) > MaxMetrics || len(b.Params) > MaxPairs || len(b.Tags) > MaxPairs {
		return errors.New("the batch is too big")
	}
	if slices.ContainsFunc(b.Params, func(p backends.Param) bool { return p.Value == "refuse me" }) {
		return &RefusedError{errors.New("no such value")}
	}
	if err := c.of.call(ctx); err != nil {
		return err
	}
	for _, m := range b.Metrics {
		if slices.ContainsFunc(c.points, func(h backends.Metric) bool { return h.Key == m.Key && h.Step == m.Step }) {
			c.twice++
		}
		c.points = append(c.points, m)
		c.run.Metrics = slices.DeleteFunc(c.run.Metrics, func(h backends.Metric) bool { return h.Key == m.Key })
		c.run.Metrics = append(c.run.Metrics, m)
	}
	c.run.Params = append(c.run.Params, b.Params...)
	for _, t := range b.Tags {
		c.run.Tags = slices.DeleteFunc(c.run.Tags, func(h backends.Tag) bool { return h.Key == t.Key })
		c.run.Tags = append(c.run.Tags, t)
	}
	return nil
}

func (c *placed) Inputs(ctx context.Context, in []backends.Dataset) error {
	if err := c.of.call(ctx); err != nil {
		return err
	}
	c.run.Inputs = append(c.run.Inputs, in...)
	return nil
}

func (c *placed) Artifact(ctx context.Context, a backends.Artifact, open func() (io.ReadCloser, error)) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if err := c.of.call(ctx); err != nil {
		c.files[a.Path] = string(b[:len(b)/2]) // half of it arrived
		return err
	}
	c.files[a.Path] = string(b)
	return nil
}

func (c *placed) End(ctx context.Context, r *backends.Run) error {
	if err := c.of.call(ctx); err != nil {
		return err
	}
	c.run.Status, c.run.End, c.run.Deleted, c.ended = r.Status, r.End, r.Deleted, true
	return nil
}

// whole holds a destination to what the origin has.
func whole(t *testing.T, o *origin, p *place) {
	t.Helper()
	if len(p.runs) != len(o.runs) {
		t.Fatalf("%d runs, want %d", len(p.runs), len(o.runs))
	}
	for _, r := range o.runs {
		c := p.runs["lab/"+r.ID]
		now := c.snapshot().was
		if !c.ended || now.Name != r.Name || now.Status != r.Status || !now.End.Equal(r.End) || now.Deleted != r.Deleted || len(now.Inputs) != len(r.Inputs) || now.Experiment != "e-digits" {
			t.Errorf("%s: %+v", r.Name, now)
		}
		if c.twice > 0 {
			t.Errorf("%s: %d points came twice", r.Name, c.twice)
		}
		for _, m := range r.Metrics {
			want := o.points[r.ID+" "+m.Key]
			n := 0
			for _, g := range c.points {
				if g.Key == m.Key {
					if g.Step != want.Step[n] || math.Float64bits(g.Value) != math.Float64bits(want.Value[n]) {
						t.Fatalf("%s: point %d of %s is %+v", r.Name, n, m.Key, g)
					}
					n++
				}
			}
			if n != want.Len() {
				t.Errorf("%s: %d points of %s, want %d", r.Name, n, m.Key, want.Len())
			}
		}
	}
	a, b := p.runs["lab/a"], p.runs["lab/b"].snapshot()
	if len(a.run.Params) != 30 || len(b.was.Params) != 2 {
		t.Errorf("%d and %d params", len(a.run.Params), len(b.was.Params))
	}
	if v := b.was.Tag(backends.TagParent); v != "copy-of-a" || b.was.Tag("team") != "x" || b.was.Tag(backends.TagJob) != "" {
		t.Errorf("the child's tags are %v", b.was.Tags)
	}
	for path, text := range map[string]string{
		"model/weights.bin": strings.Repeat("w", 1000), "there.png": "x", "images/val~sample+step+3+timestamp+5+0.png": "abc", "text/note/3-0.txt": "abc",
		"histograms/weights~0.json": `[{"step":1,"timestamp":0,"left":[0],"right":[1],"count":[3]}]`,
	} {
		if a.files[path] != text {
			t.Errorf("the file %s is %.40q, want %.40q", path, a.files[path], text)
		}
	}
	if len(a.files) != 5 {
		t.Errorf("%d files", len(a.files))
	}
}

func TestCopies(t *testing.T) {
	o, p := newOrigin(), &place{runs: map[string]*placed{}, param: 40}
	report, err := Run(t.Context(), o, p, Options{Runs: o.runs, Models: true})
	if err != nil {
		t.Fatal(err)
	}
	whole(t, o, p)
	if got := fmt.Sprint(p.exps); got != "[digits[{team vision}]]" {
		t.Errorf("experiments %s", got)
	}
	if got := fmt.Sprint(p.made); got != "[net of copy-of-a net of copy-of-b net@champion=2]" {
		t.Errorf("models %s", got)
	}
	if v, _ := p.runs["lab/b"].snapshot().was.Param("long"); v != strings.Repeat("ü", 40) {
		t.Errorf("the long param is %q", v)
	}
	said := report.String()
	for _, want := range []string{
		"3 copied", "5000 points", "child: params.bad: no such value", "child: params.long: it has 50 characters, and the first 40 are kept", "child: file lost.bin",
		"orphan: its parent nowhere: that run was not copied", "parent: histograms of weights/0: kept as the file histograms/weights~0.json", "version 1 of model net: its run was not copied",
		"the number of version 3 of model net: it is 2 there",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the report does not say %q:\n%s", want, said)
		}
	}
	if doc, err := json.Marshal(report); err != nil || !strings.Contains(string(doc), `"not_carried":[{"`) {
		t.Errorf("as JSON it is %s (%v)", doc, err)
	}
	before := p.calls
	if report, err = Run(t.Context(), o, p, Options{Runs: o.runs}); err != nil || !strings.Contains(report.String(), "3 already there; 0 points, 0 files") || p.calls-before > 4 {
		t.Errorf("again: %d calls, %s (%v)", p.calls-before, report, err)
	}
	whole(t, o, p)
}

// Wherever a copy is cut off, going on makes it whole, without sending a point twice
// or making a run twice.
func TestGoesOn(t *testing.T) {
	cuts := 0
	for n := 1; ; n++ {
		o, p := newOrigin(), &place{runs: map[string]*placed{}, failAt: n}
		if _, err := Run(t.Context(), o, p, Options{Runs: o.runs}); err == nil {
			break
		} else if !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		cuts++
		p.failAt = 0
		if _, err := Run(t.Context(), o, p, Options{Runs: o.runs}); err != nil {
			t.Fatalf("cut at call %d: %v", n, err)
		}
		whole(t, o, p)
		if t.Failed() {
			t.Fatalf("cut at call %d", n)
		}
	}
	if cuts < 20 {
		t.Errorf("only %d places to cut it at", cuts)
	}
}

// A run that went on since is gone on with.
func TestFollows(t *testing.T) {
	o, p := newOrigin(), &place{runs: map[string]*placed{}}
	run := *o.runs[1]
	run.Status, run.End = backends.RunRunning, time.Time{}
	o.runs = []*backends.Run{&run}
	if _, err := Run(t.Context(), o, p, Options{Runs: o.runs, Experiment: "other"}); err != nil {
		t.Fatal(err)
	}
	later := run
	later.Status, later.End = backends.RunFinished, at(100)
	later.Metrics = slices.Clone(run.Metrics)
	later.Metrics[0].Step++
	more := o.points["a acc"]
	o.points["a acc"] = backends.Points{Step: append(more.Step, 2500), Time: append(more.Time, 25000), Value: append(more.Value, 1)}
	report, err := Run(t.Context(), o, p, Options{Runs: []*backends.Run{&later}, Experiment: "other"})
	if c := p.runs["lab/a"]; err != nil || len(report.Runs) != 1 || report.Runs[0].State != "continued" || report.Runs[0].Points != 1 || c.run.Status != backends.RunFinished || c.twice > 0 || c.run.Experiment != "e-other" {
		t.Errorf("%s (%v)", report, err)
	}
}

func TestStops(t *testing.T) {
	o, p := newOrigin(), &place{runs: map[string]*placed{}}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := Run(ctx, o, p, Options{Runs: o.runs, Progress: func(backends.Progress) {
		if n++; n == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestOrdered(t *testing.T) {
	run := func(id, parent string, s int) *backends.Run {
		return &backends.Run{ID: id, Parent: parent, Start: at(s)}
	}
	var got string
	for _, r := range ordered([]*backends.Run{run("x", "y", 1), run("y", "x", 2), run("c", "p", 3), run("p", "", 9), run("o", "gone", 4)}) {
		got += r.ID
	}
	if got != "yxpco" && got != "xypco" {
		t.Errorf("order %s", got)
	}
}
