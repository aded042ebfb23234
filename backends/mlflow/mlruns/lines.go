package mlruns

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/mlflow/entity"
)

// point parses a line of a metric file: "<ms> <value> <step>", in old files without
// the step, in newer ones with the name and digest of a data set behind it (for
// these MLflow's own reader takes the step to be 0, and so do we: the same file must
// say the same). Source: mlflow/store/tracking/file_store.py, _get_metric_from_line.
func point(line []byte) (m backends.Metric, ok bool) {
	parts := strings.Split(strings.TrimSpace(string(line)), " ")
	if n := len(parts); n != 2 && n != 3 && n != 5 {
		return m, false
	}
	var err error
	if m.Time, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
		return m, false
	}
	if m.Value, ok = number(parts[1]); !ok {
		return m, false
	}
	if len(parts) == 3 {
		if m.Step, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
			return m, false
		}
	}
	return m, true
}

// number reads what Python writes of a float.
func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) || strings.ContainsAny(s, "xX_pP") {
		return 0, false
	}
	return v, true
}

// maxLine bounds a line; a longer one is no point.
const maxLine = 4096

// tail reads a file of points on and on.
type tail struct {
	at   int64       // how far it was read: the end of the last whole line
	of   os.FileInfo // the file that was read
	last backends.Metric
	any  bool // last is one
}

// errRewritten says that what was read before is not there any more.
var errRewritten = errors.New("the file was written anew")

// read gives add all points that are new since the last call. A last line without
// its end is read when the rest is there.
func (t *tail) read(path, key string, add func(backends.Metric)) error {
	f, err := openFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !fi.Mode().IsRegular():
		return fs.ErrNotExist
	case t.of != nil && (!os.SameFile(t.of, fi) || fi.Size() < t.at):
		return errRewritten
	}
	t.of = fi
	if fi.Size() == t.at {
		return nil
	}
	lines := splitter{r: io.NewSectionReader(f, t.at, math.MaxInt64-t.at), buf: make([]byte, min(64<<10, max(512, fi.Size()-t.at+1)))}
	for {
		line, size, err := lines.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		t.at += size
		m, ok := point(line)
		if !ok {
			continue
		}
		m.Key = key
		if !t.any || entity.Latest(t.last, m) {
			t.last, t.any = m, true
		}
		if add != nil {
			add(m)
		}
	}
}

// splitter cuts a reader into lines that end; the line is valid until the next call.
type splitter struct {
	r          io.Reader
	buf        []byte
	start, end int
}

// next is the next line and how many bytes of the file it is. A line that is too
// long comes out empty.
func (s *splitter) next() (line []byte, size int64, err error) {
	long := false
	for {
		if i := bytes.IndexByte(s.buf[s.start:s.end], '\n'); i >= 0 {
			line = s.buf[s.start : s.start+i]
			s.start += i + 1
			size += int64(i) + 1
			if long || len(line) > maxLine {
				line = nil
			}
			return line, size, nil
		}
		if s.end-s.start > maxLine { // drop it, but count it
			size += int64(s.end - s.start)
			s.start, s.end, long = 0, 0, true
		}
		copy(s.buf, s.buf[s.start:s.end])
		s.start, s.end = 0, s.end-s.start
		if s.end == len(s.buf) {
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if n == 0 && err != nil {
			return nil, 0, err
		}
	}
}
