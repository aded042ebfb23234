package provenance

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"flightdeck/backends"
)

// Difference is one metric in which two runs are not the same.
type Difference struct {
	Key   string
	Index int    // of the first point that differs, from 0; -1 when one run lacks the metric
	Step  int64  // of that point in the first run, in the second when the first has ended
	A, B  string // the values there, exactly; "" where there is none
	Why   string
}

func (d Difference) String() string {
	if d.A == "" && d.B == "" {
		return d.Key + ": " + d.Why
	}
	return fmt.Sprintf("%s: %s at point %d (step %d): %s and %s", d.Key, d.Why, d.Index, d.Step, cmp.Or(d.A, "nothing"), cmp.Or(d.B, "nothing"))
}

// measured says which metrics tell of the machine and not of the training, so
// that no two runs agree on them.
func measured(key string) bool { return strings.HasPrefix(key, "system/") }

// Compare holds the metrics of two runs against each other: every point's step and
// every bit of its value. Wall times do not count, and neither do measurements of
// the machine (system/…). Nothing is returned when the runs are the same.
func Compare(a, b map[string]backends.Points) []Difference {
	keys := slices.Sorted(maps.Keys(a))
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var out []Difference
	for _, k := range keys {
		if measured(k) {
			continue
		}
		x, inA := a[k]
		y, inB := b[k]
		switch {
		case !inA:
			out = append(out, Difference{Key: k, Index: -1, Why: "only the second run has it"})
		case !inB:
			out = append(out, Difference{Key: k, Index: -1, Why: "only the first run has it"})
		default:
			if d, ok := firstDifference(k, x, y); ok {
				out = append(out, d)
			}
		}
	}
	return out
}

func firstDifference(key string, a, b backends.Points) (Difference, bool) {
	for i := range min(a.Len(), b.Len()) {
		d := Difference{Key: key, Index: i, Step: a.Step[i], A: exactly(a.Value[i]), B: exactly(b.Value[i])}
		if a.Step[i] != b.Step[i] {
			d.Why, d.A, d.B = "the steps differ", strconv.FormatInt(a.Step[i], 10), strconv.FormatInt(b.Step[i], 10)
			return d, true
		}
		if math.Float64bits(a.Value[i]) != math.Float64bits(b.Value[i]) {
			d.Why = "the values differ"
			return d, true
		}
	}
	if a.Len() == b.Len() {
		return Difference{}, false
	}
	d := Difference{Key: key, Index: min(a.Len(), b.Len()), Why: fmt.Sprintf("%d and %d points", a.Len(), b.Len())}
	if a.Len() > b.Len() {
		d.Step, d.A = a.Step[d.Index], exactly(a.Value[d.Index])
	} else {
		d.Step, d.B = b.Step[d.Index], exactly(b.Value[d.Index])
	}
	return d, true
}

// exactly spells a value so that other bits are spelled otherwise.
func exactly(v float64) string {
	if math.IsNaN(v) {
		return fmt.Sprintf("NaN(%#x)", math.Float64bits(v))
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
