package tui

// dividerAt is the divider under a cell.
func (d *deck) dividerAt(x, y int) (divider, bool) {
	for _, dv := range d.dividers {
		if dv.rect.has(x, y) {
			return dv, true
		}
	}
	return divider{}, false
}

// drag moves a divider to a cell.
func (d *deck) drag(dv divider, x, y int) {
	pos := y
	if dv.cols {
		pos = x
	}
	d.resize(dv, dv.moved(pos))
}

func (d *deck) resize(dv divider, sizes []int) {
	t := d.tab()
	name := layoutOf(dv.path)
	if t.sizes[name] == nil {
		t.sizes[name] = map[string][]int{}
	}
	t.sizes[name][dv.path] = sizes
}

// nudge moves the divider nearest to the focused pane by some cells: the one after
// it, else the one before.
func (d *deck) nudge(cols bool, by int) {
	p := d.focused()
	if p == nil {
		return
	}
	best, found := divider{}, false
	for _, dv := range d.dividers { // inner ones come first
		if dv.cols != cols || !touches(dv, p.rect) {
			continue
		}
		after := dv.rect.x >= p.rect.x+p.rect.w || (!cols && dv.rect.y >= p.rect.y+p.rect.h)
		if !found || after {
			best, found = dv, true
		}
		if after {
			break
		}
	}
	if found {
		d.resize(best, best.moved(best.start+best.sizes[best.at]+by))
	}
}

// touches says whether a divider is at an edge of the rectangle.
func touches(dv divider, r rect) bool {
	if dv.cols {
		return (dv.rect.x == r.x+r.w || dv.rect.x == r.x-1) && r.y >= dv.rect.y && r.y < dv.rect.y+dv.rect.h
	}
	return (dv.rect.y == r.y+r.h || dv.rect.y == r.y) && r.x >= dv.rect.x && r.x < dv.rect.x+dv.rect.w
}

func layoutOf(path string) string {
	rest := path[1:]
	for i := range len(rest) {
		if rest[i] == '/' {
			return rest[:i]
		}
	}
	return rest
}
