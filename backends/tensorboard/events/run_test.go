package events

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// seen keeps what a Run tells.
type seen struct {
	points  map[string]Points
	data    map[string][]Datum
	forgot  int
	trouble []string
}

func newSeen() *seen { return &seen{points: map[string]Points{}, data: map[string][]Datum{}} }

func (n *seen) Scalars(s *Series, p Points) {
	q := n.points[s.Tag]
	n.points[s.Tag] = Points{append(q.Step, p.Step...), append(q.Wall, p.Wall...), append(q.Value, p.Value...)}
}

func (n *seen) Datum(s *Series, d Datum) {
	d.Body = slices.Clone(d.Body)
	n.data[s.Tag] = append(n.data[s.Tag], d)
}

func (n *seen) Rewind(s *Series, step int64) {
	for tag, p := range n.points {
		if s != nil && s.Tag != tag {
			continue
		}
		var q Points
		for i := range p.Step {
			if p.Step[i] < step {
				q = Points{append(q.Step, p.Step[i]), append(q.Wall, p.Wall[i]), append(q.Value, p.Value[i])}
			}
		}
		n.points[tag] = q
	}
}

func (n *seen) Forget() {
	n.forgot++
	clear(n.points)
	clear(n.data)
}
func (n *seen) Trouble(err error) { n.trouble = append(n.trouble, err.Error()) }

