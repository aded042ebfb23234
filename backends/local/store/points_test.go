package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"flightdeck/backends"
)

// columns is points whose columns are made by f.
func columns(n int, f func(i int) (step, time int64, v float64)) backends.Points {
	var p backends.Points
	for i := range n {
		s, t, v := f(i)
		p.Step, p.Time, p.Value = append(p.Step, s), append(p.Time, t), append(p.Value, v)
	}
	return p
}

// samples are points such as trainings log, and some that they hopefully do not.
func samples(n int) map[string]backends.Points {
	r := rand.New(rand.NewPCG(1, 2))
	const start = 1_795_440_000_000
	at := int64(start)
	clock := func() int64 { at += 20 + r.Int64N(30); return at }
	return map[string]backends.Points{
		"float64 noise": columns(n, func(i int) (int64, int64, float64) { return int64(i), clock(), r.NormFloat64() }),
		"float32 loss": columns(n, func(i int) (int64, int64, float64) {
			return int64(i), clock(), float64(float32(1/float64(i+1) + r.Float64()/50))
		}),
		"round accuracy": columns(n, func(i int) (int64, int64, float64) { return int64(i * 100), clock(), float64(r.IntN(360)) / 360 }),
		"counter":        columns(n, func(i int) (int64, int64, float64) { return int64(i), clock(), float64(i) }),
		"one value":      columns(n, func(int) (int64, int64, float64) { return 0, start, 1 }),
		"back and forth": columns(n, func(i int) (int64, int64, float64) { return r.Int64(), r.Int64(), math.Float64frombits(r.Uint64()) }),
		"extremes": columns(n, func(i int) (int64, int64, float64) {
			e := [...]int64{math.MinInt64, math.MaxInt64, 0, -1, 1}[i%5]
			v := [...]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, math.Float64frombits(0x7ff8000000000123)}[i%7]
			return e, -e, v
		}),
	}
}

func same(a, b backends.Points) bool {
	if a.Len() != b.Len() || len(a.Step) != len(b.Step) || len(a.Time) != len(b.Time) {
		return false
	}
	for i := range a.Value {
		if a.Step[i] != b.Step[i] || a.Time[i] != b.Time[i] || math.Float64bits(a.Value[i]) != math.Float64bits(b.Value[i]) {
			return false
		}
	}
	return true
}

func TestChunksComeBackBitForBit(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 1024, 4096} {
		for name, p := range samples(n) {
			b := sealBlob(appendPoints(nil, p))
			var got backends.Points
			if err := decodeChunk(b, &got); err != nil || !same(got, p) {
				t.Errorf("%s, %d points: %v; equal: %v", name, n, err, same(got, p))
			}
			b[rand.IntN(len(b))] ^= 1 << rand.IntN(8)
			if err := decodeChunk(b, &got); err == nil {
				t.Errorf("%s, %d points: a flipped bit was not seen", name, n)
			}
		}
	}
}

// xorFloats is the other way to pack values that was weighed: XOR with the value
// before, without its zero bytes.
func xorFloats(v []float64) []byte {
	var b []byte
	prev := uint64(0)
	for _, x := range v {
		bits := math.Float64bits(x)
		d := bits ^ prev
		prev = bits
		low, high := 0, 8
		for low < 8 && byte(d>>(8*low)) == 0 {
			low++
		}
		for high > low && byte(d>>(8*(high-1))) == 0 {
			high--
		}
		b = append(b, byte(low<<4|high))
		var raw [8]byte
		binary.LittleEndian.PutUint64(raw[:], d)
		b = append(b, raw[min(low, high):high]...)
	}
	return b
}

func readXOR(b []byte, v []float64) {
	prev := uint64(0)
	for i := range v {
		low, high := int(b[0]>>4), int(b[0]&15)
		b = b[1:]
		d := uint64(0)
		for j := low; j < high; j++ {
			d |= uint64(b[0]) << (8 * j)
			b = b[1:]
		}
		prev ^= d
		v[i] = math.Float64frombits(prev)
	}
}

