package dataserver

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// However a series is thinned, its ends and its extremes are there, in order, and
// no more points than were asked for.
func TestThinKeepsSpikes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		value := make([]float32, r.IntN(5000))
		for i := range value {
			if value[i] = r.Float32(); r.IntN(10) == 0 {
				value[i] = float32(math.NaN())
			}
		}
		least, most := 0, 0
		if len(value) > 2 {
			least, most = r.IntN(len(value)), r.IntN(len(value))
			value[least], value[most] = -100, 100
		}
		n := r.IntN(1200)
		at := thin(value, n)
		if len(at) > n || len(at) < min(n, len(value))/4 || !slices.IsSorted(at) || len(slices.Compact(slices.Clone(at))) != len(at) {
			t.Fatalf("%d of %d points asked %d: %v", len(at), len(value), n, at)
		}
		if len(value) == 0 || n == 0 {
			continue
		}
		if at[len(at)-1] != len(value)-1 || n > 1 && at[0] != 0 {
			t.Fatalf("the ends of %d are not in %v", len(value), at)
		}
		if len(value) > 2 && n >= 4 && (!slices.Contains(at, least) && least != most || !slices.Contains(at, most)) {
			t.Fatalf("a spike at %d or %d of %d is not in %d points: %v", least, most, len(value), n, at)
		}
	}
	if got := thin([]float32{1, 2, 3}, 1); !slices.Equal(got, []int{2}) {
		t.Errorf("one point is the last: %v", got)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(ask("scalars", 1000)), "Cg")
	f.Add([]byte{0x1a, 6, 0x0a, 4, 0x0a, 2, 'h', 'i'}, blobKey("run", datum{literal: []byte("8")}))
	f.Fuzz(func(t *testing.T, b []byte, key string) {
		q, err := parseRequest(b)
		if err == nil {
			_ = q.complete(true)
		}
		if _, d, err := parseBlobKey(key); err == nil && d.literal == nil && (d.place.Offset < 0 || d.place.Length < 0) {
			t.Fatalf("%+v", d.place)
		}
	})
}

func BenchmarkThin(b *testing.B) {
	value := make([]float32, 1e6)
	for i := range value {
		value[i] = float32(math.Sin(float64(i)))
	}
	for b.Loop() {
		thin(value, 1000)
	}
}
