package lines

import (
	"bytes"
	"context"

	"flightdeck/backends"
)

// feed puts pieces of lines together, reads them, and sends what it finds.
type feed struct {
	sink   backends.FollowSink
	parser *Parser
	batch  []backends.Metric
	stuck  bool // the store did not take the last one

	last map[string]moment // of each key, the newest point

	text []byte // what of it is there and was not read yet
	at   int64  // milliseconds, of its last piece
}

// mostLine is how much of one line is kept; what is behind it is read on its own.
const mostLine = 64 << 10

// mostWaiting is how many points wait for a store that does not take them; what
// comes then is lost, and read again after a restart.
const mostWaiting = 100_000

// take reads a piece of output.
func (f *feed) take(l backends.LogLine) {
	f.at = l.Time.UnixMilli()
	f.text = append(f.text, l.Text...)
	if !l.Partial || len(f.text) > mostLine {
		f.end()
		return
	}
	// A bar that writes over itself never ends its line: all but its last writing are done.
	if i := bytes.LastIndexAny(f.text, "\r\b"); i >= 0 {
		f.read(f.text[:i])
		f.text = append(f.text[:0], f.text[i+1:]...)
	}
}

// end reads what is left of a line.
func (f *feed) end() {
	f.read(f.text)
	f.text = f.text[:0]
}

func (f *feed) read(text []byte) {
	for _, frame := range bytes.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\b' }) {
		for _, p := range f.parser.Line(string(frame)) {
			if len(f.batch) < mostWaiting {
				f.batch = append(f.batch, backends.Metric{Key: p.Key, Value: p.Value, Step: p.Step, Time: f.moment(p.Key, p.Step)})
			}
		}
	}
}

type moment struct{ step, time int64 }

// moment is when a value was printed. One of the same step as the one before comes
// after it, however many lines were seen at once: the last of an epoch is the one
// that counts, and a store knows it by its time.
func (f *feed) moment(key string, step int64) int64 {
	at := f.at
	if old, ok := f.last[key]; ok && old.step == step {
		at = max(at, old.time+1)
	}
	if f.last == nil {
		f.last = map[string]moment{}
	}
	f.last[key] = moment{step, at}
	return at
}

// send hands over what was found. What could not be sent is sent with the next.
func (f *feed) send(ctx context.Context) error {
	for len(f.batch) > 0 {
		n := min(len(f.batch), sendAt)
		if err := f.sink.Metrics(ctx, f.batch[:n]); err != nil {
			return err
		}
		f.batch = f.batch[n:]
	}
	f.batch = nil
	return nil
}