// BenchmarkColumns gives the bytes a point and the time to read 1,024 of them.
func BenchmarkColumns(b *testing.B) {
	for _, name := range []string{"float64 noise", "float32 loss", "round accuracy", "counter"} {
		p := samples(1024)[name]
		out := make([]float64, p.Len())
		b.Run(name+"/planes", func(b *testing.B) {
			packed := appendFloats(nil, p.Value)
			for range b.N {
				c := cursor{b: packed}
				readFloats(&c, out)
			}
			b.ReportMetric(float64(len(packed))/1024, "B/point")
		})
		b.Run(name+"/xor", func(b *testing.B) {
			packed := xorFloats(p.Value)
			for range b.N {
				readXOR(packed, out)
			}
			b.ReportMetric(float64(len(packed))/1024, "B/point")
		})
		b.Run(name+"/steps+times", func(b *testing.B) {
			packed := appendInts(appendInts(nil, p.Step), p.Time)
			ints := make([]int64, p.Len())
			for range b.N {
				c := cursor{b: packed}
				readInts(&c, ints)
				readInts(&c, ints)
			}
			b.ReportMetric(float64(len(packed))/1024, "B/point")
		})
	}
}

// resum gives fuzzed bytes a checksum that fits, so that what is behind it is
// reached.
func resum(b []byte) []byte { return sealBlob(append([]byte(nil), b...)) }

func FuzzChunk(f *testing.F) {
	for _, p := range samples(9) {
		f.Add(appendPoints(nil, p))
	}
	f.Add([]byte{0xff, 0xff, 7, 1, 2, 2, 0xff, 0xff, 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		var p backends.Points
		if decodeChunk(resum(b), &p) != nil {
			if p.Len() != 0 {
				t.Fatal("points of a bad chunk")
			}
			return
		}
		var again backends.Points
		if err := decodeChunk(resum(appendPoints(nil, p)), &again); err != nil || !same(p, again) {
			t.Fatalf("%v: what was read is not what is written", err)
		}
	})
}

func FuzzBatch(f *testing.F) {
	gs := []*group{{key: 1, Points: samples(3)["counter"]}, {key: 300, Points: samples(1)["extremes"]}}
	b, _ := packBatch(gs)
	f.Add(b[:len(b)-sumLen])
	f.Add([]byte{1, 1, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		err := eachGroup(resum(b), func(_ int64, c *cursor) {
			var p backends.Points
			readPoints(c, &p)
			total += p.Len()
		})
		if err == nil && len(b) > 1 && total == 0 && b[0] != 0 {
			t.Fatal("groups without points")
		}
	})
}

func FuzzPairs(f *testing.F) {
	b := packPairs([]backends.Tag{{Key: "a", Value: ""}, {Key: "näme", Value: "x\x00y"}})
	f.Add(b[:len(b)-sumLen])
	f.Fuzz(func(t *testing.T, b []byte) {
		ps, err := unpackPairs[backends.Tag](string(resum(b)), nil)
		if err != nil || len(ps) == 0 {
			return
		}
		again, err := unpackPairs[backends.Tag](string(packPairs(ps)), nil)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(ps) {
			t.Fatalf("%v: %q and %q", err, ps, again)
		}
	})
}

func FuzzLatest(f *testing.F) {
	names := nameList{"", "acc", "loss"}
	b := packLatest([]last{{key: 1, name: "acc", step: -5, time: 9, value: math.NaN(), maxTime: 12, tail: 3}, {key: 2, name: "loss", step: 1 << 40, time: 3, value: 0.25, maxTime: 3}})
	f.Add(b[:len(b)-sumLen])
	f.Fuzz(func(t *testing.T, b []byte) {
		ls, err := unpackLatest(resum(b), names)
		ms, errM := unpackMetrics(resum(b), names, nil)
		if (err == nil) != (errM == nil) || err == nil && len(ls) != len(ms) {
			t.Fatalf("a writer reads %d (%v), a listing %d (%v)", len(ls), err, len(ms), errM)
		}
		for i := range ls {
			if ls[i].name != ms[i].Key || ls[i].step != ms[i].Step || ls[i].time != ms[i].Time || math.Float64bits(ls[i].value) != math.Float64bits(ms[i].Value) {
				t.Fatalf("%+v and %+v", ls[i], ms[i])
			}
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, p := range []string{"a", "a/b.txt", "../x", "/etc/passwd", "a//b", "a/./b", "a\x00b", `a\b`, "", ".", "a/..", "ä ö/x y.bin"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if checkPath(p) != nil {
			return
		}
		if !localPath(p) {
			t.Fatalf("%q was let through", p)
		}
	})
}
