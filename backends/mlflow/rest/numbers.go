package rest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Int is an int64 on the wire: a JSON number or, from protobuf's own writer, a
// string of one.
type Int int64

// UnmarshalJSON accepts 5, "5", 5.0 and 5e0.
func (n *Int) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		return nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = Int(i)
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return fmt.Errorf("%.40q is not an integer", s)
	}
	*n = Int(f)
	return nil
}

// Float is a double on the wire: what JSON has no number for is the string NaN,
// Infinity or -Infinity.
type Float float64

// UnmarshalJSON accepts numbers, strings of them, and the three words.
func (f *Float) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	switch s {
	case "null", "":
		return nil
	case "NaN", "nan":
		*f = Float(math.NaN())
		return nil
	case "Infinity", "inf":
		*f = Float(math.Inf(1))
		return nil
	case "-Infinity", "-inf":
		*f = Float(math.Inf(-1))
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) { // 1e999 is what some writers make of an infinity
		return fmt.Errorf("%.40q is not a number", s)
	}
	*f = Float(v)
	return nil
}

// MarshalJSON writes a number, or one of the three words. A zero below zero needs its
// point, or Python reads an integer, which has no such thing.
func (f Float) MarshalJSON() ([]byte, error) {
	switch v := float64(f); {
	case v == 0 && math.Signbit(v):
		return []byte("-0.0"), nil
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(v)
	}
}
