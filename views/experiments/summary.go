package experiments

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
)

// summary is what the run was given, what came out, what it was made from and
// what it leads to.
type summary struct {
	sheet
	desk   *Desk
	poke   chan struct{}
	run    *backends.Run
	prov   *hub.Handle[backends.Provenance]
	models *hub.Handle[[]backends.RegisteredModel]
}

func newSummary(d *Desk, poke chan struct{}) *summary { return &summary{desk: d, poke: poke} }

func (p *summary) subject(c Chosen) []*backends.Run { return one(c.Run) }

func (p *summary) follow(ctx context.Context, runs []*backends.Run) {
	p.run, p.prov, p.models, p.top = nil, nil, nil, 0
	for _, r := range runs {
		p.prov = p.desk.provenance(ctx, p.poke, r)
		p.models = watch(ctx, p.desk, p.poke, r, backends.TopicModels, "", func(ctx context.Context, b backends.ModelLister) ([]backends.RegisteredModel, error) {
			return b.Models(ctx)
		})
	}
}

func (p *summary) refresh(runs []*backends.Run) {
	if p.run = nil; len(runs) > 0 {
		p.run = runs[0]
	}
}

func (p *summary) actions() []tui.Action { return nil }

func (p *summary) render(f tui.Frame) string {
	if p.run == nil {
		return sentence(f, "no run is selected")
	}
	p.begin(f)
	p.fit("commit", "command", "started", "experiment")
	for _, v := range p.run.Params {
		p.fit(v.Key)
	}
	main, more := p.measured()
	for _, m := range main {
		p.fit(m.Key)
	}
	p.trouble()
	p.params()
	p.metrics("metrics", main)
	p.origin()
	p.leads()
	if note := p.run.Tag(backends.TagNote); note != "" {
		p.section("notes")
		p.text(p.th.Plain.Text, note)
	}
	p.labels()
	p.about(f)
	p.metrics("more metrics", more)
	return p.end()
}

// trouble is said first, with what it means and what to do.
func (p *summary) trouble() {
	set := &p.th.Plain
	say := func(glyph, what, todo string, warn bool) {
		style := set.Caution
		if warn {
			style = set.Warning
		}
		p.add(p.line().Mark(style, glyph, style, what))
		p.text(set.Quiet, todo)
		p.add(p.line())
	}
	r := p.run
	switch {
	case r.Diverged != "":
		say(p.th.Glyph.Caution, "diverged: "+r.Diverged, "r runs it again with other params", false)
	case r.Status == backends.RunFailed:
		say(p.th.Glyph.Failed, cmp.Or(r.Exit, "failed"), "the Log tab has its last words; r runs it again", true)
	case r.Status == backends.RunKilled:
		say(p.th.Glyph.Pruned, "stopped: "+cmp.Or(r.Exit, "by hand"), "h goes on from its last checkpoint", false)
	}
}

func (p *summary) params() {
	if len(p.run.Params) == 0 {
		return
	}
	p.section("params")
	for _, v := range p.run.Params {
		p.field(v.Key, p.th.Plain.Text, v.Value)
	}
}

// measured is the run's metrics: those that tell how good it is, by how telling
// they are, and the rest.
func (p *summary) measured() (main, more []backends.Metric) {
	for _, m := range p.run.Metrics {
		_, isParam := p.run.Param(m.Key)
		switch {
		case strings.HasPrefix(m.Key, systemMetric):
		case isParam, inner(m.Key), strings.Contains(m.Key, "/"):
			more = append(more, m)
		default:
			main = append(main, m)
		}
	}
	slices.SortStableFunc(main, func(a, b backends.Metric) int { return cmp.Compare(rank(a.Key), rank(b.Key)) })
	return main, more
}

// metrics is values below each other, with the step that each is of: once in the
// section's title where all are of the same.
func (p *summary) metrics(title string, shown []backends.Metric) {
	if len(shown) == 0 {
		return
	}
	set := &p.th.Plain
	same := !slices.ContainsFunc(shown, func(m backends.Metric) bool { return m.Step != shown[0].Step })
	p.section(title)
	if same {
		p.lines = p.lines[:len(p.lines)-1]
		p.add(p.line().Put(set.Title, title).Space(2).Put(set.Quiet, fmt.Sprintf("at step %d", shown[0].Step)))
	}
	wide := 0
	for _, m := range shown {
		wide = max(wide, cell.Width(p.desk.figures(m.Key).Format(m.Value)))
	}
	for _, m := range shown {
		style := set.Text
		if math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
			style = set.Caution
		}
		l := p.labelled(m.Key).Put(style, cell.Right(p.desk.figures(m.Key).Format(m.Value), wide, ""))
		if d := p.toBaseline(m); d != "" {
			l.Space(2).Put(set.Quiet, d)
		}
		if !same {
			l.Space(2).Put(set.Quiet, fmt.Sprintf("step %d", m.Step))
		}
		p.add(l)
	}
}

