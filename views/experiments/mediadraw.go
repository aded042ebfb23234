package experiments

import (
	"fmt"

	"flightdeck/backends"
	"flightdeck/tui"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/preview"
)

// gapX is the blank cells between what stands side by side.
const gapX = 2

func (p *media) render(f tui.Frame) string {
	p.h = f.H
	if why := p.lack(); why != "" {
		return sentence(f, why)
	}
	p.seen.frame++
	wanted := p.wanted()
	lines := []string{p.head(f)}
	if f.H < 4 {
		lines = nil
	}
	h := f.H - len(lines)
	columns := make([][]string, len(p.shelves))
	room := max(f.W-1-gapX*(len(p.shelves)-1), len(p.shelves))
	w := room / len(p.shelves)
	for i, s := range p.shelves {
		columns[i] = p.column(f, s, w, h)
	}
	lines = append(lines, beside(columns, w, h)...)
	p.seen.only(wanted)
	return cell.Block(lines, f.W, f.H)
}

// wanted is the exhibits of the step that is shown.
func (p *media) wanted() (keys []string) {
	for _, s := range p.shelves {
		for _, it := range p.items(s) {
			keys = append(keys, exhibitKey(s.run, p.shown.kind, p.shown.key, it))
		}
	}
	return keys
}

// beside is columns of w cells next to each other, one cell from the left.
func beside(columns [][]string, w, h int) []string {
	out := make([]string, h)
	for y := range out {
		line := " "
		for i, c := range columns {
			if i > 0 {
				line += cell.Blank(gapX)
			}
			if y < len(c) {
				line += c[y]
			} else {
				line += cell.Blank(w)
			}
		}
		out[y] = line
	}
	return out
}

// head says which key and step it is.
func (p *media) head(f tui.Frame) string {
	set := &f.Theme.Plain
	l := cell.NewLine(f.Theme, set, f.W).Space(2).Put(set.Title, p.shown.key).Space(2).Put(set.Quiet, string(p.shown.kind))
	if len(p.steps) == 0 {
		return l.Render()
	}
	end := cell.NewLine(f.Theme, set, f.W).Put(set.Text, fmt.Sprintf("step %d", p.step)).Space(2).
		Put(set.Quiet, fmt.Sprintf("%d of %d", p.place()+1, len(p.steps))).Space(1)
	return l.Ends(end).Render()
}

// column is what one run has at the step, in w cells and at most h lines. Where
// several runs stand beside each other, their names stand above.
func (p *media) column(f tui.Frame, s *shelf, w, h int) []string {
	var lines []string
	say := func(text string) []string {
		return append(lines, cell.NewLine(f.Theme, &f.Theme.Plain, w).Space(1).Put(f.Theme.Plain.Quiet, text).Render())
	}
	if len(p.shelves) > 1 {
		c := p.desk.colour(s.run)
		sign := f.Theme.Glyph.Bar
		if letter := f.Theme.SeriesLetter(c); letter != "" {
			sign = letter
		}
		set := &f.Theme.Plain
		lines = append(lines, cell.NewLine(f.Theme, set, w).Space(1).Put(set.Series[c%len(set.Series)], sign).Space(1).Put(set.Text, s.run.Name).Render())
	}
	its := p.items(s)
	switch res := s.items.Result(); {
	case s.items == nil:
		return say(s.run.Backend + " keeps no media")
	case res.Err != nil && !res.OK:
		return say("cannot be read: " + firstError(res.Err))
	case !res.OK:
		return say("reading")
	case len(its) == 0:
		return say(fmt.Sprintf("nothing at step %d", p.step))
	case p.shown.kind == backends.MediaAudio:
		for _, it := range its {
			lines = say(fmt.Sprintf("%s, %s: a terminal plays no sound", it.Type, cell.Size(it.Size)))
		}
		return lines
	case p.shown.kind == backends.MediaImage:
		return append(lines, p.images(f, s, its, w, h-len(lines))...)
	}
	return append(lines, p.texts(f, s, its, w, h-len(lines))...)
}

