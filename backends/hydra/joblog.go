package hydra

import (
	"bytes"
	"context"
	"math"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/grow"
	"flightdeck/backends/folder/lines"
)

// jobLog follows <job>.log, whose records are "[time][logger][LEVEL] - message" and
// may go on over several lines.
type jobLog struct {
	file   grow.File
	parser *lines.Parser
	at     int64 // of the last record, milliseconds
	failed bool  // the last record ends in a traceback
	quiet  bool  // its numbers are not told
	cols   map[string]*backends.Points
	keys   []string // in the order they came
}

func newJobLog(path string) *jobLog {
	l := &jobLog{file: grow.File{Path: path}}
	l.restart()
	return l
}

func (l *jobLog) restart() {
	l.parser, l.at, l.failed = lines.NewParser(), 0, false
	l.cols, l.keys = map[string]*backends.Points{}, nil
}

// silence takes the log's curves back, once others tell the same more exactly.
func (l *jobLog) silence(to folder.Sink) {
	l.takeBack(to)
	l.quiet = true
}

func (l *jobLog) takeBack(to folder.Sink) {
	if one, ok := to.(folder.KeyRewinder); ok {
		for _, key := range l.keys {
			one.RewindKey(key, math.MinInt64)
		}
	}
	l.cols, l.keys = map[string]*backends.Points{}, nil
}

func (l *jobLog) read(ctx context.Context, to folder.Sink) error {
	err := l.file.Read(ctx, func() {
		l.takeBack(to)
		l.restart()
	}, func(p []byte, _ int64, mtime time.Time) int {
		used := 0
		for {
			end := bytes.IndexByte(p[used:], '\n')
			if end < 0 && len(p)-used > grow.MaxRecord {
				end = len(p) - used - 1
			}
			if end < 0 {
				return used
			}
			l.line(string(bytes.TrimRight(p[used:used+end], "\r")), mtime)
			used += end + 1
		}
	})
	for _, key := range l.keys {
		if c := l.cols[key]; c.Len() > 0 {
			to.Points(key, *c)
			*c = backends.Points{}
		}
	}
	return err
}

func (l *jobLog) line(text string, mtime time.Time) {
	message := text
	if at, rest, ok := header(text); ok {
		message, l.failed, l.at = rest, false, at
	} else if strings.HasPrefix(text, "Traceback (most recent call last)") {
		l.failed = true
	}
	if l.quiet || l.failed {
		return
	}
	at := l.at
	if at == 0 {
		at = mtime.UnixMilli()
	}
	for _, p := range l.parser.Line(message) {
		c := l.cols[p.Key]
		if c == nil {
			c = &backends.Points{}
			l.cols[p.Key] = c
			l.keys = append(l.keys, p.Key)
		}
		c.Step, c.Time, c.Value = append(c.Step, p.Step), append(c.Time, at), append(c.Value, p.Value)
	}
}

// header parts a record's beginning from its message. Its time is the machine's own,
// in milliseconds since 1970; 0 when it is written in another way.
func header(text string) (at int64, message string, ok bool) {
	if !strings.HasPrefix(text, "[") {
		return 0, "", false
	}
	head, message, ok := strings.Cut(text, "] - ")
	if !ok || strings.Count(head, "][") < 2 {
		return 0, "", false
	}
	stamp, _, _ := strings.Cut(head[1:], "]")
	t, err := time.ParseInLocation("2006-01-02 15:04:05,000", stamp, time.Local)
	if err != nil {
		return 0, message, true
	}
	return t.UnixMilli(), message, true
}
