package train

import (
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPCGIsTheReference(t *testing.T) {
	// The first numbers of the reference implementation's demo (seed 42, stream 54).
	p := newPCG(42, 54)
	for i, want := range []uint32{0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e} {
		if got := p.uint32(); got != want {
			t.Errorf("number %d is %#x, not %#x", i, got, want)
		}
	}
}

func TestFloatsAreClose(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		x := (r.Float64() - 0.5) * 1400
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-13*want && want > 1e-300 {
			t.Fatalf("exp(%v) is %v, not %v", x, got, want)
		}
		y := math.Exp(x)
		if got, want := log(y), math.Log(y); math.Abs(got-want) > 4e-16*math.Abs(want)+1e-18 {
			t.Fatalf("log(%v) is %v, not %v", y, got, want)
		}
		z := r.Float64() * math.Pi
		if got, want := cosine(z), math.Cos(z); math.Abs(got-want) > 4e-16 {
			t.Fatalf("cosine(%v) is %v, not %v", z, got, want)
		}
	}
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.NaN(), 0, 1, 710, -746, 709.7, -745, math.MaxFloat64} {
		if got, want := exp(x), math.Exp(x); got != want && !(math.IsNaN(got) && math.IsNaN(want)) && math.Abs(got-want) > 1e-13*want {
			t.Errorf("exp(%v) is %v, not %v", x, got, want)
		}
		if got, want := log(x), math.Log(x); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("log(%v) is %v, not %v", x, got, want)
		}
	}
}

func TestLogOfTheSmallest(t *testing.T) {
	// 1074 times log 2; math.Log itself is not relied on for subnormal numbers.
	if got, want := log(5e-324), -1074*math.Ln2; math.Abs(got-want) > 1e-12 {
		t.Errorf("log(5e-324) is %v, not %v", got, want)
	}
}

// The gradient that a sample adds is the slope of its loss.
func TestGradients(t *testing.T) {
	for _, cfg := range []Config{config(t, "digits", "width", "7", "depth", "2"), config(t, "sentiment", "ngrams", "1")} {
		d, err := load(cfg)
		if err != nil {
			t.Fatal(err)
		}
		m := newModel(cfg, d)
		sample := d.train[5]
		m.sample(sample, true)
		for _, p := range m.tensors() {
			for _, k := range []int{0, len(p.w) / 2, len(p.w) - 1} {
				const h = 1e-6
				w := p.w[k]
				p.w[k] = w + h
				up, _ := m.sample(sample, false)
				p.w[k] = w - h
				down, _ := m.sample(sample, false)
				p.w[k] = w
				if slope := (up - down) / (2 * h); math.Abs(slope-p.g[k]) > 1e-6 {
					t.Errorf("%s %s[%d]: gradient %g, slope %g", cfg.Task, p.name, k, p.g[k], slope)
				}
			}
		}
	}
}

func TestSplit(t *testing.T) {
	d, err := digits(config(t, "digits"))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.y) != 1797 || len(d.pixels[0]) != 64 || slices.Max(d.pixels[0]) > 1 {
		t.Fatalf("%d samples of %d pixels", len(d.y), len(d.pixels[0]))
	}
	all := slices.Sorted(slices.Values(slices.Concat(d.train, d.val, d.test)))
	for i, at := range all {
		if at != i || len(all) != len(d.y) {
			t.Fatal("the parts are not a partition")
		}
	}
	for _, part := range [][]int{d.train, d.val, d.test} {
		counts := make([]int, 10)
		for _, i := range part {
			counts[d.y[i]]++
		}
		if slices.Max(counts)-slices.Min(counts) > len(part)/50 {
			t.Errorf("classes of a part: %v", counts)
		}
	}
	again, _ := digits(config(t, "digits"))
	other, _ := digits(config(t, "digits", "split-seed", "8"))
	if !slices.Equal(d.val, again.val) || slices.Equal(d.val, other.val) {
		t.Error("the split does not follow its seed")
	}
}

func TestReviewsHaveTheStatedShares(t *testing.T) {
	d := sentiment(config(t, "sentiment"))
	clean := sentiment(config(t, "sentiment", "noise", "0"))
	n := float64(len(d.texts))
	if len(d.train) != 1200 || len(d.val)+len(d.test) != 400 {
		t.Fatalf("%d, %d, %d reviews", len(d.train), len(d.val), len(d.test))
	}
	negated, contrast, wrong, positive := 0.0, 0.0, 0.0, 0.0
	for i, text := range d.texts {
		words := ngrams(text, 1)
		switch {
		case slices.Contains(words, "felt"):
			contrast++
		case slices.Contains(words, "not"):
			negated++
		}
		if d.y[i] != clean.y[i] {
			wrong++
		}
		positive += float64(d.y[i])
		if text != clean.texts[i] {
			t.Fatal("noise changes the texts")
		}
	}
	for _, s := range []struct {
		name       string
		got, share float64
	}{{"negated", negated / n, 0.12}, {"contrasts", contrast / n, 0.08}, {"wrong labels", wrong / n, 0.02}, {"positive", positive / n, 0.5}} {
		if math.Abs(s.got-s.share) > 4*math.Sqrt(s.share*(1-s.share)/n) {
			t.Errorf("%s: %.3f, not %.3f", s.name, s.got, s.share)
		}
	}
}

