package wandb

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"flightdeck/backends/folder"
	"flightdeck/backends/folder/sinktest"
)

// chunked writes records as a log: the counterpart of log.take, for fuzzing only.
func chunked(records ...[]byte) []byte {
	out := []byte(magic)
	for _, rec := range records {
		for kind := chunkFirst; ; kind = chunkMiddle {
			room := blockSize - len(out)%blockSize
			if room < headerLen {
				out = append(out, make([]byte, room)...)
				room = blockSize
			}
			n := min(len(rec), room-headerLen)
			last := n == len(rec)
			switch {
			case last && kind == chunkFirst:
				kind = chunkFull
			case last:
				kind = chunkLast
			}
			sum := crc32.ChecksumIEEE(append([]byte{byte(kind)}, rec[:n]...))
			out = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint32(out, sum), uint16(n))
			out = append(append(out, byte(kind)), rec[:n]...)
			if rec = rec[n:]; last {
				break
			}
		}
	}
	return out
}

// FuzzLog holds that a log read in two parts says what it says at once, and that
// whatever stands in it ends.
func FuzzLog(f *testing.F) {
	f.Add([]byte(magic), 3)
	f.Add(chunked([]byte("a"), bytes.Repeat([]byte("b"), 40_000), nil), 20_000)
	f.Add(append(chunked([]byte("a")), make([]byte, 100)...), 9)
	damaged := chunked([]byte("a"), bytes.Repeat([]byte("b"), 70_000), []byte("c"))
	damaged[40_000] ^= 1
	f.Add(damaged, 33_000)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		var once, twice [][]byte
		keep := func(to *[][]byte) func([]byte, span) {
			return func(rec []byte, s span) {
				if s.from < 0 || s.to <= s.from || s.to > int64(len(data)) {
					t.Fatalf("record at %+v of %d bytes", s, len(data))
				}
				*to = append(*to, bytes.Clone(rec))
			}
		}
		none := func(error) {}
		var a, b log
		a.take(data, 0, keep(&once), none)
		cut = max(0, min(cut, len(data)))
		used := b.take(data[:cut], 0, keep(&twice), none)
		if used < 0 || used > cut {
			t.Fatalf("used %d of %d", used, cut)
		}
		b.take(data[used:], int64(used), keep(&twice), none)
		if !equal(once, twice) {
			t.Errorf("%d records at once, %d in two parts", len(once), len(twice))
		}
	})
}

func equal(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// FuzzRecord reads one record of any content as a run.
func FuzzRecord(f *testing.F) {
	for _, name := range []string{"first1", "second2"} {
		for _, p := range sinktest.Places(f, Format{}, "testdata") {
			data, err := os.ReadFile(filepath.Join(p.Path, "run-"+name+".wandb"))
			if err != nil {
				continue
			}
			n := 0
			var l log
			l.take(data, 0, func(rec []byte, _ span) {
				if n++; n < 60 && len(rec) < 4096 {
					f.Add(bytes.Clone(rec))
				}
			}, func(error) {})
		}
	}
	f.Fuzz(func(t *testing.T, rec []byte) {
		s := &sinktest.Sink{}
		r := Format{}.Open(folder.Place{Path: "."}).(*reader)
		r.to = s
		_ = r.record(rec, span{0, 1})
		_ = r.record(rec, span{1, 2})
		r.conclude("", r.sums, 0)
		r.flush()
		r.printed()
		for key, p := range s.Metrics {
			if len(p.Step) != p.Len() || len(p.Time) != p.Len() {
				t.Errorf("%q has columns of unequal length", key)
			}
		}
	})
}

// BenchmarkRead reads a recorded run over and over, as one log.
func BenchmarkRead(b *testing.B) {
	p := recorded(b)["second2"]
	data, err := os.ReadFile(filepath.Join(p.Path, "run-second2.wandb"))
	if err != nil {
		b.Fatal(err)
	}
	var records [][]byte
	var l log
	for range 50 {
		l = log{}
		l.take(data, 0, func(rec []byte, _ span) { records = append(records, bytes.Clone(rec)) }, func(error) {})
	}
	dir := b.TempDir()
	long := chunked(records...)
	if err := os.WriteFile(filepath.Join(dir, "run-a.wandb"), long, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(long)))
	for b.Loop() {
		sinktest.Read(b, Format{}, folder.Place{Path: dir})
	}
}
