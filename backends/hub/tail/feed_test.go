package tail

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"flightdeck/backends"
)

// stream gives lines, then an error if there is one.
func stream(err error, lines ...backends.LogLine) iter.Seq2[backends.LogLine, error] {
	return func(yield func(backends.LogLine, error) bool) {
		for _, l := range lines {
			if !yield(l, nil) {
				return
			}
		}
		if err != nil {
			yield(backends.LogLine{}, err)
		}
	}
}

func numbered(seq int64, s string, partial bool) backends.LogLine {
	return backends.LogLine{Seq: seq, Text: []byte(s), Partial: partial}
}

func TestFeedGoesOnAfterALostConnection(t *testing.T) {
	lost := errors.New("connection reset")
	for _, tt := range []struct {
		name  string
		runs  [][]backends.LogLine
		next  int64
		lines []string
	}{
		{"at a line", [][]backends.LogLine{{numbered(0, "a", false), numbered(1, "b", false)}, {numbered(2, "c", false)}}, 3, []string{"a", "b", "c"}},
		{"from the beginning again", [][]backends.LogLine{{numbered(0, "a", false), numbered(1, "b", false)}, {numbered(0, "a", false), numbered(1, "b", false), numbered(2, "c", false)}}, 3, []string{"a", "b", "c"}},
		{"within a line", [][]backends.LogLine{{numbered(0, "hel", true)}, {numbered(0, "hello", true), numbered(0, " you", false)}}, 1, []string{"hello you"}},
		{"within a line that is as it was", [][]backends.LogLine{{numbered(0, "hel", true), numbered(0, "lo", true)}, {numbered(0, "hello", true), numbered(0, "!", false)}}, 1, []string{"hello!"}},
		{"at the end of a line that was there", [][]backends.LogLine{{numbered(0, "hello", true)}, {numbered(0, "hello", false), numbered(1, "x", false)}}, 2, []string{"hello", "x"}},
		{"pieces of a long line", [][]backends.LogLine{{numbered(0, "aaaa", true), numbered(1, "bb", false)}}, 2, []string{"aaaabb"}},
		{"a gap", [][]backends.LogLine{{numbered(5, "f", false)}, {numbered(9, "j", false)}}, 10, []string{"f", "3 lost, j"}},
		{"a gap after a piece", [][]backends.LogLine{{numbered(0, "f", true)}, {numbered(3, "j", false)}}, 4, []string{"f…", "2 lost, j"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := open(t, Options{})
			f := Feed{Log: l, Source: "serve-1"}
			for i, run := range tt.runs {
				var end error
				if i < len(tt.runs)-1 {
					end = lost
				}
				if err := f.Run(t.Context(), stream(end, run...)); !errors.Is(err, end) {
					t.Fatal(err)
				}
			}
			var got []string
			for _, g := range l.Lines(0, 99, nil) {
				s := string(g.Text)
				if g.Skipped > 0 {
					s = fmt.Sprintf("%d lost, %s", g.Skipped, s)
				}
				if g.Partial {
					s += "…"
				}
				if g.Source != "serve-1" {
					t.Errorf("source %q", g.Source)
				}
				got = append(got, s)
			}
			if !slices.Equal(got, tt.lines) || f.Next() != tt.next {
				t.Fatalf("got %q, next %d; want %q, %d", got, f.Next(), tt.lines, tt.next)
			}
		})
	}
}

func TestFeedEndsWithItsContext(t *testing.T) {
	l := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	f := Feed{Log: l}
	endless := func(yield func(backends.LogLine, error) bool) {
		for i := int64(0); yield(numbered(i, "x", false), nil); i++ {
			if i == 10 {
				cancel()
			}
		}
	}
	if err := f.Run(ctx, endless); !errors.Is(err, context.Canceled) || l.Len() != 11 {
		t.Fatalf("%v after %d lines", err, l.Len())
	}
}

func TestFeedGoesOnWhenTheDiskIsFull(t *testing.T) {
	l := open(t, Options{Budget: 1 << 20, Spill: func() (File, error) { return nil, errors.New("disk is full") }})
	f := Feed{Log: l}
	const n = 20_000
	err := f.Run(t.Context(), func(yield func(backends.LogLine, error) bool) {
		for i := int64(0); i < n && yield(numbered(i, words(int(i)), false), nil); i++ {
			continue
		}
	})
	if lost, why := l.Lost(); err != nil || lost == 0 || why == nil || l.Len() != n {
		t.Fatalf("%v; %d lost, %v", err, lost, why)
	}
}

func TestFeedStopsAtAClosedLog(t *testing.T) {
	l := open(t, Options{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f := Feed{Log: l}
	if err := f.Run(t.Context(), stream(nil, text("x"), text("y"))); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}
