package table

import (
	"slices"

	"flightdeck/tui/widget/cell"
)

// Column is one column. Only ID and Cell are needed.
type Column[T any] struct {
	ID    string
	Title string
	Align cell.Align

	// Width fixes the cells; 0 lets the column be as wide as what it has shown so
	// far, from Min up to Max (40 when 0). It never gets narrower while the table
	// keeps its size.
	Width, Min, Max int
	Gap             int  // blanks before it where there is room; 0 is 2, or 3 where words follow numbers
	Grow            bool // takes the cells that are left over
	Fixed           bool // stays when the others scroll sideways
	// Weight decides which columns are there when not all fit: the heaviest, and of
	// equal ones the first. Fixed ones always are.
	Weight int

	// Cell puts what the row shows. l.W is the column's width, l.Set the styles on
	// the row's background.
	Cell func(row T, l *cell.Line)

	// By what the column sorts: Number, or Compare with Missing. With neither it
	// does not. NaN, absent and Missing rows come last in both directions.
	Number  func(row T) (v float64, known bool)
	Compare func(a, b T) int
	Missing func(row T) bool
	Desc    bool // sorts the largest first when first asked to
}

// ColumnInfo is what a chooser needs to know of a column.
type ColumnInfo struct {
	ID, Title string
	Shown     bool
	Width     int // that was chosen for it; 0 is the column's own
}

const (
	prefix   = 2  // the mark and the selection's sign
	maxWidth = 40 // of a column that does not say another
)

type column[T any] struct {
	Column[T]
	hidden bool
	seen   int // the widest contents so far
	chosen int // cells; 0 lets the column decide
}

func (c *column[T]) sorts() bool { return c.Number != nil || c.Compare != nil }

// placed is a column where the layout put it.
type placed struct{ col, x, w int }

// layout is the columns, their order and their places.
type layout[T any] struct {
	cols   []*column[T]
	off    int // scrolled sideways by so many columns
	places []placed
	missed int // columns that are on but not in places
	most   int // off may be up to this
	w      int
	dirty  bool // something that the places depend on changed
}

// define replaces the definitions. Columns that were there keep their width, order
// and whether they are on; new ones come after.
func (y *layout[T]) define(defs []Column[T]) {
	var next []*column[T]
	for _, c := range y.cols {
		if i := slices.IndexFunc(defs, func(d Column[T]) bool { return d.ID == c.ID }); i >= 0 {
			next = append(next, &column[T]{Column: defs[i], hidden: c.hidden, seen: c.seen, chosen: c.chosen})
		}
	}
	for _, d := range defs {
		if y.find(d.ID) == nil {
			next = append(next, &column[T]{Column: d})
		}
	}
	y.cols = next
	y.changed()
}

func (y *layout[T]) find(id string) *column[T] {
	for _, c := range y.cols {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (y *layout[T]) changed() { y.dirty = true }

// choose shows these columns in this order; the others are off and stand behind.
func (y *layout[T]) choose(ids []string) {
	var next []*column[T]
	for _, id := range ids {
		if c := y.find(id); c != nil && !slices.Contains(next, c) {
			c.hidden = false
			next = append(next, c)
		}
	}
	for _, c := range y.cols {
		if !slices.Contains(next, c) {
			c.hidden = true
			next = append(next, c)
		}
	}
	y.cols = next
	y.changed()
}

// move changes a column's place by so many of those that are on.
func (y *layout[T]) move(id string, by int) bool {
	i := slices.IndexFunc(y.cols, func(c *column[T]) bool { return c.ID == id })
	if i < 0 {
		return false
	}
	step, j := 1, i
	if by < 0 {
		step = -1
	}
	for ; by != 0; by -= step {
		k := j + step
		for k >= 0 && k < len(y.cols) && y.cols[k].hidden {
			k += step
		}
		if k < 0 || k >= len(y.cols) {
			break
		}
		j = k
	}
	if i == j {
		return false
	}
	c := y.cols[i]
	y.cols = slices.Insert(slices.Delete(y.cols, i, i+1), j, c)
	y.changed()
	return true
}
