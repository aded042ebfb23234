package tail

import (
	"errors"
	"strings"
	"syscall"
	"testing"
)

// full is a disk that has room for so many bytes.
type full struct {
	File
	room int64
	bad  bool // cannot be read
}

func (f *full) WriteAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.room {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(p, at)
}

func (f *full) ReadAt(p []byte, at int64) (int, error) {
	if f.bad {
		return 0, syscall.EIO
	}
	return f.File.ReadAt(p, at)
}

func TestFullDisk(t *testing.T) {
	real, err := unlinked(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	disk := &full{File: real, room: 1 << 20}
	l := open(t, Options{Budget: 4 << 20, Spill: func() (File, error) { return disk, nil }})
	const n = 60_000
	var trouble error
	for i := range n {
		if i == n/2 {
			disk.room = 1 << 30
		}
		if err := l.Append(text(words(i))); err != nil {
			trouble = err
			if _, now := l.Lost(); !errors.Is(now, syscall.ENOSPC) {
				t.Fatalf("Lost says %v", now)
			}
		}
	}
	if !errors.Is(trouble, syscall.ENOSPC) || !strings.Contains(trouble.Error(), "lines lost") {
		t.Fatalf("Append said %v", trouble)
	}
	lost, now := l.Lost()
	if lost == 0 || now != nil {
		t.Fatalf("Lost = %d, %v after there was room again", lost, now)
	}
	got := l.Lines(0, n, nil)
	next, marked := int64(0), int64(0)
	for _, g := range got {
		if g.Seq != next+g.Skipped || string(g.Text) != words(int(g.Seq)) {
			t.Fatalf("line %d after %d with %d skipped: %q", g.Seq, next-1, g.Skipped, g.Text)
		}
		next = g.Seq + 1
		marked += g.Skipped
		if g.Skipped == 0 {
			continue
		}
		if at, ok := l.Step(g.Seq-1, false, LevelError); !ok || at != g.Seq {
			t.Fatalf("a level filter hides the loss before %d", g.Seq)
		}
		if at, ok := l.Step(g.Seq, true, LevelError); !ok || at != g.Seq {
			t.Fatalf("a level filter hides the loss before %d, looking back", g.Seq)
		}
	}
	if marked != lost || next != n || int64(len(got))+lost != n {
		t.Fatalf("%d marked, %d lost, %d there", marked, lost, len(got))
	}
	if first, ok := l.Step(0, false, 0); !ok || first != 0 {
		t.Fatalf("what was spilled before should still be there: %d %v", first, ok)
	}
}

func TestNoRoomAtAll(t *testing.T) {
	l := open(t, Options{Budget: 4 << 20, Spill: func() (File, error) { return nil, syscall.EROFS }})
	for i := range 30_000 {
		if err := l.Append(text(words(i))); err != nil && !errors.Is(err, syscall.EROFS) {
			t.Fatal(err)
		}
	}
	lost, err := l.Lost()
	if lost == 0 || !errors.Is(err, syscall.EROFS) || l.First() != lost {
		t.Fatalf("lost %d from %d on: %v", lost, l.First(), err)
	}
	if got := l.Lines(0, 30_000, nil); got[0].Skipped != lost || int64(len(got))+lost != 30_000 {
		t.Fatalf("%d lines, the first says %d lost", len(got), got[0].Skipped)
	}
}

func TestUnreadableBlockIsVisible(t *testing.T) {
	real, err := unlinked(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	disk := &full{File: real, room: 1 << 40}
	l := open(t, Options{Budget: 4 << 20, Spill: func() (File, error) { return disk, nil }})
	for i := range 30_000 {
		add(t, l, text(words(i)))
	}
	disk.bad = true
	seen := int64(0)
	for _, g := range l.Lines(0, 30_000, nil) {
		seen += 1 + max(g.Skipped-1, 0)
	}
	if seen != 30_000 {
		t.Fatalf("%d lines are accounted for", seen)
	}
	found, failed := 0, 0
	for h, err := range l.Search(t.Context(), Query{Text: "line 299"}, 0, false) {
		if err != nil {
			failed++
		}
		if h.Match {
			found++
		}
	}
	if failed == 0 || found != 100 {
		t.Fatalf("%d blocks failed, %d lines found in what is in memory", failed, found)
	}
}
