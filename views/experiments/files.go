package experiments

import (
	"context"
	"io"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/preview"
	"flightdeck/tui/widget/table"
)

// files is a run's artifacts, and what is inside the one that was opened. Opening
// reads; nothing in a file is ever executed.
type files struct {
	desk *Desk
	poke chan struct{}
	ctx  context.Context
	run  *backends.Run
	list *hub.Handle[[]backends.Artifact]
	rows *table.Table[backends.Artifact]

	open  string // path of the artifact that is shown; "" is the list
	inner *hub.Handle[preview.Doc]
	leave context.CancelFunc
	view  preview.View
	shown string // digest of what view holds
}

func newFiles(d *Desk, poke chan struct{}) *files {
	return &files{desk: d, poke: poke, leave: func() {}, rows: table.New(table.Options[backends.Artifact]{
		Key: func(a backends.Artifact) string { return a.Path }, Same: func(a, b backends.Artifact) bool { return a == b },
		Columns: []table.Column[backends.Artifact]{
			{
				ID: "path", Title: "file", Grow: true, Min: 12, Max: 80, Fixed: true, Cell: func(a backends.Artifact, l *cell.Line) { l.Put(l.Set.Text, a.Path) },
				Compare: func(a, b backends.Artifact) int { return strings.Compare(a.Path, b.Path) },
			},
			{
				ID: "size", Title: "size", Align: cell.AlignRight, Width: 8, Weight: 2, Cell: func(a backends.Artifact, l *cell.Line) { l.Put(l.Set.Dim, cell.Size(a.Size)) },
				Number: func(a backends.Artifact) (float64, bool) { return float64(a.Size), true }, Desc: true,
			},
			{ID: "digest", Title: "sha256", Width: 12, Weight: 1, Cell: func(a backends.Artifact, l *cell.Line) {
				l.Put(l.Set.Quiet, strings.TrimPrefix(a.Digest, "sha256:")[:min(12, len(strings.TrimPrefix(a.Digest, "sha256:")))])
			}},
		},
	})}
}

func (p *files) subject(c Chosen) []*backends.Run { return one(c.Run) }

func (p *files) follow(ctx context.Context, runs []*backends.Run) {
	p.close()
	p.ctx, p.run, p.list = ctx, nil, nil
	for _, r := range runs {
		ref := r.Ref()
		p.run, p.list = r, watch(ctx, p.desk, p.poke, r, backends.TopicRuns+"/artifacts", ref.ID, func(ctx context.Context, b backends.ArtifactLister) ([]backends.Artifact, error) {
			return b.Artifacts(ctx, ref)
		})
	}
}

func (p *files) refresh([]*backends.Run) {
	p.rows.SetRows(p.list.Result().Value)
	if p.inner == nil {
		return
	}
	if r := p.inner.Result(); (r.OK || r.Err != nil) && p.shown != p.open {
		d := r.Value
		if r.Err != nil {
			d = preview.Doc{Kind: "cannot be read", Rows: []preview.Row{{Text: r.Err.Error(), Warn: true}}}
		} else {
			p.shown = p.open
		}
		p.view.Show(d)
	}
}

// enter opens the file under the cursor.
func (p *files) enter() {
	a, ok := p.rows.Selected()
	if !ok || p.ctx == nil {
		return
	}
	p.close()
	ctx, cancel := context.WithCancel(p.ctx)
	p.leave, p.open = cancel, a.Path
	p.view.Show(preview.Doc{Kind: "reading …"})
	ref := p.run.Ref()
	p.inner = watch(ctx, p.desk, p.poke, p.run, "artifact", ref.ID+"/"+a.Path+"@"+a.Digest, func(ctx context.Context, b backends.ArtifactOpener) (preview.Doc, error) {
		f, err := b.OpenArtifact(ctx, ref, a.Path)
		if err != nil {
			return preview.Doc{}, err
		}
		defer f.Close()
		if at, ok := f.(io.ReaderAt); ok { // only what is needed is read, however big the file
			return preview.Read(a.Path, a.Size, at), nil
		}
		data, err := io.ReadAll(io.LimitReader(f, preview.Wants(a.Path)))
		if err != nil {
			return preview.Doc{}, err
		}
		return preview.Parse(a.Path, a.Size, data), nil
	})
}

func (p *files) close() {
	p.leave()
	p.leave, p.open, p.inner, p.shown = func() {}, "", nil, ""
}

func (p *files) actions() []tui.Action {
	why := ""
	a, ok := p.rows.Selected()
	if !ok {
		why = "there is no file"
	}
	acts := []tui.Action{
		{ID: "files.open", Key: bind("open", "enter"), Title: "Look inside the file", Why: why, Do: p.enter},
		{ID: "files.copy", Key: bind("copy path", "y"), Title: "Copy the file's path in the run", Why: why, Cmd: func() tea.Cmd { return tui.Copy(a.Path) }},
	}
	if p.open != "" {
		acts = append(acts, tui.Action{ID: "files.close", Key: bind("back to the files", "esc"), Title: "Back to the files", Do: p.close})
	}
	return acts
}

func (p *files) key(msg tea.KeyPressMsg) bool {
	if p.open != "" {
		return p.view.Key(msg)
	}
	return p.rows.Key(msg)
}

func (p *files) mouse(msg tea.MouseMsg, x, y int) bool {
	if p.open != "" {
		return p.view.Mouse(msg, x, y-1)
	}
	return p.rows.Mouse(msg, x, y)
}

func (p *files) render(f tui.Frame) string {
	set := &f.Theme.Plain
	if p.open != "" {
		head := cell.NewLine(f.Theme, set, f.W).Space(1).Put(set.Title, p.open).Render()
		return cell.Block(append([]string{head}, indent(p.view.Render(f.Theme, max(1, f.W-1), max(1, f.H-1)))...), f.W, f.H)
	}
	if _, total := p.rows.Count(); total == 0 {
		return sentence(f, p.lack())
	}
	return p.rows.Render(f.Theme, f.W, f.H, f.Focused)
}

// lack is why there is no file to show.
func (p *files) lack() string {
	switch r := p.list.Result(); {
	case p.run == nil:
		return "no run is selected"
	case p.list == nil:
		return p.run.Backend + " keeps no files"
	case r.Err != nil:
		return "the files cannot be read: " + firstError(r.Err)
	case !r.OK:
		return "reading the files"
	}
	return "no files: this run has logged no artifacts"
}

// indent moves a drawn block one cell to the right.
func indent(block string) []string {
	lines := strings.Split(block, "\n")
	for i, l := range lines {
		lines[i] = " " + l
	}
	return lines
}
