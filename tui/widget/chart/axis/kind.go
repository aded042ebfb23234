package axis

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"flightdeck/tui/widget/cell"
)

// Kind is what the numbers along an axis are.
type Kind uint8

// The kinds of axes.
const (
	Number  Kind = iota // any value
	Integer             // steps, epochs
	Clock               // seconds since 1970, written as local time
	Elapsed             // seconds since a start, written as a duration
)

// Ticks is at most want labels inside [lo, hi]. zone is where a Clock's midnight
// is; nil is UTC.
func (k Kind) Ticks(lo, hi float64, want int, zone *time.Location) []Tick {
	switch k {
	case Clock:
		return clock(lo, hi, want, zone)
	case Elapsed:
		if hi-lo < float64(want) {
			return Linear(lo, hi, want, true)
		}
		return every(lo, hi, want, 0, elapsed)
	}
	return Linear(lo, hi, want, k == Integer)
}

// Log is at most want labels inside [lo, hi], both above 0: decades, every second
// or third decade when there are many, 1 2 5 or 1 3 when there are few, and a
// linear axis' labels inside less than one decade.
func Log(lo, hi float64, want int) []Tick {
	if !(lo > 0) || !(lo < hi) || want < 1 || math.IsInf(hi, 0) {
		return nil
	}
	first, last := math.Ceil(math.Log10(lo)-1e-9), math.Floor(math.Log10(hi)+1e-9)
	n := int(last-first) + 1
	if n >= 3 || n >= want && n > 0 {
		by := math.Ceil(float64(n) / float64(want))
		var out []Tick
		for e := math.Ceil(first/by) * by; e <= last; e += by {
			out = put(out, pow10(e), lo, hi)
		}
		return named(out)
	}
	for _, digits := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		var out []Tick
		for e := first - 1; e <= last; e++ {
			for _, d := range digits {
				out = put(out, times(d, e), lo, hi)
			}
		}
		if len(out) >= 2 && len(out) <= want {
			return named(out)
		}
	}
	return Linear(lo, hi, want, false)
}

func pow10(e float64) float64 { return times(1, e) }

// times is the float64 that "de±x" says.
func times(d, e float64) float64 {
	v, _ := strconv.ParseFloat(strconv.Itoa(int(d))+"e"+strconv.Itoa(int(e)), 64)
	return v
}

func put(out []Tick, v, lo, hi float64) []Tick {
	// The bounds may have come from a logarithm and be off in the last bits.
	if v <= 0 || math.IsInf(v, 0) || v < lo*(1-1e-9) || v > hi*(1+1e-9) {
		return out
	}
	return append(out, Tick{V: min(max(v, lo), hi), Text: short(v)})
}

// named writes plain digits where all of the labels have few.
func named(ticks []Tick) []Tick {
	for _, t := range ticks {
		if t.V < 0.0009 || t.V > 20_000 {
			return ticks
		}
	}
	for i, t := range ticks {
		v, _ := strconv.ParseFloat(t.Text, 64)
		ticks[i].Text = strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ticks
}

const day = 86400.0

// timeStep is the smallest round stretch of time that is not below v seconds.
func timeStep(v float64) float64 {
	for _, s := range []float64{
		1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
	} {
		if s >= v {
			return s
		}
	}
	return atLeast(v/day, true).size() * day
}

// every is multiples of a round stretch of time, shifted by off seconds.
func every(lo, hi float64, want int, off float64, write func(v, size float64) string) []Tick {
	if !(lo < hi) || want < 1 || !datable(lo, hi) {
		return nil
	}
	for size := timeStep((hi - lo) / float64(want+1)); ; size = timeStep(size * 1.01) {
		first, last := math.Ceil((lo+off)/size), math.Floor((hi+off)/size)
		if last-first+1 > float64(want) {
			continue
		}
		var out []Tick
		for k := first; k <= last; k++ {
			if v := k*size - off; v >= lo && v <= hi { // not so in the last bit
				out = append(out, Tick{v, write(v, size)})
			}
		}
		return out
	}
}

func clock(lo, hi float64, want int, zone *time.Location) []Tick {
	if zone == nil {
		zone = time.UTC
	}
	if !(math.Abs(lo) < 1e12) {
		return nil
	}
	_, off := time.Unix(int64(lo), 0).In(zone).Zone()
	return every(lo, hi, want, float64(off), func(v, size float64) string {
		layout := "15:04:05"
		switch {
		case size >= 300*day:
			layout = "2006"
		case size >= day:
			layout = "Jan 2"
		case size >= 60:
			layout = "15:04"
		}
		return time.Unix(int64(v), 0).In(zone).Format(layout)
	})
}

// elapsed is a duration as finely as multiples of size need it: 0:14, 1h04, and
// 1h04:30 or 2d03h15 where the shorter text would say the same of two labels.
func elapsed(v, size float64) string {
	if v < 0 {
		return "-" + elapsed(-v, size)
	}
	t := cell.Duration(time.Duration(min(v, 9e9) * float64(time.Second)))
	s := int64(min(v, 9e9))
	if s >= 86400 && size < 3600 {
		t += fmt.Sprintf("%02d", s/60%60)
	}
	if s >= 3600 && size < 60 {
		t += fmt.Sprintf(":%02d", s%60)
	}
	return t
}

// Text is one value of the axis, as a crosshair reads it.
func (k Kind) Text(v float64, zone *time.Location) string {
	switch {
	case k == Clock && math.Abs(v) < 1e12:
		if zone == nil {
			zone = time.UTC
		}
		return time.Unix(0, int64(v*1000)*int64(time.Millisecond)).In(zone).Format("15:04:05")
	case k == Elapsed:
		return elapsed(v, 3600)
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return cell.Significant.Format(v)
}
