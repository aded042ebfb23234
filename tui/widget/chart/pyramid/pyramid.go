// Package pyramid keeps a metric's history so that any part of it can be drawn
// exactly, at a cost that depends on the width of the picture and not on how many
// samples are in it.
//
// The samples stand in two columns, x and y, in the order in which they came.
// Above y is a pyramid: the least and the largest value of every 64 samples, of
// every 64 of those, and so on. A dot column of the picture then needs four
// values (the first, the least, the largest, the last), found in a few dozen
// steps.
//
// # The picture
//
// What Curve.Draw draws is, dot for dot, this picture: each finite sample is a
// dot; two samples that came one after the other are joined by a segment, which
// becomes dots by the rule of package dots; a segment is missing where
//
//   - a sample that is not finite came between the two (it breaks the line, and
//     is listed by Gaps to be marked at the edge of the picture),
//   - or the second has a lower x, as after a resume from a checkpoint: there a
//     new piece begins, drawn as a line of its own. A Path joins its pieces too.
//
// This holds because the scales never decrease: within one dot column consecutive
// segments are runs that meet, so that together they are the run from the least
// to the largest value; and between two columns there is one segment, from the
// last sample of one to the first of the other.
//
// # Promises
//
// Append is amortised O(1). Draw costs O(columns × log samples) plus the breaks
// and the pieces in sight, and allocates nothing. A Pyramid has one writer, and
// no reader while it writes.
package pyramid

import "math"

// Pyramid is one series of samples. The zero value is empty and ready.
type Pyramid struct {
	// Path says that x is a metric and not time: a step back is part of the line.
	// To be set before the first sample.
	Path bool

	x      []float64
	y      column
	pieces []piece
	breaks []int // the sample that has no segment to the one before it
	gaps   []Gap
	lastX  float64
	loX    float64
	hiX    float64
	least  float64 // the smallest y above 0, for logarithmic axes; 0: none
	rev    int
	lost   int
}

// piece is where a stretch of not decreasing x begins.
type piece struct{ at, gap int }

// Gap is a sample whose y is NaN or infinite.
type Gap struct {
	X, Y float64
	At   int // how many finite samples came before
}

// Sample is one point, finite or not.
type Sample struct{ X, Y float64 }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Append takes the next sample over. One whose x is not finite has no place: it
// is counted by Lost, and breaks the line.
func (p *Pyramid) Append(x, y float64) {
	p.rev++
	if !finite(x) {
		p.lost++
		p.cut()
		return
	}
	if len(p.pieces) == 0 || x < p.lastX {
		p.pieces = append(p.pieces, piece{at: len(p.x), gap: len(p.gaps)})
	}
	if len(p.pieces) == 1 && p.Len()+len(p.gaps) == 0 {
		p.loX, p.hiX = x, x
	}
	p.lastX, p.loX, p.hiX = x, min(p.loX, x), max(p.hiX, x)
	if !finite(y) {
		p.gaps = append(p.gaps, Gap{X: x, Y: y, At: len(p.x)})
		p.cut()
		return
	}
	if y > 0 && (p.least == 0 || y < p.least) {
		p.least = y
	}
	p.x = append(p.x, x)
	p.y.append(y)
}

// cut breaks the line before the next finite sample.
func (p *Pyramid) cut() {
	at := len(p.x)
	if at > 0 && (len(p.breaks) == 0 || p.breaks[len(p.breaks)-1] != at) {
		p.breaks = append(p.breaks, at)
	}
}

// AppendAll takes samples over in order; the slices are equally long.
func (p *Pyramid) AppendAll(x, y []float64) {
	for i := range x {
		p.Append(x[i], y[i])
	}
}

// Len is how many finite samples there are.
func (p *Pyramid) Len() int { return len(p.x) }

// Samples is the finite samples from the i-th on, in the order in which they came.
// They are views that stay as they are; read only.
func (p *Pyramid) Samples(i int) (x, y []float64) {
	i = min(i, len(p.x))
	return p.x[i:len(p.x):len(p.x)], p.y.v[i:len(p.y.v):len(p.y.v)]
}

// Rev rises with every sample, of any kind.
func (p *Pyramid) Rev() int { return p.rev }

// Lost is how many samples had no x.
func (p *Pyramid) Lost() int { return p.lost }

// Gaps is the samples that are not finite, as they came. Read only.
func (p *Pyramid) Gaps() []Gap { return p.gaps }

// Bounds is the range of x over all samples, finite in y or not.
func (p *Pyramid) Bounds() (lo, hi float64, ok bool) {
	return p.loX, p.hiX, len(p.pieces) > 0
}

// ends is the first and the last x of a piece.
func (p *Pyramid) ends(k int) (lo, hi float64) {
	i, j, g, h := p.extent(k)
	lo, hi = math.Inf(1), math.Inf(-1)
	if i < j {
		lo, hi = p.x[i], p.x[j-1]
	}
	if g < h {
		lo, hi = min(lo, p.gaps[g].X), max(hi, p.gaps[h-1].X)
	}
	return lo, hi
}

// extent is the samples [i, j) and the gaps [g, h) of a piece.
func (p *Pyramid) extent(k int) (i, j, g, h int) {
	i, g, j, h = p.pieces[k].at, p.pieces[k].gap, len(p.x), len(p.gaps)
	if k+1 < len(p.pieces) {
		j, h = p.pieces[k+1].at, p.pieces[k+1].gap
	}
	return i, j, g, h
}

// LeastPositive is the smallest y above 0; false when there is none.
func (p *Pyramid) LeastPositive() (float64, bool) { return p.least, p.least > 0 }

// Last is the newest sample.
func (p *Pyramid) Last() (Sample, bool) {
	if n := len(p.gaps); n > 0 && p.gaps[n-1].At == len(p.x) {
		return Sample{p.gaps[n-1].X, p.gaps[n-1].Y}, true
	}
	if len(p.x) == 0 {
		return Sample{}, false
	}
	return Sample{p.x[len(p.x)-1], p.y.v[len(p.x)-1]}, true
}
