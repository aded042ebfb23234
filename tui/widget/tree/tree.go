// Package tree draws things that contain others: branches that open and close,
// over any number of rows.
//
// It is a table with one column: what is open becomes rows, and the table brings
// selection by key, marks, motions, the mouse and drawing only what changed.
// Children are asked for only below an open branch. As in the table, items are
// immutable snapshots and it knows nothing of what they are.
package tree

import (
	"reflect"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/table"
)

// Options is what a tree is made of.
type Options[T any] struct {
	Key      func(T) string // names an item across snapshots; unique in the tree
	Branch   func(T) bool   // has, or may have, children
	Children func(T) []T    // called only where they are shown
	// Row puts what the item shows. The line begins at the tree's edge and is
	// indented already, so that Fill(n) is the same column at every depth.
	Row  func(item T, l *cell.Line)
	Open bool              // branches are open until they are closed
	Same func(a, b T) bool // two items show the same; without it pointers are compared
	Keys *keys.Map         // nil is keys.Default
}

// node is one row.
type node[T any] struct {
	item   T
	key    string
	parent string
	depth  int
	branch bool
	open   bool
}

// Tree is items and which of their branches are open.
type Tree[T any] struct {
	o       Options[T]
	keys    keys.Map
	roots   []T
	toggled map[string]bool // keys whose branch is not as Options.Open says
	nodes   map[string]*node[T]
	table   *table.Table[*node[T]]
	match   func(T) bool
}

// New is an empty tree.
func New[T any](o Options[T]) *Tree[T] {
	if o.Same == nil && reflect.TypeFor[T]().Kind() == reflect.Pointer {
		o.Same = func(a, b T) bool { return any(a) == any(b) }
	}
	t := &Tree[T]{o: o, toggled: map[string]bool{}, nodes: map[string]*node[T]{}, keys: keys.Default()}
	if o.Keys != nil {
		t.keys = *o.Keys
	}
	t.table = table.New(table.Options[*node[T]]{
		Key: func(n *node[T]) string { return n.key }, Bare: true, Keys: o.Keys,
		Columns: []table.Column[*node[T]]{{ID: "item", Min: 1, Grow: true, Fixed: true, Cell: t.draw}},
	})
	return t
}

func (t *Tree[T]) draw(n *node[T], l *cell.Line) {
	l.Space(2 * n.depth)
	switch {
	case n.branch && n.open:
		l.Put(l.Set.Quiet, l.Theme.Glyph.Open).Space(1)
	case n.branch:
		l.Put(l.Set.Quiet, l.Theme.Glyph.Closed).Space(1)
	}
	t.o.Row(n.item, l)
}

// SetRoots takes a snapshot over.
func (t *Tree[T]) SetRoots(roots []T) {
	t.roots = roots
	t.flatten()
}

// flatten makes rows of what is open; rows that did not change stay the same.
func (t *Tree[T]) flatten() {
	seen := make(map[string]*node[T], len(t.nodes))
	var rows []*node[T]
	for _, r := range t.roots {
		rows = t.add(rows, seen, r, "", 0)
	}
	t.nodes = seen
	t.table.SetRows(rows)
}

func (t *Tree[T]) add(rows []*node[T], seen map[string]*node[T], item T, parent string, depth int) []*node[T] {
	n := node[T]{item: item, key: t.o.Key(item), parent: parent, depth: depth, branch: t.o.Branch != nil && t.o.Branch(item)}
	if seen[n.key] != nil {
		return rows // twice in one tree, or a cycle
	}
	n.open = n.branch && (t.match != nil || t.IsOpen(n.key))
	p := t.nodes[n.key]
	if p == nil || !t.unchanged(p, &n) {
		p = &n
	}
	seen[n.key] = p
	at := len(rows)
	rows = append(rows, p)
	if n.open {
		for _, c := range t.o.Children(item) {
			rows = t.add(rows, seen, c, n.key, depth+1)
		}
	}
	if t.match != nil && len(rows) == at+1 && !t.match(item) {
		return rows[:at]
	}
	return rows
}

func (t *Tree[T]) unchanged(a, b *node[T]) bool {
	return a.parent == b.parent && a.depth == b.depth && a.branch == b.branch && a.open == b.open && t.o.Same != nil && t.o.Same(a.item, b.item)
}

