// Package table draws rows in columns: any number of rows, of which only those on
// the screen cost anything to draw.
//
// A table is given immutable snapshots (SetRows). Selection, marks, order and
// filter are its own and survive them: they follow a row's key. Rows that did not
// change from one snapshot to the next (the same pointers) are neither filtered,
// sorted nor drawn again. A row is drawn once for a width, theme and state and kept
// as a string; a frame in which nothing changed is the string of the frame before.
//
// It belongs to one client and is called from its event loop only. What the rows
// are, it does not know: columns say how to draw and compare them.
package table

import (
	"reflect"
	"slices"

	"flightdeck/tui/keys"
)

// Options is what a table is made of.
type Options[T any] struct {
	Key     func(T) string // names a row across snapshots; unique
	Columns []Column[T]
	Sort    string // column to order by; "" keeps the snapshot's order
	// Same says that two rows show the same. Without it pointers are compared, and
	// rows of other types count as changed in every snapshot.
	Same func(a, b T) bool
	Keys *keys.Map // nil is keys.Default
	Bare bool      // no header row
}

// Table is rows in columns.
type Table[T any] struct {
	key  func(T) string
	keys keys.Map
	bare bool

	rows   order[T]
	cols   layout[T]
	sortID string
	desc   bool

	want   string // key of the row that was chosen, though it may not be shown now
	cur    int    // position in rows.shown; -1 when none is
	top    int    // first position on the screen
	body   int    // rows on the screen in the last frame
	head   int    // header rows in the last frame
	marked map[string]struct{}

	draw drawing[T]
}

// New is an empty table.
func New[T any](o Options[T]) *Table[T] {
	t := &Table[T]{key: o.Key, bare: o.Bare, cur: -1, body: 1, marked: map[string]struct{}{}}
	t.keys = keys.Default()
	if o.Keys != nil {
		t.keys = *o.Keys
	}
	t.rows.same = o.Same
	if o.Same == nil && reflect.TypeFor[T]().Kind() == reflect.Pointer {
		t.rows.same = func(a, b T) bool { return any(a) == any(b) }
	}
	t.draw.init()
	t.cols.define(o.Columns)
	if o.Sort != "" {
		t.SortBy(o.Sort)
	}
	return t
}

// SetRows takes a snapshot over; the slice must not change afterwards. The same
// slice again costs nothing.
func (t *Table[T]) SetRows(rows []T) {
	old := int32(-1)
	if t.cur >= 0 {
		old = t.rows.shown[t.cur]
	}
	moved := t.rows.set(rows)
	if moved == nil {
		return
	}
	if t.rows.same == nil {
		t.draw.forget()
	}
	at := int32(-1)
	if old >= 0 {
		at = moved(old)
	}
	t.follow(at)
}

// follow keeps the selection on its object, and that object on its screen row,
// after rows moved. at is the row's number where it is known.
func (t *Table[T]) follow(at int32) {
	t.draw.stale()
	before := t.cur
	next := -1
	if at >= 0 && t.key(t.rows.rows[at]) == t.want {
		next = slices.Index(t.rows.shown, at)
	}
	if next < 0 {
		next = t.position(t.want)
	}
	if next < 0 {
		next = min(max(before, 0), len(t.rows.shown)-1)
	}
	t.cur = next
	if t.top > 0 && before >= 0 && next >= 0 {
		t.top += next - before
	}
	if t.want == "" && next >= 0 {
		t.want = t.key(t.rows.rows[t.rows.shown[next]])
	}
}

// Redraw draws every row anew, for cells that show how time passes.
func (t *Table[T]) Redraw() { t.draw.forget() }

// position is where the row with a key is shown; -1 when it is not.
func (t *Table[T]) position(key string) int {
	if key == "" {
		return -1
	}
	return slices.IndexFunc(t.rows.shown, func(i int32) bool { return t.key(t.rows.rows[i]) == key })
}

// Selected is the row that the selection is on.
func (t *Table[T]) Selected() (row T, ok bool) {
	if t.cur < 0 || t.cur >= len(t.rows.shown) {
		return row, false
	}
	return t.rows.rows[t.rows.shown[t.cur]], true
}

