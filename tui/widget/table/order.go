package table

import (
	"math"
	"slices"
)

// order is a snapshot of rows, which of them pass the filter, and in what order
// they stand. Row numbers are positions in the snapshot.
type order[T any] struct {
	same func(a, b T) bool // nil: rows cannot be told apart, all count as changed

	rows   []T
	pass   []bool
	sorted []int32 // all rows
	shown  []int32 // those that pass, in the order of sorted

	filter func(T) bool
	rank   *rank[T]
}

// rank is by what the rows are ordered; nil is the snapshot's own order.
type rank[T any] struct {
	number  func(T) (float64, bool)
	compare func(a, b T) int
	missing func(T) bool
	desc    bool
}

// none says that a row has nothing to compare: such rows come last in either
// direction.
func (r *rank[T]) none(row T) bool {
	if r.number != nil {
		v, ok := r.number(row)
		return !ok || math.IsNaN(v)
	}
	return r.missing != nil && r.missing(row)
}

func (r *rank[T]) cmp(a, b T) int {
	na, nb := r.none(a), r.none(b)
	switch {
	case na && nb:
		return 0
	case na:
		return 1
	case nb:
		return -1
	}
	var c int
	if r.number != nil {
		va, _ := r.number(a)
		vb, _ := r.number(b)
		switch {
		case va < vb:
			c = -1
		case va > vb:
			c = 1
		}
	} else {
		c = r.compare(a, b)
	}
	if r.desc {
		return -c
	}
	return c
}

// cmpAt orders rows by number; equal rows keep the snapshot's order.
func (o *order[T]) cmpAt(a, b int32) int {
	if o.rank != nil {
		if c := o.rank.cmp(o.rows[a], o.rows[b]); c != 0 {
			return c
		}
	}
	return int(a - b)
}

// set takes a snapshot over. moved gives the new number of an old row, -1 when it
// is gone or unknown; nil when nothing at all changed.
func (o *order[T]) set(rows []T) (moved func(int32) int32) {
	if len(rows) == len(o.rows) && (len(rows) == 0 || &rows[0] == &o.rows[0]) {
		return nil
	}
	old := o.rows
	o.rows = rows
	d := o.compare(old, rows)
	if !d.cheap(len(rows)) {
		o.rebuild()
		return func(int32) int32 { return -1 }
	}
	o.patch(d, len(old))
	return d.moved
}

// diff is how a snapshot follows from the one before: rows before from are in
// place, rows from oldTo on have moved by shift, and changed (in new numbers) are
// other than they were.
type diff struct {
	known       bool
	from, oldTo int32
	shift       int32
	changed     []int32
	stay        []bool // by new number, only where the length is the same
}

func (d diff) cheap(n int) bool { return d.known && len(d.changed) <= n/8+8 }

func (d diff) moved(i int32) int32 {
	switch {
	case i < d.from:
		return i
	case i >= d.oldTo:
		return i + d.shift
	case d.stay != nil && d.stay[i]:
		return i
	}
	return -1
}

func (o *order[T]) compare(old, rows []T) diff {
	if o.same == nil || len(old) == 0 {
		return diff{}
	}
	n := min(len(old), len(rows))
	from := 0
	for from < n && o.same(old[from], rows[from]) {
		from++
	}
	tail := 0
	for tail < n-from && o.same(old[len(old)-1-tail], rows[len(rows)-1-tail]) {
		tail++
	}
	d := diff{known: true, from: int32(from), oldTo: int32(len(old) - tail), shift: int32(len(rows) - len(old))}
	for i := from; i < len(rows)-tail; i++ {
		if len(old) == len(rows) && o.same(old[i], rows[i]) {
			if d.stay == nil {
				d.stay = make([]bool, len(rows))
			}
			d.stay[i] = true
			continue
		}
		d.changed = append(d.changed, int32(i))
	}
	return d
}

// patch applies a small diff: rows that stay keep their order, the changed ones
// are sorted and merged in.
func (o *order[T]) patch(d diff, oldLen int) {
	if int(d.shift) != 0 {
		pass := make([]bool, len(o.rows))
		copy(pass, o.pass[:d.from])
		copy(pass[d.oldTo+d.shift:], o.pass[d.oldTo:oldLen])
		o.pass = pass
	}
	for _, i := range d.changed {
		o.pass[i] = o.filter == nil || o.filter(o.rows[i])
	}
	stay := o.sorted[:0]
	for _, i := range o.sorted {
		if m := d.moved(i); m >= 0 {
			stay = append(stay, m)
		}
	}
	slices.SortFunc(d.changed, o.cmpAt)
	merged := make([]int32, 0, len(o.rows))
	k := 0
	for _, c := range d.changed {
		at, _ := slices.BinarySearchFunc(stay[k:], c, o.cmpAt)
		merged = append(merged, stay[k:k+at]...)
		merged = append(merged, c)
		k += at
	}
	o.sorted = append(merged, stay[k:]...)
	o.show()
}

// rebuild filters and sorts everything.
func (o *order[T]) rebuild() {
	o.pass = make([]bool, len(o.rows))
	o.sorted = make([]int32, len(o.rows))
	for i, r := range o.rows {
		o.pass[i] = o.filter == nil || o.filter(r)
		o.sorted[i] = int32(i)
	}
	o.sort()
}

func (o *order[T]) sort() {
	switch {
	case o.rank == nil:
		slices.Sort(o.sorted)
	case o.rank.number != nil:
		o.sortNumbers()
	default:
		slices.SortFunc(o.sorted, o.cmpAt)
	}
	o.show()
}

// sortNumbers asks each row for its number once.
func (o *order[T]) sortNumbers() {
	keys := make([]float64, len(o.rows))
	for i, r := range o.rows {
		v, ok := o.rank.number(r)
		if !ok {
			v = math.NaN()
		}
		keys[i] = v
	}
	sign := 1
	if o.rank.desc {
		sign = -1
	}
	slices.SortFunc(o.sorted, func(a, b int32) int {
		va, vb := keys[a], keys[b]
		switch {
		case va < vb:
			return -sign
		case va > vb:
			return sign
		case va == vb:
			return int(a - b)
		}
		na, nb := math.IsNaN(va), math.IsNaN(vb)
		switch {
		case na && nb:
			return int(a - b)
		case na:
			return 1
		}
		return -1
	})
}

func (o *order[T]) show() {
	o.shown = o.shown[:0]
	for _, i := range o.sorted {
		if o.pass[i] {
			o.shown = append(o.shown, i)
		}
	}
}

// refilter asks the filter again: of every row, or only of those that pass now.
func (o *order[T]) refilter(filter func(T) bool, shownOnly bool) {
	o.filter = filter
	for i, r := range o.rows {
		if !shownOnly || o.pass[i] {
			o.pass[i] = filter == nil || filter(r)
		}
	}
	o.show()
}
