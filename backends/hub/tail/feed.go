package tail

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"flightdeck/backends"
)

// Feed brings the lines of one LogStreamer into a log, over any number of
// connections. When and whether to connect again is the caller's:
//
//	f := tail.Feed{Log: log}
//	err := f.Run(ctx, streamer.Logs(ctx, ref, backends.LogOptions{From: f.Next(), Follow: true}))
//
// A feed serves one source, and one Run at a time.
type Feed struct {
	Log    *Log
	Source string // set on lines that do not say who wrote them

	next int64 // number, in the stream, of the line to come or to go on
	have int   // bytes of that line that are there
	some bool  // a line came
}

// Next is where to go on: LogOptions.From.
func (f *Feed) Next() int64 { return f.next }

// Run takes lines over until the stream ends, fails, or ctx ends; only the first is
// no error. What a new connection gives again is dropped, and a gap that the stream
// does not explain is marked. That the log could not keep older lines does not stop
// it: see Log.Lost.
func (f *Feed) Run(ctx context.Context, lines iter.Seq2[backends.LogLine, error]) error {
	again := f.have // bytes that this connection begins with and that are there
	for line, err := range lines {
		if err != nil {
			return fmt.Errorf("follow log: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if line.Seq < f.next {
			continue
		}
		if line.Seq == f.next {
			n := min(again, len(line.Text))
			again -= n
			line.Text = line.Text[n:]
			if n > 0 && len(line.Text) == 0 && line.Partial {
				continue
			}
		}
		if err := f.take(line); errors.Is(err, ErrClosed) {
			return err
		}
	}
	return ctx.Err()
}

func (f *Feed) take(line backends.LogLine) error {
	if line.Source == "" {
		line.Source = f.Source
	}
	if line.Seq > f.next || !f.some {
		expected := f.next
		if f.have > 0 { // that piece was a whole one
			expected++
		}
		if f.some {
			line.Skipped = max(line.Skipped, line.Seq-expected)
		}
		f.next, f.have, f.some = line.Seq, 0, true
	}
	f.have += len(line.Text)
	if !line.Partial {
		f.next, f.have = f.next+1, 0
	}
	return f.Log.Append(line)
}