func TestLoadedModelPredictsAsTheTrainedOne(t *testing.T) {
	m, _ := train(t, config(t, "digits", "epochs", "3"))
	model, err := Load(m.artifacts["model/config.json"], m.artifacts["model/model.safetensors"])
	if err != nil {
		t.Fatal(err)
	}
	d, _ := digits(config(t, "digits"))
	right := 0
	for _, i := range d.test {
		image := make([]float64, 64)
		for k, v := range d.pixels[i] {
			image[k] = v * greys
		}
		p, err := model.Pixels(image)
		if err != nil {
			t.Fatal(err)
		}
		if argmax(p) == d.y[i] {
			right++
		}
	}
	if acc := float64(right) / float64(len(d.test)); acc != m.values("test/accuracy")[0] {
		t.Errorf("accuracy %f, in training it was %f", acc, m.values("test/accuracy")[0])
	}
	if _, err := model.Pixels(nil); err == nil {
		t.Error("took an empty image")
	}
	if _, err := model.Text("x"); err == nil {
		t.Error("took a text")
	}
}

func TestLoadedModelReads(t *testing.T) {
	m, _ := train(t, config(t, "sentiment"))
	model, err := Load(m.artifacts["model/config.json"], m.artifacts["model/model.safetensors"])
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"the coffee was lovely": 1, "the plot was not lovely": 0, "the plot was dull": 0, "The screen was really not dull": 1,
		"the menu was great but in the end it felt bland": 0,
	} {
		if p, err := model.Text(text); err != nil || argmax(p) != want || math.Abs(p[0]+p[1]-1) > 1e-12 {
			t.Errorf("%s: %v %v", text, p, err)
		}
	}
}

func TestTensorsRoundTrip(t *testing.T) {
	in := []array{{"b", []int{2, 3}, []float64{1, math.NaN(), math.Inf(-1), math.Copysign(0, -1), 5e-324, 6}}, {"a", []int{}, []float64{7}}, {"empty", []int{0, 3}, nil}}
	b, err := encodeTensors(in, map[string]string{"k": "v"})
	if err != nil {
		t.Fatal(err)
	}
	out, metadata, err := decodeTensors(b)
	if err != nil || metadata["k"] != "v" || len(out) != 3 {
		t.Fatalf("%v %v %v", out, metadata, err)
	}
	for _, a := range in {
		got := out[a.name]
		same := slices.EqualFunc(got.w, a.w, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
		if !slices.Equal(got.shape, a.shape) || !same {
			t.Errorf("%s: %+v", a.name, got)
		}
	}
	if _, err := encodeTensors([]array{in[0], in[0]}, nil); err == nil {
		t.Error("two of one name")
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	good, _ := encodeTensors([]array{{"w", []int{2}, []float64{1, 2}}}, map[string]string{"epochs": "3", "epoch": "1", "batch": "0", "steps": "9", "correct": "0", "seen": "0", "loss": "0x1p-2"})
	f.Add(good)
	f.Add(good[:len(good)-3])
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, metadata, err := decodeTensors(b)
		if _, err := decodeCheckpoint(b); err == nil && metadata == nil {
			t.Fatal("a checkpoint without metadata")
		}
		if err != nil {
			return
		}
		var list []array
		for _, a := range arrays {
			list = append(list, a)
		}
		again, err := encodeTensors(list, metadata)
		if err != nil {
			t.Fatal(err)
		}
		if back, _, err := decodeTensors(again); err != nil || len(back) != len(arrays) {
			t.Fatalf("%d arrays became %d: %v", len(arrays), len(back), err)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"task":"digits","classes":["0","1"],"layers":[2,2],"scale":16}`), []byte{})
	f.Add([]byte(`{"task":"sentiment","classes":["n","p"],"ngrams":2,"features":["x"]}`), []byte{})
	f.Add([]byte(`{"task":"digits","classes":["0"],"layers":[99999999,99999999,1],"scale":16}`), []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, config, weights []byte) {
		m, err := Load(config, weights)
		if err != nil {
			return
		}
		_, _ = m.Text("the plot was great")
		_, _ = m.Pixels(make([]float64, 64))
	})
}

func BenchmarkEpoch(b *testing.B) {
	for _, task := range Tasks() {
		b.Run(task, func(b *testing.B) {
			cfg := config(b, task)
			t := &trainer{cfg: cfg, out: io.Discard, rec: &recorder{sink: discard{}}}
			if err := t.build(nil); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				for from := 0; from < len(t.data.train); from += cfg.Batch {
					t.step(t.data.train[from:min(from+cfg.Batch, len(t.data.train))], cfg.Rate)
				}
			}
		})
	}
}

func BenchmarkRun(b *testing.B) {
	for _, task := range Tasks() {
		b.Run(task, func(b *testing.B) {
			for b.Loop() {
				if err := Run(granted(), config(b, task), nil, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
