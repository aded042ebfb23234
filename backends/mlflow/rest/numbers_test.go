package rest

import (
	"encoding/json"
	"math"
	"testing"
)

// A double comes back from the wire as it went, whatever it is.
func TestFloat(t *testing.T) {
	for v, want := range map[float64]string{
		1: "1", 0.1: "0.1", math.Inf(1): `"Infinity"`, math.Inf(-1): `"-Infinity"`, 1e22: "1e+22", 5e-324: "5e-324", math.Copysign(0, -1): "",
	} {
		b, err := json.Marshal(Float(v))
		var back Float
		if err != nil || want != "" && string(b) != want || json.Unmarshal(b, &back) != nil || math.Float64bits(float64(back)) != math.Float64bits(v) {
			t.Errorf("%v is written %s and read %v (%v)", v, b, back, err)
		}
	}
	if b, err := json.Marshal(Float(math.Copysign(0, -1))); err != nil || string(b) != "-0.0" {
		t.Errorf("a zero below zero is written %s (%v)", b, err)
	}
	var nan, huge Float
	if json.Unmarshal([]byte(`"NaN"`), &nan) != nil || !math.IsNaN(float64(nan)) || json.Unmarshal([]byte("1e999"), &huge) != nil || !math.IsInf(float64(huge), 1) {
		t.Errorf("%v, %v", nan, huge)
	}
	for _, bad := range []string{`"abc"`, `"1x"`, "true", "{}"} {
		var f Float
		if json.Unmarshal([]byte(bad), &f) == nil {
			t.Errorf("%s is read as %v", bad, f)
		}
	}
}

func TestInt(t *testing.T) {
	for s, want := range map[string]Int{"5": 5, `"5"`: 5, "5.0": 5, "5e0": 5, "-3": -3, "9223372036854775807": math.MaxInt64, "null": 0} {
		var n Int
		if err := json.Unmarshal([]byte(s), &n); err != nil || n != want {
			t.Errorf("%s is read as %d (%v)", s, n, err)
		}
	}
	for _, bad := range []string{"5.5", `"x"`, "1e30", "{}"} {
		var n Int
		if json.Unmarshal([]byte(bad), &n) == nil {
			t.Errorf("%s is read as %d", bad, n)
		}
	}
}
