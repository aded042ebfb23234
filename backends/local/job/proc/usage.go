package proc

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// Totals is what a set of processes uses: memory now, the rest since they began.
type Totals struct {
	CPU       time.Duration // user and system, of ended and reaped children too
	Memory    int64         // bytes, resident; shared pages count in each process
	ReadBytes int64         // from storage, not from the page cache
	Written   int64         // to storage
	Processes int
}

// Sum adds up the processes. A child that ended is in its parent's figures, so
// that the sum over a whole tree only grows.
func Sum(ps []Stat) Totals {
	var t Totals
	page := int64(os.Getpagesize())
	for _, p := range ps {
		t.CPU += time.Duration(p.Ticks+p.Reaped) * (time.Second / TicksPerSecond)
		t.Memory += p.RSS * page
		t.Processes++
		var buf [512]byte
		if b, ok := slurp("/proc/"+strconv.Itoa(p.PID)+"/io", buf[:]); ok {
			r, w := ParseIO(b)
			t.ReadBytes += r
			t.Written += w
		}
	}
	return t
}

// ParseIO takes the bytes read from and written to storage out of /proc/<pid>/io.
func ParseIO(b []byte) (read, written int64) {
	for line := range bytes.Lines(b) {
		key, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 {
			continue
		}
		switch string(key) {
		case "read_bytes":
			read = n
		case "write_bytes":
			written = n
		}
	}
	return read, written
}
