package tui

import (
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// drawRule is the line that a pane begins with: what, of what, and at the right
// how much. Where there is little room, what is said last goes first.
func drawRule(t Title, l drawing) (string, []span) {
	if l.w <= 0 {
		return "", nil
	}
	g, set := l.theme.Glyph, &l.theme.Plain
	line := cell.NewLine(l.theme, set, l.w)
	line.Put(set.Faint, g.Rule).Space(1)
	name, of := set.Text, set.Dim
	if l.focused {
		name, of = set.Selected.Bold(), set.Text
	}
	right := cell.Safe(t.Right)
	room := l.w - 4 // the rule shows at both ends
	put := func(st theme.Style, gap int, text string) {
		if text != "" && line.Len()+gap+cell.Width(text) <= room {
			line.Space(gap).Put(st, text)
		}
	}
	title, _ := cell.Cut(t.Name, max(room-2, 1), g.Ellipsis)
	line.Put(name, title)
	put(of, 1, cell.Safe(t.Of))
	tabs := ruleTabs(line, t, set, l.w)
	put(set.Dim, 2, cell.Safe(t.Note))
	if t.Filter != "" {
		text, _ := cell.Cut("/ "+t.Filter, room-line.Len()-2, g.Ellipsis)
		put(set.Dim, 2, text)
	}
	fill := func(n int) {
		if n > 1 {
			line.Space(1).Put(set.Faint, strings.Repeat(g.Rule, n-1))
		}
	}
	tail := cell.Width(right) + 3 // a blank, the text, a blank and the rule's end
	if right == "" || line.Len()+tail+2 > l.w {
		fill(l.w - line.Len())
		return line.Render(), tabs
	}
	fill(l.w - tail - line.Len())
	st := set.Quiet
	if t.Stale {
		st = set.Caution
	}
	line.Space(1).Put(st, right).Space(1).Put(set.Faint, g.Rule)
	return line.Render(), tabs
}

// ruleTabs puts the pane's own tabs on the line, and says where: all of them where
// there is room, else the current one and how to reach the others.
func ruleTabs(line *cell.Line, t Title, set *theme.Set, room int) []span {
	if len(t.Tabs) == 0 {
		return nil
	}
	need := 0
	for _, name := range t.Tabs {
		need += cell.Width(cell.Safe(name)) + 2
	}
	all := line.Len()+need-1 <= room
	var spans []span
	gap := 1
	if !all {
		room -= 4
	}
	if !all && line.Len()+8 < room {
		line.Space(1).Put(set.Quiet, "[ ]")
	}
	first, end := 0, len(t.Tabs)
	if !all {
		first, end = around(t, room-line.Len()-cell.Width(cell.Safe(t.Right))-3)
	}
	for i := first; i < end; i++ {
		name, st := t.Tabs[i], set.Dim
		if i == t.Tab {
			st = set.Selected
		}
		name, n := cell.Cut(name, max(room-line.Len()-gap, 0), line.Theme.Glyph.Ellipsis)
		if n == 0 {
			continue
		}
		line.Space(gap)
		spans = append(spans, span{line.Len(), line.Len() + n, i})
		line.Put(st, name)
		gap = 2
	}
	return spans
}

// around is as many tabs as fit into w cells, the current one among them: those
// after it first.
func around(t Title, w int) (first, end int) {
	first, end = t.Tab, min(t.Tab+1, len(t.Tabs))
	need := func(i int) int { return cell.Width(cell.Safe(t.Tabs[i])) + 2 }
	for i := first; i < end; i++ {
		w -= need(i)
	}
	for end < len(t.Tabs) && need(end) <= w {
		w -= need(end)
		end++
	}
	for end == len(t.Tabs) && first > 0 && need(first-1) <= w {
		first--
		w -= need(first)
	}
	return first, end
}
