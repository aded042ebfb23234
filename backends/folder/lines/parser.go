package lines

import (
	"math"
	"slices"
	"strings"
)

// Point is one metric of a line.
type Point struct {
	Key   string
	Step  int64
	Value float64
}

// Parser reads lines one after the other: where a program is in its training may
// stand in a line before.
type Parser struct {
	epoch    float64 // the last that was said
	hasEpoch bool
	counts   map[string]*counter // by the name of the step
	points   map[string]int64    // how many there were of a key without a step
	shapes   map[string]*shape
}

// counter makes one rising step of a count that begins anew with each epoch.
type counter struct {
	last, offset int64
	epoch        float64
}

// shape is lines with the same names.
type shape struct {
	times int
	first [2][]pair // the first lines
	fixed map[string]bool
	last  map[string]float64
}

const (
	mostNames   = 2000 // that a parser remembers
	mostShapes  = 200
	mostInShape = 32
	mostPairs   = 512 // of one line
)

// NewParser makes a parser at the beginning of an output.
func NewParser() *Parser {
	return &Parser{counts: map[string]*counter{}, points: map[string]int64{}, shapes: map[string]*shape{}}
}

// pair is a name with its number.
type pair struct {
	key   string
	value float64
	whole bool // written without a decimal point or exponent
}

// found is what one line says.
type found struct {
	pairs  []pair
	epoch  *float64
	steps  []pair // other places in the training, by name
	done   int64  // of a count with a total
	total  int64
	counts bool
}

// Line reads one line, or one writing of a bar.
func (p *Parser) Line(text string) []Point {
	text = strings.TrimSpace(plain(text))
	if text == "" || len(text) > mostLine {
		return nil
	}
	f, ok := object(text)
	if !ok {
		f = prose(text)
	}
	if f.epoch != nil {
		p.epoch, p.hasEpoch = *f.epoch, true
	}
	located := f.epoch != nil || len(f.steps) > 0 || f.counts
	var chosen []pair
	for _, x := range f.pairs {
		if located && !setting(x.key) || !located && measure(x.key) {
			chosen = append(chosen, x)
		}
	}
	if len(chosen) == 0 {
		return p.repeated(&f, located)
	}
	step, has := p.step(&f)
	var out []Point
	for _, x := range chosen {
		out = append(out, p.point(x, step, has))
	}
	if f.epoch != nil || f.counts && p.hasEpoch {
		out = append(out, Point{Key: "epoch", Step: out[0].Step, Value: p.epoch})
	}
	return out
}

func (p *Parser) point(x pair, step int64, has bool) Point {
	if !has {
		if _, known := p.points[x.key]; known || len(p.points) < mostNames {
			step = p.points[x.key]
			p.points[strings.Clone(x.key)]++
		}
	}
	return Point{Key: x.key, Step: step, Value: x.value}
}

// step is where in the training the line is. A part of an epoch is no place: there
// are several points in one.
func (p *Parser) step(f *found) (int64, bool) {
	best, rank := -1, 0
	for i, s := range f.steps {
		if r := slices.Index(stepNames(), strings.ToLower(s.key)); best < 0 || r < rank {
			best, rank = i, r
		}
	}
	switch {
	case best >= 0:
		name := strings.ToLower(f.steps[best].key)
		at := integer(f.steps[best].value)
		if strings.HasPrefix(name, "global") || strings.HasPrefix(name, "trainer/") {
			return at, true
		}
		return p.count(name, at, false), true
	case f.counts:
		return p.count("/"+itoa(f.total), f.done, true), true
	case f.epoch != nil && *f.epoch == math.Trunc(*f.epoch):
		return integer(*f.epoch), true
	}
	return 0, false
}

// count lets a count go on where it begins anew: with another epoch, or, when it
// has a total, when it falls back.
func (p *Parser) count(name string, at int64, bounded bool) int64 {
	c := p.counts[name]
	if c == nil {
		if len(p.counts) >= mostNames {
			return at
		}
		c = &counter{last: at, epoch: p.epoch}
		p.counts[name] = c
	}
	if another := p.hasEpoch && p.epoch != c.epoch; another && at <= c.last || bounded && at < c.last {
		c.offset += c.last
	}
	c.last, c.epoch = at, p.epoch
	return c.offset + at
}

// repeated notes numbers whose names say nothing, and gives them when they turn out
// to change from line to line.
func (p *Parser) repeated(f *found, located bool) []Point {
	if located || len(f.pairs) == 0 || len(f.pairs) > mostInShape {
		return nil
	}
	var b strings.Builder
	for i := range f.pairs {
		f.pairs[i].key = strings.Clone(f.pairs[i].key) // or a short name would keep a long line
		b.WriteString(f.pairs[i].key)
		b.WriteByte(' ')
	}
	s := p.shapes[b.String()]
	if s == nil {
		if len(p.shapes) >= mostShapes {
			return nil
		}
		s = &shape{fixed: map[string]bool{}, last: map[string]float64{}}
		p.shapes[b.String()] = s
	}
	for _, x := range f.pairs {
		if old, seen := s.last[x.key]; x.whole || setting(x.key) || seen && s.times < 3 && old == x.value {
			s.fixed[x.key] = true
		}
		s.last[x.key] = x.value
	}
	if s.times++; s.times < 3 {
		s.first[s.times-1] = f.pairs
		return nil
	}
	var out []Point
	give := func(pairs []pair) {
		for _, x := range pairs {
			if !s.fixed[x.key] {
				out = append(out, p.point(x, 0, false))
			}
		}
	}
	if s.times == 3 {
		give(s.first[0])
		give(s.first[1])
		s.first = [2][]pair{}
	}
	give(f.pairs)
	return out
}

// integer is a step as a whole number.
func integer(v float64) int64 {
	switch {
	case v >= math.MaxInt64:
		return math.MaxInt64
	case v <= math.MinInt64:
		return math.MinInt64
	}
	return int64(v)
}
