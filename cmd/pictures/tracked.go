package main

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// tracked puts runs of other programs into a workspace: recorded ones of Lightning
// and wandb, and event files in which the weights of two layers drift.
func tracked(ws, testdata string) error {
	then := time.Now().Add(-2 * time.Hour)
	for from, to := range map[string]string{"lightning/testdata/csv/lightning_logs": "lightning_logs", "wandb/testdata/wandb": "wandb"} {
		if err := os.CopyFS(filepath.Join(ws, to), os.DirFS(filepath.Join(testdata, from))); err != nil {
			return err
		}
	}
	for i, name := range []string{"mlp", "mlp-wide"} {
		dir := filepath.Join(ws, "tb", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "events.out.tfevents.1.host.1.0"), eventFile(then, uint64(i)), 0o600); err != nil {
			return err
		}
	}
	return filepath.WalkDir(ws, func(path string, d os.DirEntry, err error) error { // what ended long ago is not running
		if err == nil && d.IsDir() && d.Name() == ".flightdeck" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chtimes(path, then, then)
	})
}

// eventFile is a training of 60 steps as TensorBoard's writers put it down.
func eventFile(start time.Time, seed uint64) (file []byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	for step := range 60 {
		x := float64(step)
		wall := float64(start.Unix()) - 600 + 10*x
		simple := protowire.AppendFixed32(protowire.AppendTag(nil, 2, protowire.Fixed32Type), math.Float32bits(float32(2.3*math.Exp(-x/(14+6*float64(seed)))+0.02*r.Float64())))
		values := value("loss", simple)
		values = append(values, value("layer1/weights", message(5, histogram(r, x/45, 0.3+x/90)))...)
		values = append(values, value("layer2/weights", message(5, histogram(r, -x/60, 1.1-x/90)))...)
		event := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), math.Float64bits(wall))
		event = protowire.AppendVarint(protowire.AppendTag(event, 2, protowire.VarintType), uint64(step))
		file = append(file, record(append(event, message(5, values)...))...)
	}
	return file
}

// histogram is a HistogramProto of 2,000 normal weights.
func histogram(r *rand.Rand, mean, spread float64) (m []byte) {
	const buckets, least, width = 60, -4.0, 0.14
	var limits, counts []byte
	n := make([]float64, buckets)
	lo, hi := math.Inf(1), math.Inf(-1)
	for range 2000 {
		v := mean + spread*r.NormFloat64()
		lo, hi = min(lo, v), max(hi, v)
		n[min(max(int((v-least)/width), 0), buckets-1)]++
	}
	for i := range n {
		limits = protowire.AppendFixed64(limits, math.Float64bits(least+width*float64(i+1)))
		counts = protowire.AppendFixed64(counts, math.Float64bits(n[i]))
	}
	for num, v := range []float64{1: lo, 2: hi, 3: 2000, 4: 2000 * mean, 5: 2000 * (mean*mean + spread*spread)} {
		if num > 0 {
			m = protowire.AppendFixed64(protowire.AppendTag(m, protowire.Number(num), protowire.Fixed64Type), math.Float64bits(v))
		}
	}
	return append(append(m, message(6, limits)...), message(7, counts)...)
}

// value is one Summary.Value.
func value(tag string, body []byte) []byte {
	return message(1, append(message(1, []byte(tag)), body...))
}

func message(num protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), body)
}

// record frames an event as a TFRecord: length, data, and a masked CRC of each.
func record(data []byte) []byte {
	sum := func(b []byte) uint32 {
		c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return (c>>15 | c<<17) + 0xa282ead8
	}
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out := binary.LittleEndian.AppendUint32(head, sum(head))
	return binary.LittleEndian.AppendUint32(append(out, data...), sum(data))
}
