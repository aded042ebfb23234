// Package dots is a picture of dots inside terminal cells: two by four braille
// dots a cell, or one by three where there is no braille.
//
// It owns the rule by which a segment becomes dots, and the scale that takes
// values to dots. The rule is the midpoint line in closed form: it is computed
// from the segment's ends, not step by step from one end, so that a segment is
// the same dots however much of it is outside, and a line costs no more than the
// dots of it that are seen. Dots count from the lower left corner.
//
// The room knows no data, no colours and no text.
package dots

// Grid is the picture. Reset makes it a size and empties it; its memory is reused.
type Grid struct {
	CellsW, CellsH int
	Braille        bool
	Bits           []uint8 // one byte a cell, rows from the top; see Rune
	w, h           int     // in dots
}

// Cell sizes, in dots.
const (
	BrailleW, BrailleH = 2, 4
	ASCIIW, ASCIIH     = 1, 3
)

// Reset empties the grid and makes it w×h cells.
func (g *Grid) Reset(w, h int, braille bool) {
	g.CellsW, g.CellsH, g.Braille = max(w, 0), max(h, 0), braille
	n := g.CellsW * g.CellsH
	if cap(g.Bits) < n {
		g.Bits = make([]uint8, n)
	}
	g.Bits = g.Bits[:n]
	clear(g.Bits)
	g.w, g.h = g.CellsW*ASCIIW, g.CellsH*ASCIIH
	if braille {
		g.w, g.h = g.CellsW*BrailleW, g.CellsH*BrailleH
	}
}

// W and H are the grid's size in dots.
func (g *Grid) W() int { return g.w }

// H is the height in dots.
func (g *Grid) H() int { return g.h }

// CellOf is the cell of a dot: column from the left, row from the top.
func (g *Grid) CellOf(x, y int) (col, row int) {
	if g.Braille {
		return x >> 1, (g.h - 1 - y) >> 2
	}
	return x, (g.h - 1 - y) / ASCIIH
}

// column is the bits of a cell by the dot's row in it, from the top.
func (g *Grid) column(x int) [4]uint8 {
	switch {
	case !g.Braille:
		return [4]uint8{1, 2, 4, 0}
	case x&1 == 0:
		return [4]uint8{0x01, 0x02, 0x04, 0x40}
	}
	return [4]uint8{0x08, 0x10, 0x20, 0x80}
}

// Set lights a dot; outside nothing happens.
func (g *Grid) Set(x, y int) {
	if x < 0 || x >= g.w || y < 0 || y >= g.h {
		return
	}
	top := g.h - 1 - y
	if g.Braille {
		g.Bits[top>>2*g.CellsW+x>>1] |= brailleBits[x&1<<2|top&3]
		return
	}
	g.Bits[top/ASCIIH*g.CellsW+x] |= 1 << (top % ASCIIH)
}

// brailleBits is the bits of a cell's two columns, from the top.
const brailleBits = "\x01\x02\x04\x40\x08\x10\x20\x80"

// Lit says whether a dot is on.
func (g *Grid) Lit(x, y int) bool {
	if x < 0 || x >= g.w || y < 0 || y >= g.h {
		return false
	}
	col, row := g.CellOf(x, y)
	top := g.h - 1 - y
	in := top % ASCIIH
	if g.Braille {
		in = top & 3
	}
	return g.Bits[row*g.CellsW+col]&g.column(x)[in] != 0
}

// Run lights the dots of one column between two heights, ends included.
func (g *Grid) Run(x, y0, y1 int) {
	if y0 > y1 {
		y0, y1 = y1, y0
	}
	y0, y1 = max(y0, 0), min(y1, g.h-1)
	if x < 0 || x >= g.w || y0 > y1 {
		return
	}
	bit := g.column(x)
	tall, col := ASCIIH, x
	all := uint8(7)
	if g.Braille {
		tall, col = BrailleH, x>>1
		all = bit[0] | bit[1] | bit[2] | bit[3]
	}
	top, end := g.h-1-y1, g.h-1-y0
	row, in := top/tall, top%tall
	for i := row*g.CellsW + col; top <= end; i += g.CellsW {
		if in == 0 && top+tall-1 <= end {
			g.Bits[i] |= all
			top += tall
			continue
		}
		for ; in < tall && top <= end; in++ {
			g.Bits[i] |= bit[in]
			top++
		}
		in = 0
	}
}

// Dark puts out the dots of one column between two heights, ends included.
func (g *Grid) Dark(x, y0, y1 int) {
	for y := max(min(y0, y1), 0); y <= min(max(y0, y1), g.h-1) && x >= 0 && x < g.w; y++ {
		col, row := g.CellOf(x, y)
		top := g.h - 1 - y
		in := top % ASCIIH
		if g.Braille {
			in = top & 3
		}
		g.Bits[row*g.CellsW+col] &^= g.column(x)[in]
	}
}

// Dash darkens every third column of cells, which makes dashes of a line.
func (g *Grid) Dash() {
	for i := range g.Bits {
		if i%g.CellsW%3 == 2 {
			g.Bits[i] = 0
		}
	}
}

// Span is the lowest and the highest dot that is lit in a column; false when none
// is.
func (g *Grid) Span(x int) (lo, hi int, ok bool) {
	for y := range g.h {
		if g.Lit(x, y) {
			if !ok {
				lo, ok = y, true
			}
			hi = y
		}
	}
	return lo, hi, ok
}

// Line lights the segment between two dots. It is drawn from its left end; in one
// column it is a run. Coordinates may be as far out as ±Far.
func (g *Grid) Line(x0, y0, x1, y1 int) {
	if x0 > x1 {
		x0, y0, x1, y1 = x1, y1, x0, y0
	}
	if x1 < 0 || x0 >= g.w || max(y0, y1) < 0 || min(y0, y1) >= g.h {
		return
	}
	dx, dy, up := x1-x0, y1-y0, 1
	if dy < 0 {
		dy, up = -dy, -1
	}
	if dx >= dy {
		g.flat(x0, y0, dx, dy, up)
		return
	}
	g.steep(x0, y0, dx, dy, up)
}

// flat: one dot a column, at y0 + round(k*dy/dx), halves away from y0.
func (g *Grid) flat(x0, y0, dx, dy, up int) {
	if dx == 0 {
		g.Set(x0, y0)
		return
	}
	k, last := max(0, -x0), min(dx, g.w-1-x0)
	if k > last {
		return
	}
	q, r := (2*k*dy+dx)/(2*dx), (2*k*dy+dx)%(2*dx)
	for ; k <= last; k++ {
		g.Set(x0+k, y0+up*q)
		if r += 2 * dy; r >= 2*dx {
			r -= 2 * dx
			q++
		}
	}
}

// steep: one dot a row, at x0 + round(k*dx/dy), drawn as one run a column.
func (g *Grid) steep(x0, y0, dx, dy, up int) {
	first, last := max(0, -x0), min(dx, g.w-1-x0)
	for q := first; q <= last; q++ {
		from, to := 0, dy
		if q > 0 {
			from = ceil(2*dy*q-dy, 2*dx)
		}
		if q < dx {
			to = ceil(2*dy*(q+1)-dy, 2*dx) - 1
		}
		if from <= to {
			g.Run(x0+q, y0+up*from, y0+up*to)
		}
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }

// Rune is the sign of a cell's bits: a braille pattern, or without braille one
// of ' - . : |. Nothing lit is a blank.
func (g *Grid) Rune(bits uint8) rune {
	switch {
	case bits == 0:
		return ' '
	case g.Braille:
		return 0x2800 + rune(bits)
	}
	return rune(` '-:.::|`[bits&7])
}
