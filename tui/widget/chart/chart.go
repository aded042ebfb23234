// Package chart draws numbers in a terminal: line charts of any length and zoom,
// and sparklines, bars, histograms and heat strips.
//
// # Line charts
//
// A Chart shows several Series, each over a pyramid.Pyramid, in braille dots (one
// by three characters where the theme has no braille). The dots of a series are
// exactly the picture of its every segment, at any zoom; package pyramid says what
// that is. Where lines share a cell, the one drawn last has it alone, with its own
// dots and its own colour: merging the dots would show a curve that no series has.
// The selected series is drawn last. A smoothed line is drawn over its raw one,
// which is faint. A series with a single sample in sight is drawn as a block of
// dots rather than one that could be overlooked.
//
// Axes have no ticks: a few round labels, the upper one with the unit. Both axes
// run between round numbers (package axis), so that a new sample changes the cells
// at the line's end and nothing else, and the whole picture is redrawn only when
// the data leave the range: once for every tenth or so that x grows. A series that
// never changed is a flat line in the middle, labelled with its value.
//
// Samples that are not finite break the line and are marked in caution at the edge
// where they left: NaN and +Inf at the top, -Inf at the bottom. Nothing above zero
// on a logarithmic axis lies below its bottom, so the line leaves there.
//
// # Views and hands
//
// A chart follows the newest samples until it is zoomed (wheel, keys, a box drawn
// with the mouse) and again after Fit. The crosshair reads every series at one x;
// it steps from sample to sample, or follows the mouse. Render keeps its frame
// until something that shows has changed. A Chart belongs to one client, and its
// pyramids must not be written while it is drawn.
//
// The room knows the theme and the shared motions, and no run, metric or backend.
package chart

import (
	"time"

	"flightdeck/tui/keys"
	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
	"flightdeck/tui/widget/chart/axis"
	"flightdeck/tui/widget/chart/canvas"
	"flightdeck/tui/widget/chart/dots"
	"flightdeck/tui/widget/chart/pyramid"
)

// Options is how a chart is drawn. The zero value is linear, unsmoothed, by a
// plain number, lower is better. Setting a field is enough; the next Render sees it.
type Options struct {
	X          axis.Kind
	XName      string // what x is, in front of the crosshair's: "step"
	LogX, LogY bool
	Unit       string         // of y, beside the highest label
	Zone       *time.Location // of a clock; nil is UTC
	// Values were seen elsewhere, in a table beside the chart: what is measured is
	// written in the convention that these and the chart's own have together.
	Values cell.Range

	Smooth float64 // TensorBoard's weight, 0 to 1; 0 is off
	Raw    bool    // with smoothing, the raw line faint behind
	Higher bool    // more is better; decides what the crosshair compares with

	Tail   float64 // show only the newest so many x; 0 is all
	Pad    float64 // room above and below, as a part of the range
	Y0, Y1 float64 // a range that does not follow the data, when Y0 < Y1
}

// Series is one line.
type Series struct {
	Key      string // tells it from the others
	Name     string // in the legend; text from outside is fine
	Color    int    // in the theme's series
	Data     *pyramid.Pyramid
	Selected bool // drawn last
	Dashed   bool // what the others are measured against

	// Lo and Hi, where they are set, are the edges of a band around the line: the
	// least and the largest of several that it is the mean of.
	Lo, Hi *pyramid.Pyramid
}

// Limit is a threshold on y.
type Limit struct {
	Y     float64
	Label string
}

// Mark is a moment on x: a step of a rollout, or with Caution an incident.
type Mark struct {
	X       float64
	Label   string
	Caution bool
}

// Chart is a line chart. Make it with New.
type Chart struct {
	Opt Options

	keys keys.Map
	content
	rev int // of the content

	zoom  window
	cross cross
	drag  drag

	frame frame
	at    scene // what the last frame looked like: the mouse and the keys need it
}

// content is what a chart shows.
type content struct {
	series []Series
	smooth []*pyramid.Smoothed // of the series of the same index, when Opt.Smooth > 0
	limits []Limit
	marks  []Mark
}

// window is a part of the picture; an axis that is not set shows all.
type window struct {
	X, Y   bool
	x0, x1 float64
	y0, y1 float64
}

// cross is the crosshair.
type cross struct {
	on    bool
	hover bool // the mouse put it there and takes it away
	x     float64
}

// drag is a box being drawn with the mouse, in the plot's cells.
type drag struct {
	on             bool
	x0, y0, x1, y1 int
}

// frame is what was drawn last, and from what.
type frame struct {
	of   frameKey
	text string
}

type frameKey struct {
	th    *theme.Theme
	w, h  int
	rev   int
	data  int
	opt   Options
	zoom  window
	cross cross
	drag  drag
}

// scene is the geometry of a frame.
type scene struct {
	w, h   int
	plot   rect
	marksY int // the row of marks; -1 when there is none
	axisY  int // the row of x labels; -1 when there is none
	sx, sy dots.Scale
	ticksY []axis.Tick
	grid   dots.Grid
	edges  [2]dots.Grid // of a band
	cv     canvas.Canvas
	gaps   []pyramid.Gap
}

type rect struct{ x, y, w, h int }

func (r rect) has(x, y int) bool { return x >= r.x && y >= r.y && x < r.x+r.w && y < r.y+r.h }

// New is an empty chart that moves by km.
func New(km keys.Map) *Chart { return &Chart{keys: km} }

// SetSeries replaces the lines. The smoothed values of a pyramid that stays are
// kept.
func (c *Chart) SetSeries(series []Series) {
	old := c.smooth
	c.series, c.smooth = append([]Series(nil), series...), make([]*pyramid.Smoothed, len(series))
	for i, s := range c.series {
		for _, sm := range old {
			if sm != nil && s.Data != nil && sm.Of(s.Data) {
				c.smooth[i] = sm
			}
		}
	}
	c.rev++
}

// SetLimits replaces the thresholds.
func (c *Chart) SetLimits(limits ...Limit) {
	c.limits = append([]Limit(nil), limits...)
	c.rev++
}

// SetMarks replaces the moments.
func (c *Chart) SetMarks(marks ...Mark) {
	c.marks = append([]Mark(nil), marks...)
	c.rev++
}

// Render is exactly w×h cells.
func (c *Chart) Render(th *theme.Theme, w, h int) string {
	if w <= 0 || h <= 0 {
		return ""
	}
	key := frameKey{th: th, w: w, h: h, rev: c.rev, opt: c.Opt, zoom: c.zoom, cross: c.cross, drag: c.drag}
	for _, s := range c.series {
		if s.Data != nil {
			key.data += s.Data.Rev()
		}
		if s.Lo != nil && s.Hi != nil {
			key.data += s.Lo.Rev() + s.Hi.Rev()
		}
	}
	if c.frame.of != key || c.frame.text == "" {
		frame := composer{ranges: c.ranges(), at: &c.at, cross: c.cross, drag: c.drag}
		c.frame.of, c.frame.text = key, frame.draw(th, w, h)
	}
	return c.frame.text
}

func (c *Chart) ranges() ranges { return ranges{content: &c.content, Opt: c.Opt, zoom: c.zoom} }