// toBaseline is how far a metric is from the baseline's; "" without one.
func (p *summary) toBaseline(m backends.Metric) string {
	base := p.desk.chosen.Get().Baseline
	if base == nil || runKeyOf(base) == runKeyOf(p.run) {
		return ""
	}
	b, ok := base.Metric(m.Key)
	d := m.Value - b.Value
	if !ok || math.IsNaN(d) || math.IsInf(d, 0) {
		return ""
	}
	text := p.desk.figures(m.Key).Format(d)
	if d >= 0 {
		text = "+" + text
	}
	return text + " to " + base.Name
}

// origin is what the run was made from: as its tags say, else as was recorded.
func (p *summary) origin() {
	set, r, prov := &p.th.Plain, p.run, p.prov.Result().Value
	p.section("made from")
	if c := cmp.Or(r.Tag(backends.TagGitCommit), prov.GitCommit); c != "" {
		p.add(p.labelled("commit").Put(set.Text, short(c)).Space(2).Put(set.Quiet, changed(r, prov)))
	} else {
		p.field("commit", set.Quiet, "not in a git repository")
	}
	inputs := r.Inputs
	if len(inputs) == 0 {
		inputs = prov.Data
	}
	for _, d := range inputs {
		p.field("data", set.Text, d.Name+"  "+digest(d.Digest))
	}
	if c := cmp.Or(r.Tag(backends.TagCommand), backends.Join(prov.Command)); c != "" {
		p.field("command", set.Text, c)
	}
	p.field("host", set.Text, cmp.Or(r.Tag(backends.TagHost), prov.Host, r.Backend))
	for _, lack := range prov.Lacks {
		p.field("lacks", set.Caution, lack)
	}
}

// changed is how far the code was from its commit.
func changed(r *backends.Run, prov backends.Provenance) string {
	n, err := strconv.Atoi(r.Tag(backends.TagChanged))
	if err != nil {
		n = len(prov.Changed) + len(prov.Untracked)
	}
	switch n {
	case 0:
		return "clean tree"
	case 1:
		return "+1 file changed"
	}
	return fmt.Sprintf("+%d files changed", n)
}

func digest(d string) string {
	algo, sum, ok := strings.Cut(d, ":")
	if !ok || len(sum) < 12 {
		return d
	}
	return algo + ":" + sum[:12]
}

// leads is what was made of the run: the way forward, as made from is the way back.
func (p *summary) leads() {
	if p.models == nil {
		return
	}
	set := &p.th.Plain
	first := true
	for _, m := range p.models.Result().Value {
		for _, v := range m.Versions {
			if v.Run != p.run.ID {
				continue
			}
			if first {
				p.section("leads to")
				first = false
			}
			l := p.labelled("model").Put(set.Text, m.Name+" v"+v.Version)
			for _, a := range v.Aliases {
				l.Space(2).Put(set.Selected, "@"+a)
			}
			p.add(l)
		}
	}
}

func (p *summary) labels() {
	lines := tagLines(p.run)
	if lines == "" {
		return
	}
	p.section("tags")
	for line := range strings.SplitSeq(lines, "\n") {
		k, v, _ := strings.Cut(line, "=")
		p.field(k, p.th.Plain.Text, v)
	}
}

// about is what the table has no room for.
func (p *summary) about(f tui.Frame) {
	set, r := &p.th.Plain, p.run
	p.section("run")
	p.field("id", set.Text, r.ID)
	p.field("experiment", set.Text, r.ExpName)
	if !r.Start.IsZero() {
		p.field("started", set.Text, r.Start.In(f.Now.Location()).Format("2006-01-02 15:04:05"))
		p.field("took", set.Text, cell.Duration(took(r, f.Now)))
	}
	if r.User != "" {
		p.field("user", set.Text, r.User)
	}
}
