package tui

import (
	"slices"
	"strconv"
)

// Layout is how a tab's panes share the screen. Where it does not fit, the shell
// falls back to the main pane and one other, then to the focused pane alone.
type Layout struct {
	Name string
	// Tree says where each of so many panes goes; focus is the one that has the keyboard.
	Tree func(panes, focus int) Tile
}

// Tile is a part of the screen: one pane, or parts below or beside each other.
type Tile struct {
	Pane       int
	Rows, Cols []Tile // below each other, beside each other; at most one of the two
	Share      int    // of the room, against its neighbours; 0 is 1
	Most       int    // rows that are of use below each other; 0 is any number
}

// limited is the tile with a limit of rows for the main pane.
func (t Tile) limited(most int) Tile {
	t.Rows = slices.Clone(t.Rows)
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Pane == 0 && len(r.Rows)+len(r.Cols) == 0 {
			r.Most = most
		}
	}
	return t
}

// Full is one pane at a time.
func Full() Layout {
	return Layout{"full", func(_, focus int) Tile { return Tile{Pane: focus} }}
}

// Beside is all panes side by side.
func Beside() Layout {
	return Layout{"beside", func(n, _ int) Tile { return Tile{Cols: leaves(0, n)} }}
}

// Quad is two columns of panes, filled row by row.
func Quad() Layout {
	return Layout{"two by two", func(n, _ int) Tile {
		if n < 3 {
			return Tile{Cols: leaves(0, n)}
		}
		var t Tile
		for i := 0; i < n; i += 2 {
			t.Rows = append(t.Rows, Tile{Cols: leaves(i, min(i+2, n))})
		}
		return t
	}}
}

// Stack is the main pane on top; below it the others on the left, and the last one
// on the right.
func Stack() Layout {
	return Layout{"main and stack", func(n, _ int) Tile {
		main := Tile{Pane: 0, Share: 4}
		switch {
		case n < 2:
			return main
		case n == 2:
			return Tile{Rows: []Tile{main, {Pane: 1, Share: 6}}}
		}
		left := Tile{Rows: leaves(1, n-1), Share: 2}
		return Tile{Rows: []Tile{main, {Cols: []Tile{left, {Pane: n - 1}}, Share: 6}}}
	}}
}

// Layouts are the ones that the layout key goes through.
func Layouts() []Layout { return []Layout{Stack(), Beside(), Quad(), Full()} }

func leaves(from, to int) []Tile {
	var ts []Tile
	for i := from; i < to; i++ {
		ts = append(ts, Tile{Pane: i})
	}
	return ts
}

// narrow is the layout of last resort but one: the main pane and one other.
func narrow(other int) Tile {
	return Tile{Rows: []Tile{{Pane: 0, Share: 9}, {Pane: other, Share: 11}}}
}

// The least that a pane is of use in, beside another and below another.
const (
	minBeside = 44
	minBelow  = 6
	// and the least that dragging leaves of one
	leastCols, leastRows = 8, 2
)

type rect struct{ x, y, w, h int }

func (r rect) has(x, y int) bool { return x >= r.x && x < r.x+r.w && y >= r.y && y < r.y+r.h }

type placed struct {
	pane int
	rect rect
}

// divider is where two neighbours meet, and what dragging it changes.
type divider struct {
	path  string // of the tile whose parts they are
	at    int    // between parts at and at+1
	cols  bool   // a column of cells; else the rule of the lower part
	rect  rect   // the cells that are the divider
	sizes []int  // of all parts, in cells
	start int    // where part at begins
}

// laying places tiles. sizes are the users' own, by the path of the tile.
type laying struct {
	sizes    map[string][]int
	panes    []placed
	dividers []divider
}

func (l *laying) place(t Tile, r rect, path string) {
	parts, cols := t.Rows, false
	if len(t.Cols) > 0 {
		parts, cols = t.Cols, true
	}
	if len(parts) == 0 {
		l.panes = append(l.panes, placed{t.Pane, r})
		return
	}
	room := r.h
	if cols {
		room = r.w - (len(parts) - 1)
	}
	sizes := l.share(parts, room, path)
	at := 0
	for i, part := range parts {
		sub := rect{r.x, r.y + at, r.w, sizes[i]}
		edge := rect{r.x, r.y + at + sizes[i], r.w, 1}
		if cols {
			sub = rect{r.x + at, r.y, sizes[i], r.h}
			edge = rect{r.x + at + sizes[i], r.y, 1, r.h}
		}
		l.place(part, sub, path+strconv.Itoa(i)+"/")
		if i+1 < len(parts) {
			start := r.y + at
			if cols {
				start = r.x + at
			}
			l.dividers = append(l.dividers, divider{path, i, cols, edge, sizes, start})
		}
		at += sizes[i]
		if cols {
			at++
		}
	}
}

// share divides room among parts by what the user chose, else by their shares.
func (l *laying) share(parts []Tile, room int, path string) []int {
	weights := l.sizes[path]
	own := len(weights) == len(parts)
	if !own {
		weights = nil
		for _, p := range parts {
			weights = append(weights, max(p.Share, 1))
		}
	}
	total := 0
	for _, w := range weights {
		total += w
	}
	out := make([]int, len(parts))
	sum, before := 0, 0
	for i, w := range weights {
		sum += w
		end := (sum*max(room, 0) + total/2) / max(total, 1)
		out[i], before = end-before, end
	}
	if !own {
		giveAway(parts, out, room)
	}
	return out
}

// giveAway gives what a part has no use for to its neighbour, but for a quarter of
// the room.
func giveAway(parts []Tile, sizes []int, room int) {
	for i := range len(parts) - 1 {
		if over := sizes[i] - max(parts[i].Most, room/4); parts[i].Most > 0 && over > 0 {
			sizes[i], sizes[i+1] = sizes[i]-over, sizes[i+1]+over
		}
	}
}

// fits says whether every pane has the least that it is of use in.
func (l *laying) fits(area rect) bool {
	for _, p := range l.panes {
		if (p.rect.w < area.w && p.rect.w < minBeside) || (p.rect.h < area.h && p.rect.h < minBelow) {
			return false
		}
	}
	return true
}

// moved is the sizes after the divider went to cell pos.
func (d divider) moved(pos int) []int {
	sizes := append([]int(nil), d.sizes...)
	least := leastRows
	if d.cols {
		least = leastCols
	}
	both := sizes[d.at] + sizes[d.at+1]
	if both < 2*least {
		return sizes
	}
	first := min(max(pos-d.start, least), both-least)
	sizes[d.at], sizes[d.at+1] = first, both-first
	return sizes
}
