package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/local/job/proc"
)

// mostSamples bounds the file of samples: when it is full, every second one goes,
// so that a job of a week has as many as one of an hour, only further apart.
const mostSamples = 2048

// usageLog is the file of samples: one JSON object a line.
type usageLog struct {
	path string
	f    *os.File
	n    int
	last backends.Usage
	torn bool // the last line may be half a line
}

func openUsage(path string) (*usageLog, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep usage: %w", err)
	}
	l := &usageLog{path: path, f: f, torn: true}
	if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() {
		samples, err := readUsage(path)
		if err != nil {
			f.Close()
			return nil, err
		}
		l.n, l.torn = len(samples), fi.Size() > 0
		if l.n > 0 {
			l.last = samples[l.n-1]
		}
	}
	return l, nil
}

// add appends one sample. One that could not be written is lost; the next is tried.
func (l *usageLog) add(u backends.Usage) error {
	if l.n >= mostSamples {
		if err := l.thin(); err != nil {
			return err
		}
	}
	b, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("keep usage: %w", err)
	}
	if l.torn {
		b = append([]byte("\n"), b...)
	}
	l.last, l.torn = u, true
	if _, err := l.f.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("keep usage: %w", err)
	}
	l.torn = false
	l.n++
	return nil
}

func (l *usageLog) thin() error {
	samples, err := readUsage(l.path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	kept := 0
	for i := 1; i < len(samples); i += 2 {
		if err := enc.Encode(samples[i]); err != nil {
			return fmt.Errorf("thin usage: %w", err)
		}
		kept++
	}
	if err := writeSynced(l.path+".tmp", os.O_CREATE|os.O_TRUNC, b.Bytes()); err != nil {
		os.Remove(l.path + ".tmp")
		return fmt.Errorf("thin usage: %w", err)
	}
	if err := os.Rename(l.path+".tmp", l.path); err != nil {
		return fmt.Errorf("thin usage: %w", err)
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("thin usage: %w", err)
	}
	l.f.Close()
	l.f, l.n, l.torn = f, kept, false
	return nil
}

// readUsage reads all samples; none is no error.
func readUsage(path string) ([]backends.Usage, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	return parseUsage(b), nil
}

// parseUsage skips what is no sample: a line that was cut short by a full disk or a
// kill.
func parseUsage(b []byte) []backends.Usage {
	var out []backends.Usage
	for line := range bytes.Lines(b) {
		var u backends.Usage
		if len(bytes.TrimSpace(line)) == 0 || json.Unmarshal(line, &u) != nil || u.At.IsZero() {
			continue
		}
		out = append(out, u)
	}
	return out
}

// lastUsage reads only the end of the file.
func lastUsage(path string) *backends.Usage {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return nil
	}
	const tail = 8 << 10
	b := make([]byte, min(tail, fi.Size()))
	if _, err := f.ReadAt(b, fi.Size()-int64(len(b))); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	us := parseUsage(b)
	if len(us) == 0 {
		return nil
	}
	return &us[len(us)-1]
}

// sampler turns what the processes used so far into what they use now.
type sampler struct {
	crew crew
	cpu  time.Duration
	at   time.Time // by the clock that never goes back
	last backends.Usage
	pids []int
}

// take samples the tree; ok is false for the first look, which is only the base.
func (s *sampler) take(now, wall time.Time) (u backends.Usage, ok bool, err error) {
	ps, err := s.crew.list()
	if err != nil {
		return u, false, err
	}
	t := proc.Sum(ps)
	if k, alive := proc.Read(s.crew.keeper.PID); alive && k.Start == s.crew.keeper.Start {
		t.CPU += time.Duration(k.Reaped) * (time.Second / proc.TicksPerSecond) // orphans that it took in
	}
	u = backends.Usage{
		At: later(wall, s.last.At.Add(time.Millisecond)), Memory: t.Memory, Processes: t.Processes,
		ReadBytes: max(t.ReadBytes, s.last.ReadBytes), WriteBytes: max(t.Written, s.last.WriteBytes),
	}
	s.pids = s.pids[:0]
	for _, p := range ps {
		s.pids = append(s.pids, p.PID)
	}
	slices.Sort(s.pids)
	ok = !s.at.IsZero() && now.After(s.at)
	if ok {
		u.CPU = max(0, (t.CPU-s.cpu).Seconds()/now.Sub(s.at).Seconds())
		s.last = u
	}
	s.cpu, s.at = t.CPU, now
	return u, ok, nil
}