func read(t testing.TB, r *Run, n *seen) {
	t.Helper()
	if err := r.Read(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

func (n *seen) steps(t *testing.T, tag string, want ...int64) {
	t.Helper()
	if got := n.points[tag].Step; !slices.Equal(got, want) {
		t.Errorf("%s has the steps %v, want %v", tag, got, want)
	}
}

const name = "events.out.tfevents.1.host"

func TestReadsOnAtAnyCut(t *testing.T) {
	all := slices.Concat(scalar("a", 1, 1), scalar("b", 1, 2), scalar("a", 2, 3))
	for cut := range len(all) + 1 {
		dir := t.TempDir()
		write(t, dir, name, all[:cut])
		r, n := NewRun(dir), newSeen()
		read(t, r, n)
		read(t, r, n)
		add(t, dir, name, all[cut:])
		read(t, r, n)
		n.steps(t, "a", 1, 2)
		n.steps(t, "b", 1)
		if len(n.trouble) > 0 || n.forgot > 0 || r.Size() != int64(len(all)) {
			t.Fatalf("cut at %d: %q, forgot %d, read %d of %d", cut, n.trouble, n.forgot, r.Size(), len(all))
		}
	}
}

func TestDamage(t *testing.T) {
	good, next := scalar("a", 1, 1), scalar("a", 2, 2)
	flip := func(b []byte, i int) []byte { b = slices.Clone(b); b[i] ^= 1; return b }
	long := frame(nil, make([]byte, 64))
	binary.LittleEndian.PutUint64(long, math.MaxUint64)
	for what, c := range map[string]struct {
		bad   []byte
		steps []int64
		says  string
	}{
		"a bit of the data":        {flip(next, 14), []int64{1, 3}, "the record is lost"},
		"the checksum of the data": {flip(next, len(next)-1), []int64{1, 3}, "the record is lost"},
		"a bit of the length":      {flip(next, 0), []int64{1}, "the rest of the file cannot be read"},
		"the checksum of it":       {flip(next, 9), []int64{1}, "the rest of the file cannot be read"},
		"a huge length":            {long, []int64{1}, "the rest of the file cannot be read"},
		"no message":               {frame(nil, []byte{0xff, 0xff, 0xff}), []int64{1, 3}, "a record is no event"},
		"no summary":               {frame(nil, field(nil, eventSummary, []byte{0x0a, 0x7f})), []int64{1, 3}, "a record is no event"},
		"zeros":                    {make([]byte, 64), []int64{1}, "the rest of the file cannot be read"},
	} {
		dir := t.TempDir()
		write(t, dir, name, good, c.bad, scalar("a", 3, 3))
		write(t, dir, name+".2", scalar("b", 1, 1))
		r, n := NewRun(dir), newSeen()
		read(t, r, n)
		read(t, r, n)
		n.steps(t, "a", c.steps...)
		n.steps(t, "b", 1)
		if len(n.trouble) != 1 || !strings.Contains(n.trouble[0], c.says) || !strings.Contains(n.trouble[0], fmt.Sprintf("byte %d", len(good))) && !strings.Contains(c.says, "no event") {
			t.Errorf("%s: %q", what, n.trouble)
		}
	}
}

// A length is only a claim: no memory is taken for what the file does not hold, and
// what it holds is waited for.
func TestLengthsAreClaims(t *testing.T) {
	for _, n := range []uint64{maxRecord, maxRecord + 1, 1 << 40} {
		head := binary.LittleEndian.AppendUint64(nil, n)
		head = binary.LittleEndian.AppendUint32(head, newRecords(nil, 0, 0, nil).masked(head))
		dir := t.TempDir()
		write(t, dir, name, scalar("a", 1, 1), head, make([]byte, 100))
		r, s := NewRun(dir), newSeen()
		grew := testing.AllocsPerRun(1, func() { read(t, r, s) })
		s.steps(t, "a", 1)
		if len(s.trouble) > 0 || grew > 1000 {
			t.Errorf("length %d: %q, %v allocations", n, s.trouble, grew)
		}
	}
	dir := t.TempDir() // one that is too long and all there: a hole in the file
	head := binary.LittleEndian.AppendUint64(nil, maxRecord+1)
	head = binary.LittleEndian.AppendUint32(head, newRecords(nil, 0, 0, nil).masked(head))
	write(t, dir, name, head)
	if err := os.Truncate(filepath.Join(dir, name), maxRecord+17); err != nil {
		t.Fatal(err)
	}
	add(t, dir, name, scalar("a", 1, 1))
	s := newSeen()
	read(t, NewRun(dir), s)
	s.steps(t, "a", 1)
	if len(s.trouble) != 1 || !strings.Contains(s.trouble[0], "too long") {
		t.Errorf("%q", s.trouble)
	}
}

func TestPreemption(t *testing.T) {
	for what, c := range map[string]struct {
		first, second []int64
		want          []int64
	}{
		"goes on":                         {[]int64{1, 2, 3}, []int64{4, 5}, []int64{1, 2, 3, 4, 5}},
		"goes back in a later file":       {[]int64{1, 2, 3, 4}, []int64{3, 4, 5}, []int64{1, 2, 3, 4, 5}},
		"begins anew":                     {[]int64{5, 6, 7}, []int64{1}, []int64{1}},
		"goes back in one file":           {[]int64{1, 2, 3, 4, 2, 3}, nil, []int64{1, 2, 3}},
		"one step many times":             {[]int64{0, 0, 0}, nil, []int64{0, 0, 0}},
		"the last step again, later file": {[]int64{1, 2}, []int64{2, 3}, []int64{1, 2, 3}},
		"goes down":                       {[]int64{9, 8, 7, 6}, nil, []int64{6}},
	} {
		dir := t.TempDir()
		r, n := NewRun(dir), newSeen()
		write(t, dir, name, scalar("other", 7, 1))
		for _, s := range c.first {
			add(t, dir, name, scalar("a", s, 1))
		}
		read(t, r, n)
		write(t, dir, name+".2")
		for _, s := range c.second {
			add(t, dir, name+".2", scalar("a", s, 2))
		}
		read(t, r, n)
		t.Run(what, func(t *testing.T) {
			n.steps(t, "a", c.want...)
			n.steps(t, "other", 7)
			again := newSeen()
			read(t, NewRun(dir), again)
			again.steps(t, "a", c.want...)
			if v := n.points["a"].Value; len(c.second) > 0 && v[len(v)-1] != 2 {
				t.Errorf("the older value stands: %v", v)
			}
		})
	}
}

func TestSessionStartRewindsAll(t *testing.T) {
	dir := t.TempDir()
	start := binary.AppendUvarint([]byte{eventStep << 3}, 2)
	write(t, dir, name, scalar("a", 1, 1), scalar("b", 5, 1), scalar("a", 3, 1), frame(nil, field(start, eventSession, []byte{8, 1})), scalar("a", 2, 1))
	n := newSeen()
	read(t, NewRun(dir), n)
	n.steps(t, "a", 1, 2)
	n.steps(t, "b")
}

func TestFilesThatChange(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, name, scalar("a", 1, 1), scalar("a", 2, 1))
	r, n := NewRun(dir), newSeen()
	read(t, r, n)
	write(t, dir, name, scalar("b", 1, 1)) // shorter
	read(t, r, n)
	n.steps(t, "a")
	n.steps(t, "b", 1)
	if n.forgot != 1 {
		t.Errorf("forgot %d times", n.forgot)
	}
	write(t, dir, name, scalar("c", 1, 1), scalar("c", 2, 1)) // longer, and another
	read(t, r, n)
	n.steps(t, "b")
	n.steps(t, "c", 1, 2)
	write(t, dir, "copy", scalar("c", 1, 1), scalar("c", 2, 1), scalar("c", 3, 1))
	if err := os.Rename(filepath.Join(dir, "copy"), filepath.Join(dir, name)); err != nil { // as rsync does
		t.Fatal(err)
	}
	read(t, r, n)
	n.steps(t, "c", 1, 2, 3)
	if n.forgot != 2 {
		t.Errorf("forgot %d times: a longer copy of the same goes on", n.forgot)
	}
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	read(t, r, n)
	n.steps(t, "c", 1, 2, 3)
	if len(n.trouble) > 0 {
		t.Errorf("%q", n.trouble)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, l := range [][2]string{{"loop.tfevents", "loop.tfevents"}, {"/dev/zero", "z.tfevents"}, {"nowhere", "gone.tfevents"}} {
		if err := os.Symlink(l[0], filepath.Join(dir, l[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.tfevents"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "events.tfevents.1.profile-empty", []byte("x"))
	write(t, dir, name, scalar("a", 1, 1))
	r, n := NewRun(dir), newSeen()
	for range 20 {
		read(t, r, n)
	}
	n.steps(t, "a", 1)
	if len(n.trouble) != 2*(maxTold+1) {
		t.Errorf("%d times trouble: %q", len(n.trouble), n.trouble)
	}
}

func TestManyTagsAndLargeSteps(t *testing.T) {
	dir := t.TempDir()
	var all []byte
	const tags = 12000
	for _, step := range []int64{0, 1e9, 1 << 40, math.MaxInt64} {
		for i := range tags {
			all = append(all, scalar(fmt.Sprintf("layer.%d/grad_norm ü✓", i), step, math.Inf(1))...)
		}
	}
	write(t, dir, name, all)
	n := newSeen()
	read(t, NewRun(dir), n)
	if len(n.points) != tags {
		t.Errorf("%d tags", len(n.points))
	}
	n.steps(t, "layer.11999/grad_norm ü✓", 0, 1e9, 1<<40, math.MaxInt64)
}

func TestReadEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	var all []byte
	for i := range int64(10000) {
		all = append(all, scalar("a", i, 1)...)
	}
	write(t, dir, name, all)
	ctx, cancel := context.WithCancel(t.Context())
	r, n := NewRun(dir), newSeen()
	err := r.Read(ctx, &stopping{n, cancel})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := len(n.points["a"].Step); got == 0 || got == 10000 {
		t.Errorf("%d points were read before it ended", got)
	}
	read(t, r, n)
	if got := len(n.points["a"].Step); got != 10000 {
		t.Errorf("%d points after reading on", got)
	}
}

type stopping struct {
	*seen
	stop func()
}

func (s *stopping) Scalars(x *Series, p Points) {
	s.stop()
	s.seen.Scalars(x, p)
}

func TestAFolderThatIsGone(t *testing.T) {
	if err := NewRun(filepath.Join(t.TempDir(), "none")).Read(t.Context(), newSeen()); err == nil {
		t.Error("no error")
	}
}