// images are the pictures of a step, as large as they fit side by side and below
// each other.
func (p *media) images(f tui.Frame, s *shelf, its []backends.MediaItem, w, h int) []string {
	docs := make([]preview.Doc, len(its))
	for i, it := range its {
		doc, ok := p.seen.see(s.run, p.shown.kind, p.shown.key, it)
		if !ok {
			doc = preview.Doc{Kind: "reading"}
		}
		docs[i] = doc
	}
	across, more := abreast(docs, w, h)
	each := max((w-gapX*(across-1))/across, 1)
	down := (len(docs) - more + across - 1) / across
	var lines []string
	for row := range down {
		tall := (h - len(lines)) / (down - row)
		var cols [][]string
		for i := row * across; i < min((row+1)*across, len(docs)-more); i++ {
			cols = append(cols, p.tile(f, docs[i], its[i], each, tall))
		}
		for i, l := range beside(cols, each, tall) {
			if i < tall {
				lines = append(lines, cell.NewLine(f.Theme, &f.Theme.Plain, w).Raw(l[1:], len(cols)*each+gapX*(len(cols)-1)).Render())
			}
		}
	}
	if more > 0 && len(lines) > 0 {
		lines[len(lines)-1] = cell.NewLine(f.Theme, &f.Theme.Plain, w).Space(1).Put(f.Theme.Plain.Quiet, fmt.Sprintf("%d more: there is no room", more)).Render()
	}
	return lines
}

// abreast is how many pictures stand side by side so that they are largest, and how
// many have no room.
func abreast(docs []preview.Doc, w, h int) (across, more int) {
	best, across := -1, 1
	for n := 1; n <= len(docs); n++ {
		down := (len(docs) + n - 1) / n
		cw, ch := (w-gapX*(n-1))/n, h/down-2
		area := 0
		for i := range docs {
			x, y := preview.Extent(docs[i].Image, cw, ch)
			area += x * y
		}
		if cw >= 4 && area > best {
			best, across = area, n
		}
	}
	if best > 0 || h < 1 {
		return across, 0
	}
	across = max(w/(12+gapX), 1) // all of them would be too small: as many as can be seen
	return across, max(len(docs)-across*max(h/6, 1), 0)
}

// tile is one picture and what it is.
func (p *media) tile(f tui.Frame, doc preview.Doc, it backends.MediaItem, w, h int) []string {
	set := &f.Theme.Plain
	caption := cell.NewLine(f.Theme, set, w)
	if it.Index > 0 || len(p.items(p.shelves[0])) > 1 {
		caption.Put(set.Dim, fmt.Sprintf("#%d ", it.Index))
	}
	caption.Put(set.Quiet, doc.Kind)
	lines := []string{caption.Render()}
	if doc.Image != nil {
		return append(lines, preview.Picture(f.Theme, doc.Image, w, max(h-2, 1))...)
	}
	return append(lines, rowsOf(f, doc, w, h-1)...)
}

// texts are the texts of a step below each other, from the row that they are
// scrolled to.
func (p *media) texts(f tui.Frame, s *shelf, its []backends.MediaItem, w, h int) []string {
	var lines []string
	for i, it := range its {
		if i > 0 {
			lines = append(lines, cell.Blank(w))
		}
		if len(its) > 1 {
			lines = append(lines, cell.NewLine(f.Theme, &f.Theme.Plain, w).Space(1).Put(f.Theme.Plain.Dim, fmt.Sprintf("#%d", it.Index)).Render())
		}
		doc, ok := p.seen.see(s.run, p.shown.kind, p.shown.key, it)
		if !ok {
			doc = preview.Doc{Rows: []preview.Row{{Text: "reading"}}}
		}
		lines = append(lines, rowsOf(f, doc, w, p.top+h-len(lines))...)
	}
	if top := min(p.top, max(len(lines)-1, 0)); len(p.shelves) == 1 {
		p.top = top
	}
	lines = lines[min(p.top, len(lines)):]
	return lines[:min(len(lines), h)]
}

// rowsOf is a document's text in w cells and at most h lines, or a bit more.
func rowsOf(f tui.Frame, doc preview.Doc, w, h int) []string {
	set := &f.Theme.Plain
	var lines []string
	for _, r := range doc.Rows {
		if len(lines) >= h {
			break
		}
		st := set.Text
		if r.Warn {
			st = set.Caution
		}
		for _, part := range cell.Wrap(r.Text, max(w-2, 1)) {
			lines = append(lines, cell.NewLine(f.Theme, set, w).Space(1).Put(st, part).Render())
			if len(lines) >= h {
				break
			}
		}
	}
	return lines
}

// lack is why there is nothing to show.
func (p *media) lack() string {
	if len(p.shelves) == 0 {
		return "no run is selected"
	}
	s := p.shelves[0]
	return lackOfMedia(s.run, s.list, len(p.keys), "images and texts", nil)
}