// Select puts the selection on the row with a key; false when it is not shown now,
// then the selection goes there as soon as it is.
func (t *Table[T]) Select(key string) bool {
	t.want = key
	at := t.position(key)
	if at < 0 {
		return false
	}
	t.cur = at
	t.draw.stale()
	return true
}

// to moves the selection to a position, as near as there is one.
func (t *Table[T]) to(at int) {
	at = min(max(at, 0), len(t.rows.shown)-1)
	if at == t.cur {
		return
	}
	t.cur = at
	if row, ok := t.Selected(); ok {
		t.want = t.key(row)
	}
	t.draw.stale()
}

// At is the row shown at a position, from 0 to what Count says.
func (t *Table[T]) At(i int) T { return t.rows.rows[t.rows.shown[i]] }

// Passing is the rows that pass the filter, in the snapshot's order. The slice is the
// snapshot itself where all do; read only.
func (t *Table[T]) Passing() []T {
	if len(t.rows.shown) == len(t.rows.rows) {
		return t.rows.rows
	}
	out := make([]T, 0, len(t.rows.shown))
	for i, pass := range t.rows.pass {
		if pass {
			out = append(out, t.rows.rows[i])
		}
	}
	return out
}

// Count is how many rows pass the filter, and how many there are.
func (t *Table[T]) Count() (shown, total int) { return len(t.rows.shown), len(t.rows.rows) }

// SetFilter shows only rows that pass; nil shows all.
func (t *Table[T]) SetFilter(filter func(T) bool) {
	t.rows.refilter(filter, false)
	t.follow(-1)
}

// Narrow is SetFilter by a filter that passes nothing which the last one did not,
// as when a word is typed on: only the rows that show are asked.
func (t *Table[T]) Narrow(filter func(T) bool) {
	t.rows.refilter(filter, true)
	t.follow(-1)
}

// Marked is the keys of the marked rows in the snapshot's order, those that the
// filter hides included.
func (t *Table[T]) Marked() []string {
	if len(t.marked) == 0 {
		return nil
	}
	var out []string
	for _, r := range t.rows.rows {
		if k := t.key(r); t.isMarked(k) {
			out = append(out, k)
		}
	}
	return out
}

// Marks is how many rows are marked. It costs nothing, and tells whether Marked has
// changed after a key.
func (t *Table[T]) Marks() int { return len(t.marked) }

func (t *Table[T]) isMarked(key string) bool { _, ok := t.marked[key]; return ok }

// Mark marks a row, or takes its mark away.
func (t *Table[T]) Mark(key string, on bool) {
	if on {
		t.marked[key] = struct{}{}
	} else {
		delete(t.marked, key)
	}
	t.draw.stale()
}

// ClearMarks takes all marks away.
func (t *Table[T]) ClearMarks() {
	clear(t.marked)
	t.draw.stale()
}

// SortBy orders by a column, in its first direction; "" is the snapshot's order.
// By the column that orders already, it reverses.
func (t *Table[T]) SortBy(id string) {
	c := t.cols.find(id)
	switch {
	case c == nil || !c.sorts():
		t.Sort("", false)
	case id == t.sortID:
		t.Sort(id, !t.desc)
	default:
		t.Sort(id, c.Desc)
	}
}

// Sort orders by a column in a direction; "" is the snapshot's order.
func (t *Table[T]) Sort(id string, desc bool) {
	t.rows.rank = nil
	t.sortID, t.desc = "", false
	if c := t.cols.find(id); c != nil && c.sorts() {
		t.sortID, t.desc = id, desc
		t.rows.rank = &rank[T]{number: c.Number, compare: c.Compare, missing: c.Missing, desc: desc}
	}
	t.cols.changed()
	t.rows.sort()
	t.follow(-1)
}

// Sorted is the column that orders the rows and its direction.
func (t *Table[T]) Sorted() (id string, desc bool) { return t.sortID, t.desc }
