// Package cloud draws many things at once, each by a few of its quantities: as a
// line across parallel axes (Parallel) or as a point over two of them (Scatter).
//
// A quantity is a Dim: a number for each thing, or a word. What the things are, the
// room does not know; they are numbers from 0 on, and whoever shows them says which
// of them are picked and in what colour.
//
// Ten thousand things cost a few milliseconds when the data, the brush or the size
// change, and nothing else: what is under the picked ones is kept as dots, and a
// frame in which nothing changed is the string of the frame before.
package cloud

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/dots"
)

// Dim is one quantity over all things.
type Dim struct {
	Key    string // tells it from the others
	Name   string // as it is shown; text from outside is fine
	Values []float64
	// Words names the values of a quantity that is no number: value i is Words[i].
	Words []string
	Log   bool
}

// Of is the quantity that texts say, one for each thing: numbers where each of them
// is one, else words in their order. An empty text is none.
func Of(key, name string, texts []string) Dim {
	d := Dim{Key: key, Name: name, Values: make([]float64, len(texts))}
	numbers := true
	for i, s := range texts {
		v, err := strconv.ParseFloat(s, 64)
		if s == "" {
			v, err = math.NaN(), nil
		}
		if err != nil {
			numbers = false
			break
		}
		d.Values[i] = v
	}
	if numbers {
		return d
	}
	place := map[string]float64{}
	for _, s := range texts {
		if s != "" {
			place[s] = 0
		}
	}
	d.Words = slices.Sorted(maps.Keys(place))
	for i, w := range d.Words {
		place[w] = float64(i)
	}
	for i, s := range texts {
		d.Values[i] = math.NaN()
		if at, ok := place[s]; ok {
			d.Values[i] = at
		}
	}
	return d
}

// decades is from which factor on a quantity that is always above zero is better
// seen on a logarithmic axis.
const decades = 90

// Wide says whether the values span so much that a linear axis would show the
// largest alone.
func (d *Dim) Wide() bool {
	lo, hi, ok := d.extremes(false)
	return ok && d.Words == nil && lo > 0 && hi >= decades*lo
}

// extremes is the range of the values that have a place.
func (d *Dim) extremes(log bool) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range d.Values {
		if finite(v) && (!log || v > 0) {
			lo, hi, ok = min(lo, v), max(hi, v), true
		}
	}
	return lo, hi, ok
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// log is whether the axis can be logarithmic.
func (d *Dim) log() bool {
	if !d.Log || d.Words != nil {
		return false
	}
	_, _, ok := d.extremes(true)
	return ok
}

// bounds is the ends of the axis, and its labels: want at most, or the words.
func (d *Dim) bounds(want int) (lo, hi float64, ticks []axis.Tick) {
	if d.Words != nil {
		return d.places()
	}
	log := d.log()
	lo, hi, ok := d.extremes(log)
	switch {
	case !ok:
		return 0, 1, nil
	case log:
		lo, hi = axis.RoundLog(lo, hi)
		ticks = axis.Log(lo, hi, max(want, 2))
	case !(hi-lo > 1e-9*max(math.Abs(lo), math.Abs(hi))):
		room := max(math.Abs(lo)/2, 0.5)
		return max(lo-room, -math.MaxFloat64), min(hi+room, math.MaxFloat64), []axis.Tick{{V: lo, Text: d.Text(lo)}}
	default:
		lo, hi, ticks = axis.Round(lo, hi, max(want, 3))
	}
	if len(ticks) < 2 {
		ticks = []axis.Tick{{V: lo, Text: cell.Significant.Format(lo)}, {V: hi, Text: cell.Significant.Format(hi)}}
	}
	return lo, hi, ticks
}

// places gives each word a place of its own, half a step from the ends.
func (d *Dim) places() (lo, hi float64, ticks []axis.Tick) {
	for i, w := range d.Words {
		ticks = append(ticks, axis.Tick{V: float64(i), Text: cell.Safe(w)})
	}
	return -0.5, max(float64(len(d.Words))-0.5, 0.5), ticks
}

// few is up to how many different numbers an axis ends at the least and the largest
// of them: they were chosen from a list, and there is nothing beyond.
const few = 12

// ends is the ends of an axis on which every value is read at its place, and their
// labels.
func (d *Dim) ends() (lo, hi float64, ticks []axis.Tick) {
	lo, hi, ok := d.extremes(d.log())
	if d.Words != nil || !ok || lo == hi || !d.listed() {
		return d.bounds(3)
	}
	return lo, hi, []axis.Tick{{V: lo, Text: d.Text(lo)}, {V: hi, Text: d.Text(hi)}}
}

// listed says whether there are only a few different values.
func (d *Dim) listed() bool {
	var seen []float64
	for _, v := range d.Values {
		if finite(v) && !slices.Contains(seen, v) {
			if len(seen) == few {
				return false
			}
			seen = append(seen, v)
		}
	}
	return true
}

// scale is the axis over n dots.
func (d *Dim) scale(n int) dots.Scale {
	var s dots.Scale
	lo, hi, _ := d.ends()
	s.Set(lo, hi, n, d.log())
	return s
}

// Text is a value as it is read.
func (d *Dim) Text(v float64) string {
	switch i := int(v); {
	case math.IsNaN(v):
		return ""
	case d.Words != nil && i >= 0 && i < len(d.Words):
		return d.Words[i]
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e6 {
		return cell.Whole.Format(v)
	}
	return cell.Significant.Format(v)
}

// Pick is a thing that stands out: marked, pinned, or with Selected the one that is
// pointed at.
type Pick struct {
	At       int
	Color    int // in the theme's series
	Selected bool
	Dashed   bool // what the others are measured against
}
