package tail

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"flightdeck/backends"
)

// Two clients of one log cost one stream, which fails once and goes on where it
// was; the last to leave ends it and closes the log.
func TestShelfSharesOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts, ended := 0, false
		stream := func(ctx context.Context, from int64) iter.Seq2[backends.LogLine, error] {
			starts++
			first := starts == 1
			return func(yield func(backends.LogLine, error) bool) {
				for i := from; i < from+3; i++ {
					if !yield(backends.LogLine{Seq: i, Text: fmt.Appendf(nil, "line %d", i)}, nil) {
						return
					}
				}
				if first {
					yield(backends.LogLine{}, errors.New("connection reset"))
					return
				}
				<-ctx.Done()
				ended = true
			}
		}
		s := NewShelf(Options{})
		ctxA, leaveA := context.WithCancel(t.Context())
		ctxB, leaveB := context.WithCancel(t.Context())
		a, b := s.Open(ctxA, "job", stream), s.Open(ctxB, "job", stream)
		if a != b {
			t.Fatal("two clients have two logs")
		}
		time.Sleep(2 * time.Second) // fake: past the first pause
		synctest.Wait()
		if starts != 2 || a.Len() != 6 {
			t.Fatalf("%d streams gave %d lines, want 2 and 6", starts, a.Len())
		}
		leaveA()
		synctest.Wait()
		if ended || b.Len() != 6 {
			t.Fatal("the log ended while someone looked")
		}
		leaveB()
		synctest.Wait()
		if !ended {
			t.Fatal("nobody looks, and the stream goes on")
		}
		if err := b.Append(backends.LogLine{}); !errors.Is(err, ErrClosed) {
			t.Fatalf("the log is not closed: %v", err)
		}
		if s.Open(t.Context(), "job", stream) == a {
			t.Fatal("a closed log was given out again")
		}
	})
}
