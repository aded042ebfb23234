package lines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

// sink keeps what it is given, and refuses as long as it is told to.
type sink struct {
	mu      sync.Mutex
	points  []backends.Metric
	refuses bool
	calls   int
}

func (s *sink) Metrics(_ context.Context, m []backends.Metric) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls++; s.refuses {
		return errors.New("busy")
	}
	s.points = append(s.points, m...)
	return nil
}

func (s *sink) got() []backends.Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.points)
}

func (s *sink) Params(context.Context, []backends.Param) error { return nil }
func (s *sink) Tags(context.Context, []backends.Tag) error     { return nil }
func (s *sink) Child(context.Context, string, string) (backends.FollowSink, error) {
	return s, nil
}
func (s *sink) End(context.Context, backends.RunStatus, time.Time) error { return nil }

// output is a job's output in memory, as LogStreamer gives it: pieces, an unfinished
// one as Partial with the rest under the same number.
type output struct {
	mu    sync.Mutex
	lines []backends.LogLine
	more  chan struct{}
}

func newOutput() *output { return &output{more: make(chan struct{}, 1)} }

func (o *output) say(seq int64, text string, partial bool) {
	o.mu.Lock()
	o.lines = append(o.lines, backends.LogLine{Seq: seq, Time: time.UnixMilli(1000 + seq), Text: []byte(text), Partial: partial})
	o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
}

func (o *output) Lines(ctx context.Context, opt backends.LogOptions) iter.Seq2[backends.LogLine, error] {
	return func(yield func(backends.LogLine, error) bool) {
		for i := 0; ; {
			o.mu.Lock()
			all := o.lines
			o.mu.Unlock()
			for ; i < len(all); i++ {
				if all[i].Seq >= opt.From && !yield(all[i], nil) {
					return
				}
			}
			if !opt.Follow {
				return
			}
			select {
			case <-o.more:
			case <-ctx.Done():
				yield(backends.LogLine{}, ctx.Err())
				return
			}
		}
	}
}

// What real programs printed is read as they meant it.
func TestRecordedOutput(t *testing.T) {
	text, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var truth [][3]any
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	o := newOutput()
	for i, l := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		o.say(int64(i), string(l), false)
	}
	s := &sink{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the job has ended: all is read all the same
	if err := Follower().Follow(ctx, backends.FollowSource{Lines: o.Lines}, s); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, m := range s.got() {
		got = append(got, fmt.Sprintf("%s@%d=%v", m.Key, m.Step, m.Value))
	}
	for _, w := range truth {
		v, ok := w[2].(float64)
		if !ok {
			v = math.NaN()
		}
		want = append(want, fmt.Sprintf("%s@%d=%v", w[0], int64(w[1].(float64)), v))
	}
	slices.Sort(got)
	got = slices.Compact(got) // a bar writes its last count twice
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("\ngot  %v\nwant %v", got, want)
	}
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newOutput(), &sink{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Follower().Follow(ctx, backends.FollowSource{Lines: o.Lines}, s) }()
		o.say(0, "step=1 loss=0.5", false)
		o.say(1, "step=2 lo", true)
		<-time.After(2 * sendFirst)
		synctest.Wait()
		if got := s.got(); len(got) != 1 || got[0] != (backends.Metric{Key: "loss", Value: 0.5, Step: 1, Time: 1000}) {
			t.Errorf("%v", got)
		}
		o.say(1, "ss=0.25", false)
		o.say(2, " 1/9 [loss=3]\r 2/9 [loss=2]\r 3/9 [lo", true)
		<-time.After(2 * sendEvery)
		synctest.Wait()
		if got := s.got(); len(got) != 4 || got[1].Value != 0.25 || got[3].Value != 2 {
			t.Errorf("a line in pieces, and a bar that has not ended: %v", got)
		}
		s.mu.Lock()
		s.refuses = true
		s.mu.Unlock()
		o.say(2, "ss=1]", false)
		o.say(3, "step=3 loss=0.125", false)
		<-time.After(10 * sendEvery)
		s.mu.Lock()
		s.refuses = false
		s.mu.Unlock()
		o.say(4, "step=4 lo", true)
		synctest.Wait()
		o.say(4, "ss=0.0625", true) // written just before the end, without one
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		got := s.got()
		if len(got) != 7 || got[4].Value != 1 || got[5].Value != 0.125 || got[6].Value != 0.0625 {
			t.Errorf("what was refused, and what came last: %v", got)
		}
	})
}

// What was printed just before the end counts, and nothing comes twice.
func TestLastLook(t *testing.T) {
	o, s := newOutput(), &sink{}
	for i := range 3000 {
		o.say(int64(i), fmt.Sprintf("step=%d loss=%d.5", i, i), false)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Follower().Follow(ctx, backends.FollowSource{Lines: o.Lines}, s); err != nil {
		t.Fatal(err)
	}
	got := s.got()
	if len(got) != 3000 {
		t.Fatalf("%d points of 3000", len(got))
	}
	for i, m := range got {
		if m.Step != int64(i) {
			t.Fatalf("point %d has step %d", i, m.Step)
		}
	}
}

// Of an epoch that is printed again and again the last word counts, though all of
// its lines were seen in one look.
func TestTheLastOfAStepIsTheLatest(t *testing.T) {
	o, s := newOutput(), &sink{}
	for i, v := range []float64{0.9, 0.2, 0.7, 0.4} {
		o.say(0, fmt.Sprintf("step=5 loss=%v pass=%d\n", v, i), false)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Follower().Follow(ctx, backends.FollowSource{Lines: o.Lines}, s); err != nil {
		t.Fatal(err)
	}
	var values []float64
	newest := int64(-1)
	for _, m := range s.got() {
		if m.Key != "loss" {
			continue
		}
		if values = append(values, m.Value); m.Step != 5 || m.Time <= newest {
			t.Errorf("%+v is not after %d", m, newest)
		}
		newest = m.Time
	}
	if !slices.Equal(values, []float64{0.9, 0.2, 0.7, 0.4}) {
		t.Errorf("%v", values)
	}
}
