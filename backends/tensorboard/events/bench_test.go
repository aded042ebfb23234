package events

import (
	"fmt"
	"testing"
)

// nobody looks at what is read.
type nobody struct{ points, data int }

func (n *nobody) Scalars(_ *Series, p Points) { n.points += p.Len() }
func (n *nobody) Datum(*Series, Datum)        { n.data++ }
func (n *nobody) Rewind(*Series, int64)       {}
func (n *nobody) Forget()                     {}
func (n *nobody) Trouble(error)               {}

// BenchmarkRead reads a run of 32 MB, page cache warm, on one core.
func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name      string
		tags, per int // values a record
		blob      int // bytes of an image beside them
	}{{"one tag", 1, 1, 0}, {"50 tags", 50, 1, 0}, {"12000 tags", 12000, 1, 0}, {"20 values a record", 20, 20, 0}, {"images", 4, 1, 8 << 10}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			var data []byte
			points := 0
			for step := int64(0); len(data) < 32<<20; step++ {
				for tag := 0; tag < c.tags; tag += c.per {
					var values [][]byte
					for i := range c.per {
						values = append(values, simple(fmt.Sprintf("train/metric_%d", tag+i), float64(step)))
					}
					if c.blob > 0 {
						values = append(values, field(field(nil, 1, []byte("image")), 4, field(nil, 4, make([]byte, c.blob))))
					}
					points += c.per
					data = append(data, frame(nil, summaryEvent(float64(step), step, values...))...)
				}
			}
			write(b, dir, "events.out.tfevents.1", data)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				n := &nobody{}
				if err := NewRun(dir).Read(b.Context(), n); err != nil || n.points != points {
					b.Fatalf("%d of %d points, %v", n.points, points, err)
				}
			}
			b.ReportMetric(float64(points)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mpoints/s")
		})
	}
}
