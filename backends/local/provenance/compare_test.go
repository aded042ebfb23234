package provenance

import (
	"math"
	"strings"
	"testing"

	"flightdeck/backends"
)

func series(values ...float64) backends.Points {
	p := backends.Points{Value: values}
	for i := range values {
		p.Step, p.Time = append(p.Step, int64(i)*10), append(p.Time, int64(i))
	}
	return p
}

func TestCompare(t *testing.T) {
	later := series(1, 2)
	later.Time = []int64{1000, 2000}
	other := series(1, 2)
	other.Step = []int64{0, 11}
	type metrics = map[string]backends.Points
	for _, c := range []struct {
		name string
		a, b metrics
		want string
	}{
		{"nothing", nil, nil, ""},
		{"equal", metrics{"loss": series(1, math.NaN(), math.Inf(1))}, metrics{"loss": series(1, math.NaN(), math.Inf(1))}, ""},
		{"other wall times", metrics{"loss": series(1, 2)}, metrics{"loss": later}, ""},
		{"the machine", metrics{"system/cpu": series(1)}, metrics{"system/memory": series(2)}, ""},
		{"one bit", metrics{"loss": series(1, 0.1)}, metrics{"loss": series(1, math.Nextafter(0.1, 1))}, "loss: the values differ at point 1 (step 10): 0.1 and 0.10000000000000002"},
		{"the sign of zero", metrics{"loss": series(0)}, metrics{"loss": series(math.Copysign(0, -1))}, "loss: the values differ at point 0 (step 0): 0 and -0"},
		{"other steps", metrics{"loss": series(1, 2)}, metrics{"loss": other}, "loss: the steps differ at point 1 (step 10): 10 and 11"},
		{"shorter", metrics{"loss": series(1, 2)}, metrics{"loss": series(1)}, "loss: 2 and 1 points at point 1 (step 10): 2 and nothing"},
		{"longer", metrics{"loss": series(1)}, metrics{"loss": series(1, 2)}, "loss: 1 and 2 points at point 1 (step 10): nothing and 2"},
		{"missing", metrics{"b": series(1), "a": series(1)}, metrics{"c": series(1)}, "a: only the first run has it\nb: only the first run has it\nc: only the second run has it"},
		{"empty", metrics{"a": series()}, metrics{"a": series()}, ""},
	} {
		var lines []string
		for _, d := range Compare(c.a, c.b) {
			lines = append(lines, d.String())
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	nan := math.Float64frombits(math.Float64bits(math.NaN()) + 1)
	if d := Compare(metrics{"l": series(math.NaN())}, metrics{"l": series(nan)}); len(d) != 1 || d[0].A == d[0].B {
		t.Errorf("two NaNs of other bits: %v", d)
	}
}
