package events

import (
	"math"
	"testing"
)

// Values as protobuf spells them, from tensor.proto and IEEE 754; the types that
// TensorBoard reads back itself are compared in the recorded runs.
func TestTensorNumber(t *testing.T) {
	for what, c := range map[string]struct {
		proto []byte
		want  float64
	}{
		"float32 list":        {[]byte{8, 1, 18, 0, 42, 4, 0, 0, 128, 63}, 1},
		"float32 unpacked":    {[]byte{8, 1, 45, 0, 0, 128, 63}, 1},
		"float32 content":     {[]byte{8, 1, 34, 4, 0, 0, 0, 64}, 2},
		"float64 content":     {[]byte{8, 2, 34, 8, 0, 0, 0, 0, 0, 0, 240, 63}, 1},
		"float64 list":        {[]byte{8, 2, 50, 8, 0, 0, 0, 0, 0, 0, 240, 191}, -1},
		"int32 below zero":    {[]byte{8, 3, 58, 10, 254, 255, 255, 255, 255, 255, 255, 255, 255, 1}, -2},
		"int64":               {[]byte{8, 9, 80, 42}, 42},
		"uint32":              {[]byte{8, 22, 130, 1, 5, 255, 255, 255, 255, 15}, math.MaxUint32},
		"uint32 content":      {[]byte{8, 22, 34, 4, 255, 255, 255, 255}, math.MaxUint32},
		"uint64":              {[]byte{8, 23, 136, 1, 7}, 7},
		"uint64 content":      {[]byte{8, 23, 34, 8, 0, 0, 0, 0, 0, 0, 0, 128}, 1 << 63},
		"half one":            {[]byte{8, 19, 104, 128, 120}, 1},
		"half least":          {[]byte{8, 19, 104, 1}, math.Ldexp(1, -24)},
		"half infinity":       {[]byte{8, 19, 34, 2, 0, 0xfc}, math.Inf(-1)},
		"bfloat16":            {[]byte{8, 14, 34, 2, 0x80, 0x3f}, 1},
		"bfloat16 list":       {[]byte{8, 14, 104, 128, 127}, 1},
		"bool":                {[]byte{8, 10, 88, 1}, 1},
		"int8 content":        {[]byte{8, 6, 34, 1, 255}, -1},
		"int16 content":       {[]byte{8, 5, 34, 2, 254, 255}, -2},
		"one in a shape of 1": {[]byte{8, 1, 18, 4, 18, 2, 8, 1, 42, 4, 0, 0, 128, 63}, 1},
		"no value is a zero":  {[]byte{8, 1}, 0},
	} {
		x, ok := parseTensor(c.proto)
		if !ok {
			t.Errorf("%s: no tensor", what)
			continue
		}
		if got, ok := x.number(); !ok || got != c.want {
			t.Errorf("%s: %v (%v), want %v", what, got, ok, c.want)
		}
	}
	for what, proto := range map[string][]byte{
		"two values":   {8, 1, 18, 4, 18, 2, 8, 2, 42, 8, 0, 0, 128, 63, 0, 0, 128, 63},
		"a string":     {8, 7, 66, 1, 'x'},
		"a half value": {8, 2, 34, 2, 0, 0},
		"complex":      {8, 8, 74, 4, 0, 0, 0, 0},
		"no rank":      {8, 1, 18, 2, 24, 1},
	} {
		x, _ := parseTensor(proto)
		if got, ok := x.number(); ok {
			t.Errorf("%s is the number %v", what, got)
		}
	}
}

func TestOutlined(t *testing.T) {
	huge := math.MaxFloat64
	h := outlined([]float64{-huge, 0, 1, 2, huge}, []float64{0, 3, 0, 5, 0}, -0.5, 1.5)
	want := Histogram{[]float64{-0.5, 0, 1}, []float64{0, 1, 1.5}, []float64{3, 0, 5}}
	for i := range want.Left {
		if len(h.Left) != 3 || h.Left[i] != want.Left[i] || h.Right[i] != want.Right[i] || h.Count[i] != want.Count[i] {
			t.Fatalf("%v, want %v", h, want)
		}
	}
	if h := outlined([]float64{1, 2}, []float64{0, math.NaN()}, 0, 0); len(h.Left) != 0 {
		t.Errorf("%v of nothing", h)
	}
}
