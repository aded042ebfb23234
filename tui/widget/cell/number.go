package cell

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Figures is how the numbers of one column are written: one convention a column,
// so that they can be compared by eye.
type Figures uint8

// The conventions.
const (
	Four        Figures = iota // four decimals: 0.9722
	Significant                // four significant digits: 2.1e-5, 1.234e+6
	Whole                      // integers: 128
)

// Format is v in the convention; "NaN", "+Inf" and "-Inf" for what is no number.
func (f Figures) Format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	switch f {
	case Whole:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case Significant:
		return shortExponent(strconv.FormatFloat(v, 'g', 4, 64))
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// shortExponent turns e-05 into e-5.
func shortExponent(s string) string {
	i := strings.IndexByte(s, 'e')
	if i < 0 || i+3 >= len(s) || s[i+2] != '0' {
		return s
	}
	return s[:i+2] + s[i+3:]
}

// Range chooses a column's convention from the values that it has seen. The zero
// value is ready; NaN and infinities do not count.
type Range struct {
	seen     bool
	fraction bool
	min, max float64 // of the magnitudes above zero
}

// Add takes a value into account.
func (r *Range) Add(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	r.seen = true
	r.fraction = r.fraction || v != math.Trunc(v)
	v = math.Abs(v)
	if v == 0 {
		return
	}
	if r.min == 0 || v < r.min {
		r.min = v
	}
	r.max = max(r.max, v)
}

// Figures is the convention of measured values, by the largest magnitude alone, so
// that it stays while one of them falls towards zero: four decimals from 0.1 up to
// 1e5, else four significant digits; what four decimals round to 0.1 counts as it.
// Whole numbers are written as such from 2 on: a share that has just reached 1 is
// 1.0000.
func (r *Range) Figures() Figures {
	switch {
	case r.seen && !r.fraction && r.max >= 2 && r.max < 1e9:
		return Whole
	case r.max == 0 || r.max >= 0.09995 && r.max < 1e5:
		return Four
	}
	return Significant
}

// Exact is the convention of values that were chosen: whole numbers as such, four
// decimals where they show every value with at least two digits, else four
// significant digits.
func (r *Range) Exact() Figures {
	switch {
	case r.seen && !r.fraction && r.max < 1e9:
		return Whole
	case !r.seen || r.max == 0 || r.min >= 0.001 && r.max < 1e5:
		return Four
	}
	return Significant
}

// Duration is how long something took: 0:14, 1h04, 2d03h. Below nothing is 0:00,
// for clocks that went backwards.
func Duration(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%02d", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}

// Age is how long ago something was, in one unit; it changes at most once a
// minute: now, 3m, 2h, 5d, 1y.
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < day:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	case d < 365*day:
		return strconv.Itoa(int(d/day)) + "d"
	}
	return strconv.Itoa(int(d/(365*day))) + "y"
}

// Size is bytes in decimal units with three significant digits, as Docker prints
// them but with a blank: 41 MB, 1.24 GB.
func Size(bytes int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	v, i := float64(max(bytes, 0)), 0
	for v >= 999.5 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + " " + units[i]
}

// Count is an integer with its thousands apart: 1 797. The gap is the theme's
// thin space.
func Count(n int64, gap string) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString(gap)
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Share is a share of one in percent with one decimal, without the sign: 25.0.
func Share(of1 float64) string {
	if math.IsNaN(of1) || math.IsInf(of1, 0) {
		return "NaN"
	}
	return strconv.FormatFloat(of1*100, 'f', 1, 64)
}

// ShareInterval is a share with half the width of its interval: 74.7 ±0.9.
func ShareInterval(of1, half float64) string { return Share(of1) + " ±" + Share(half) }
