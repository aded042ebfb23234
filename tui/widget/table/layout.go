package table

import (
	"slices"

	"flightdeck/tui/widget/cell"
)

// width is how many cells the column would like.
func (y *layout[T]) width(c *column[T]) int {
	title := cell.Width(cell.Safe(c.Title))
	if c.sorts() {
		title += 2 // the mark's cells are kept, so that sorting moves nothing
	}
	if c.chosen > 0 {
		return c.chosen
	}
	if c.Width > 0 {
		return c.Width
	}
	limit := c.Max
	if limit <= 0 {
		limit = maxWidth
	}
	return max(min(max(c.seen, title, c.Min), limit), 1)
}

// gap is the blanks before c when it stands after prev; tight ones where cells are
// rare.
func gap[T any](prev, c *column[T], tight bool) int {
	if prev == nil {
		return 0
	}
	usual := 2
	if prev.Align == cell.AlignRight && c.Align == cell.AlignLeft {
		usual = 3
	}
	if c.Gap == 0 || tight {
		if c.Gap > 0 {
			return min(usual, c.Gap)
		}
		return usual
	}
	return c.Gap
}

// fit lays the columns out in w cells, and says whether anything moved.
func (y *layout[T]) fit(w int) bool {
	switch {
	case w != y.w: // what was seen long ago may be forgotten
		for _, c := range y.cols {
			c.seen = 0
		}
	case !y.dirty:
		return false
	}
	y.w, y.dirty = w, false
	on := y.on()
	tight := y.total(on, false) > w-prefix
	y.most = 0
	if tight {
		y.most = y.maxOff(on, w)
	}
	y.off = min(y.off, y.most)
	pick := on
	switch {
	case y.off > 0:
		pick = y.scrolled(on, y.off, w)
	case tight:
		pick = y.heaviest(on, w)
	}
	next := y.place(pick, w, tight)
	y.missed = len(on) - len(pick)
	if slices.Equal(next, y.places) {
		return false
	}
	y.places = next
	return true
}

// on is the columns that are on, as positions in cols.
func (y *layout[T]) on() []int {
	var on []int
	for i, c := range y.cols {
		if !c.hidden {
			on = append(on, i)
		}
	}
	return on
}

func (y *layout[T]) total(pick []int, tight bool) int {
	n := 0
	var prev *column[T]
	for _, i := range pick {
		n += gap(prev, y.cols[i], tight) + y.width(y.cols[i])
		prev = y.cols[i]
	}
	return n
}

// heaviest is the columns that are there when not all fit, in their order.
func (y *layout[T]) heaviest(on []int, w int) []int {
	by := slices.Clone(on)
	slices.SortStableFunc(by, func(a, b int) int {
		ca, cb := y.cols[a], y.cols[b]
		if ca.Fixed != cb.Fixed {
			if ca.Fixed {
				return -1
			}
			return 1
		}
		return cb.Weight - ca.Weight
	})
	for n := len(by); n > 1; n-- {
		pick := slices.Sorted(slices.Values(by[:n]))
		if y.total(pick, true) <= w-prefix {
			return pick
		}
	}
	return by[:min(1, len(by))]
}

// scrolled is the fixed columns and as many of the others, from the off-th on, as
// fit.
func (y *layout[T]) scrolled(on []int, off, w int) []int {
	var pick []int
	skip := off
	for _, i := range on {
		if !y.cols[i].Fixed {
			if skip > 0 {
				skip--
				continue
			}
			if y.total(append(pick, i), true) > w-prefix && len(pick) > 0 {
				break
			}
		}
		pick = append(pick, i)
	}
	return pick
}

// maxOff is how far the columns scroll: until the last one shows.
func (y *layout[T]) maxOff(on []int, w int) int {
	loose := 0
	for _, i := range on {
		if !y.cols[i].Fixed {
			loose++
		}
	}
	for off := range loose {
		if pick := y.scrolled(on, off, w); len(pick) == len(on)-off {
			return off
		}
	}
	return max(loose-1, 0)
}

func (y *layout[T]) place(pick []int, w int, tight bool) []placed {
	var out []placed
	x := prefix
	var prev *column[T]
	spare := max(w-prefix-y.total(pick, tight), 0)
	for _, i := range pick {
		c := y.cols[i]
		x += gap(prev, c, tight)
		cw := y.width(c)
		if c.Grow {
			cw += spare
			spare = 0
		}
		cw = min(cw, w-x)
		if cw <= 0 {
			break
		}
		out = append(out, placed{col: i, x: x, w: cw})
		x += cw
		prev = c
	}
	return out
}
