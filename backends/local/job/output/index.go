package output

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"time"
)

const (
	entrySize  = 24
	maxEntries = 256 << 10 // 6 MB; after 18 hours of output without a pause every second entry goes
	stride     = 1 << 20   // between two entries of one fast burst, so that seeking stays cheap
	mostReads  = 4096      // of 64 KB in one step: a child that writes faster than we read must not hold the caller
)

// entry says that piece seq begins at offset, and that all before was seen by at.
type entry struct {
	offset, seq int64
	at          int64 // nanoseconds since 1970, never less than in the entry before
}

func (e entry) put(b []byte) {
	binary.LittleEndian.PutUint64(b, uint64(e.offset))
	binary.LittleEndian.PutUint64(b[8:], uint64(e.seq))
	binary.LittleEndian.PutUint64(b[16:], uint64(e.at))
}

func parseEntry(b []byte) entry {
	return entry{
		offset: int64(binary.LittleEndian.Uint64(b)),
		seq:    int64(binary.LittleEndian.Uint64(b[8:])),
		at:     int64(binary.LittleEndian.Uint64(b[16:])),
	}
}

// Indexer keeps the index of a growing output. One process at a time.
type Indexer struct {
	out   *os.File
	path  string
	idx   *os.File
	count int
	last  entry
	at    Counter
	buf   []byte
}

// NewIndexer goes on where the index ends; half an entry at its end, or one that
// cannot be true, is cut off.
func NewIndexer(outPath, idxPath string) (*Indexer, error) {
	out, err := os.Open(outPath)
	if err != nil {
		return nil, fmt.Errorf("index output: %w", err)
	}
	idx, err := os.OpenFile(idxPath, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("index output: %w", err)
	}
	x := &Indexer{out: out, path: idxPath, idx: idx, buf: make([]byte, 64<<10)}
	if err := x.recover(); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

func (x *Indexer) recover() error {
	tab := openTable(x.idx, x.size())
	x.count = tab.n
	if x.count > 0 {
		x.last, _ = tab.at(x.count - 1)
	}
	x.at = Counter{Offset: x.last.offset, Start: x.last.offset, Seq: x.last.seq}
	if fi, err := x.idx.Stat(); err == nil && fi.Mode().IsRegular() && fi.Size() != int64(x.count)*entrySize {
		if err := x.idx.Truncate(int64(x.count) * entrySize); err != nil {
			return fmt.Errorf("index output: %w", err)
		}
	}
	return nil
}

func (x *Indexer) size() int64 {
	fi, err := x.out.Stat()
	if err != nil {
		return 0
	}
	return fi.Size()
}

// Step reads what was written since the last step and notes it as seen now. grew
// tells whether there was anything. An error is of the index; the output is read
// on by the next step.
func (x *Indexer) Step(now time.Time) (grew bool, err error) {
	at := max(now.UnixNano(), x.last.at) // a clock that went back must not break the order
	for range mostReads {
		n, rerr := x.out.ReadAt(x.buf, x.at.Offset)
		x.at.Add(x.buf[:n])
		grew = grew || n > 0
		atEnd := n < len(x.buf) || rerr != nil
		if due := x.at.Start - x.last.offset; due >= stride || atEnd && due > 0 {
			if err := x.append(entry{offset: x.at.Start, seq: x.at.Seq, at: at}); err != nil {
				return grew, err
			}
		}
		if atEnd {
			if rerr != nil && !errors.Is(rerr, io.EOF) {
				return grew, fmt.Errorf("index output: %w", rerr)
			}
			return grew, nil
		}
	}
	return grew, nil
}

func (x *Indexer) append(e entry) error {
	if x.count >= maxEntries {
		if err := x.thin(); err != nil {
			return err
		}
	}
	var b [entrySize]byte
	e.put(b[:])
	if _, err := x.idx.WriteAt(b[:], int64(x.count)*entrySize); err != nil {
		return fmt.Errorf("index output: %w", err)
	}
	x.count++
	x.last = e
	return nil
}

// thin drops every second entry: lines then have coarser times, and no file grows
// without end.
func (x *Indexer) thin() error {
	tmp, err := os.OpenFile(x.path+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("thin index: %w", err)
	}
	kept := make([]byte, 0, (x.count/2+1)*entrySize)
	tab := openTable(x.idx, x.size())
	for i := 1; i < tab.n; i += 2 {
		e, err := tab.at(i)
		if err != nil {
			break
		}
		kept = kept[:len(kept)+entrySize]
		e.put(kept[len(kept)-entrySize:])
	}
	if _, err = tmp.Write(kept); err == nil {
		err = os.Rename(tmp.Name(), x.path)
	}
	if err != nil {
		tmp.Close()
		os.Remove(x.path + ".tmp")
		return fmt.Errorf("thin index: %w", err)
	}
	x.idx.Close()
	x.idx, x.count = tmp, len(kept)/entrySize
	return nil
}

// Close ends the indexing.
func (x *Indexer) Close() error { return errors.Join(x.out.Close(), x.idx.Close()) }

// table reads an index without holding it in memory.
type table struct {
	r    io.ReaderAt
	n    int   // entries, after a bad end was left out
	size int64 // of the output
}

// openTable takes the entries as far as they make sense for an output of this
// size; a damaged index is worth its good beginning.
func openTable(f *os.File, outSize int64) table {
	t := table{r: f, size: outSize}
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return t
	}
	for t.n = int(fi.Size() / entrySize); t.n > 0; t.n-- {
		if _, err := t.at(t.n - 1); err == nil {
			break
		}
	}
	return t
}

// at is one entry; one that cannot be true is an error.
func (t table) at(i int) (entry, error) {
	var b [entrySize]byte
	if _, err := t.r.ReadAt(b[:], int64(i)*entrySize); err != nil {
		return entry{}, err
	}
	e := parseEntry(b[:])
	if e.offset <= 0 || e.offset > t.size || e.seq <= 0 || e.seq > e.offset || e.at < 0 {
		return entry{}, fmt.Errorf("entry %d of the index is damaged", i)
	}
	return e, nil
}

// before is the last entry of which bad is still false; bad must turn true once.
// i is the entry's number, -1 when there is none, which is the file's beginning.
func (t table) before(bad func(entry) bool) (e entry, i int) {
	i = sort.Search(t.n, func(i int) bool {
		e, err := t.at(i)
		return err != nil || bad(e)
	}) - 1
	if i < 0 {
		return entry{}, -1
	}
	e, _ = t.at(i)
	return e, i
}