// SetFilter shows only items that match, with the branches that lead to them, all
// open; every child is asked for. nil shows what is open.
func (t *Tree[T]) SetFilter(match func(T) bool) {
	t.match = match
	t.flatten()
}

// IsOpen says whether a branch is open.
func (t *Tree[T]) IsOpen(id string) bool { return t.toggled[id] != t.o.Open }

// Open opens or closes a branch.
func (t *Tree[T]) Open(key string, open bool) {
	if t.IsOpen(key) == open {
		return
	}
	t.toggled[key] = !t.toggled[key]
	if !open { // the selection does not stay inside what is closed
		for k := t.selectedKey(); k != ""; k = t.parent(k) {
			if t.parent(k) == key {
				t.table.Select(key)
				break
			}
		}
	}
	t.flatten()
}

// Reveal opens the branches of a path of keys and selects its last; false when it
// is not there.
func (t *Tree[T]) Reveal(path ...string) bool {
	if len(path) == 0 {
		return false
	}
	for _, k := range path[:len(path)-1] {
		t.Open(k, true)
	}
	return t.table.Select(path[len(path)-1])
}

func (t *Tree[T]) parent(key string) string {
	if n := t.nodes[key]; n != nil {
		return n.parent
	}
	return ""
}

func (t *Tree[T]) selectedKey() string {
	if n, ok := t.table.Selected(); ok {
		return n.key
	}
	return ""
}

// Selected is the item that the selection is on.
func (t *Tree[T]) Selected() (item T, ok bool) {
	n, ok := t.table.Selected()
	if !ok {
		return item, false
	}
	return n.item, true
}

// Select puts the selection on an item that is shown.
func (t *Tree[T]) Select(key string) bool { return t.table.Select(key) }

// Marked is the keys of the marked items that are open to view.
func (t *Tree[T]) Marked() []string { return t.table.Marked() }

// ClearMarks takes all marks away.
func (t *Tree[T]) ClearMarks() { t.table.ClearMarks() }

// Count is how many rows there are.
func (t *Tree[T]) Count() int { n, _ := t.table.Count(); return n }

// Redraw draws every row anew, for rows that show how time passes.
func (t *Tree[T]) Redraw() { t.table.Redraw() }

// Render draws the tree in exactly w×h cells.
func (t *Tree[T]) Render(th *theme.Theme, w, h int, focused bool) string {
	return t.table.Render(th, w, h, focused)
}

// Key takes the motions and marks of a table; left closes a branch or goes to its
// parent, right opens one or goes to its first child.
func (t *Tree[T]) Key(msg tea.KeyPressMsg) bool {
	n, ok := t.table.Selected()
	switch {
	case ok && key.Matches(msg, t.keys.Left):
		if n.open && t.match == nil {
			t.Open(n.key, false)
			return true
		}
		return n.parent != "" && t.table.Select(n.parent)
	case ok && key.Matches(msg, t.keys.Right):
		switch {
		case !n.branch:
			return false
		case !n.open:
			t.Open(n.key, true)
		default:
			t.step()
		}
		return true
	}
	return t.table.Key(msg)
}

// step goes to the first child of the open branch that is selected.
func (t *Tree[T]) step() {
	at := t.selectedKey()
	t.table.Key(tea.KeyPressMsg{Code: tea.KeyDown})
	if t.parent(t.selectedKey()) != at {
		t.table.Select(at)
	}
}

// Toggle opens or closes the branch that is selected; false on a leaf. It is what
// enter does where the item itself has nothing to open.
func (t *Tree[T]) Toggle() bool {
	n, ok := t.table.Selected()
	if !ok || !n.branch {
		return false
	}
	t.Open(n.key, !n.open)
	return true
}

// Mouse selects on a click, opens and closes on a click on a branch's sign, and
// scrolls with the wheel.
func (t *Tree[T]) Mouse(msg tea.MouseMsg, x, y int) bool {
	if !t.table.Mouse(msg, x, y) {
		return false
	}
	if _, click := msg.(tea.MouseClickMsg); click {
		if n, ok := t.table.Selected(); ok && n.branch && x/2 == 1+n.depth {
			t.Toggle()
		}
	}
	return true
}
