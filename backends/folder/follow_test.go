package folder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/backends"
)

// book is a FollowSink that keeps what it is given, for the job's run under "" and
// for each child under its name.
type book struct {
	mu      *sync.Mutex
	name    string
	all     map[string][]string
	places  map[string]string // that a run was last said to be read from
	refuses *bool
}

func newBook() *book {
	return &book{mu: &sync.Mutex{}, all: map[string][]string{}, places: map[string]string{}, refuses: new(bool)}
}

func (b *book) note(lines ...string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if *b.refuses {
		return errors.New("busy")
	}
	b.all[b.name] = append(b.all[b.name], lines...)
	return nil
}

func (b *book) of(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.all[name], " ")
}

func (b *book) Params(_ context.Context, ps []backends.Param) error {
	var out []string
	for _, p := range ps {
		out = append(out, p.Key+":"+p.Value)
	}
	return b.note(out...)
}

func (b *book) Metrics(_ context.Context, ms []backends.Metric) error {
	var out []string
	for _, m := range ms {
		out = append(out, fmt.Sprintf("%s@%d=%v", m.Key, m.Step, m.Value))
	}
	return b.note(out...)
}

func (b *book) Tags(_ context.Context, ts []backends.Tag) error {
	var out []string
	for _, t := range ts {
		if kind, ok := strings.CutPrefix(t.Key, backends.TagPlace); ok {
			b.mu.Lock()
			b.places[b.name] = kind + ": " + strings.ReplaceAll(t.Value, "\n", " ")
			b.mu.Unlock()
			continue
		}
		out = append(out, t.Key+"~"+t.Value)
	}
	return b.note(out...)
}

func (b *book) Child(_ context.Context, key, name string) (backends.FollowSink, error) {
	return &book{mu: b.mu, name: b.name + "/" + name, all: b.all, places: b.places, refuses: b.refuses}, nil
}

func (b *book) End(_ context.Context, s backends.RunStatus, _ time.Time) error {
	return b.note("end:" + string(s))
}

// now is a point's line with a time of this job's.
func now(key string, step int64, v any) string {
	return fmt.Sprintf("point %s %d %d %v\n", key, step, time.Now().Add(time.Hour).UnixMilli()+step, v)
}

// followed is what a follower told of a folder whose job has ended.
func followed(t *testing.T, dir string, since time.Time, f Format, except ...Format) *book {
	t.Helper()
	b := newBook()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Follower(f, except...).Follow(ctx, backends.FollowSource{Dir: dir, Since: since}, b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFollowerShapes(t *testing.T) {
	since := time.Now().Add(-time.Minute)
	for name, c := range map[string]struct {
		files  map[string]string
		want   map[string]string
		places []string // of each run, in any order where there are two
	}{
		"one place": {
			map[string]string{"logs/a/toy.log": "param lr 0.1\ntag x y\nbad torn\n" + now("loss", 0, 1) + now("loss", 1, 2)},
			map[string]string{"": "lr:0.1 loss@0=1 loss@1=2 flightdeck.trouble~torn x~y"},
			[]string{"toy: logs/a"},
		},
		"train and validation": {
			map[string]string{"logs/train/toy.log": now("loss", 0, 1), "logs/validation/toy.log": now("loss", 0, 2)},
			map[string]string{"": "train/loss@0=1 validation/loss@0=2"},
			[]string{"toy: logs/train logs/validation", "toy: logs/validation logs/train"},
		},
		"a place inside of another": {
			map[string]string{"runs/x/toy.log": now("loss", 0, 1), "runs/x/extra/toy.log": now("loss", 0, 2)},
			map[string]string{"": "loss@0=1 extra/loss@0=2"},
			[]string{"toy: runs/x runs/x/extra"},
		},
		"one after the other": {
			map[string]string{"v/version_2/toy.log": now("loss", 0, 2), "v/version_10/toy.log": now("loss", 0, 10) + "end FAILED\n"},
			map[string]string{"": "loss@0=2", "/version_10": "loss@0=10 end:FAILED"},
			[]string{"toy: v/version_2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			at := time.Now().Add(-10 * time.Second)
			for f, text := range c.files {
				if err := os.Chtimes(write(t, dir, f, text), at, at); err != nil { // all began in the same moment, as far as anyone can tell
					t.Fatal(err)
				}
			}
			b := followed(t, dir, since, toy{})
			for run, want := range c.want {
				got := strings.Fields(b.of(run))
				if run == "" { // two places may be read in either order when they are one run
					slices.Sort(got)
				}
				wants := strings.Fields(want)
				if run == "" {
					slices.Sort(wants)
				}
				if !slices.Equal(got, wants) {
					t.Errorf("run %q: %v, want %v", run, got, wants)
				}
			}
			if len(b.all) != len(c.want) {
				t.Errorf("runs %v", b.all)
			}
			if !slices.Contains(c.places, b.places[""]) {
				t.Errorf("it says that it is read from %q, want %q", b.places[""], c.places)
			}
		})
	}
}

// sweep is toy with places that belong to another.
type sweep struct{ toy }

func (f sweep) Places(dir, rel string, entries []os.DirEntry) []Place {
	out := f.toy.Places(dir, rel, entries)
	for i := range out {
		out[i].Parent = filepath.Dir(rel)
	}
	return out
}

func TestTheJobsOfASweepAreChildren(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		write(t, dir, fmt.Sprintf("multirun/%d/toy.log", i), now("loss", 0, i))
	}
	b := followed(t, dir, time.Now().Add(-time.Minute), sweep{})
	for i := range 3 {
		if got := b.of(fmt.Sprintf("/%d", i)); got != fmt.Sprintf("loss@0=%d", i) {
			t.Errorf("child %d: %s", i, got)
		}
		if got := b.places[fmt.Sprintf("/%d", i)]; got != fmt.Sprintf("toy: multirun/%d", i) {
			t.Errorf("child %d is read from %q", i, got)
		}
	}
	if len(b.all) != 3 {
		t.Errorf("%v", b.all)
	}
}

// What was there before the job is not its own, but for what it adds.
func TestOlderPlaces(t *testing.T) {
	dir := t.TempDir()
	since := time.Now().Add(-time.Minute)
	age(t, write(t, dir, "old/toy.log", now("loss", 0, 1)), time.Hour)
	write(t, dir, "appended/toy.log", line("loss", 0, 1)+"point acc 0 0 3\n"+now("loss", 1, 2))
	b := followed(t, dir, since, toy{})
	if got := b.of(""); got != "acc@0=3 loss@1=2" {
		t.Errorf("%q", got)
	}
}

func TestFollowersLeaveOutWhatOthersClaim(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/toy.log", now("loss", 0, 1))
	write(t, dir, "a/first.log", now("loss", 0, 1))
	write(t, dir, "b/toy.log", now("loss", 0, 2))
	first := toy{kind: "first"}
	b := newBook()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := Followers(Source{Format: first}, Source{Format: toy{}, Except: []Format{first}})
	if err := f.Follow(ctx, backends.FollowSource{Dir: dir, Since: time.Now().Add(-time.Minute)}, b); err != nil {
		t.Fatal(err)
	}
	if got := b.of(""); got != "loss@0=1 loss@0=2" {
		t.Errorf("%q", got)
	}
	if f.Kind() != "first, toy" {
		t.Errorf("%q", f.Kind())
	}
}

// While the job runs: what grows is sent once, what the store refuses is sent when
// it takes it, a file that is written anew is not sent again, and what came just
// before the end counts.
func TestFollowLive(t *testing.T) {
	dir := t.TempDir()
	b := newBook()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	f := toy{seen: &counts{}}
	go func() { done <- Follower(f).Follow(ctx, backends.FollowSource{Dir: dir, Since: time.Now()}, b) }()
	p := write(t, dir, "a/toy.log", now("loss", 0, 1))
	wait := func(what, want string) {
		t.Helper()
		deadline, tick := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
		defer tick.Stop()
		for b.of("") != want {
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("%s: %q, want %q", what, b.of(""), want)
			}
		}
	}
	wait("the first", "loss@0=1")
	b.mu.Lock()
	*b.refuses = true
	b.mu.Unlock()
	appendTo(t, p, now("loss", 1, 2))
	before := f.seen.reads.Load()
	for deadline := time.After(20 * time.Second); f.seen.reads.Load() == before; {
		select {
		case <-deadline:
			t.Fatal("it was not read again")
		case <-time.After(10 * time.Millisecond):
		}
	}
	b.mu.Lock()
	*b.refuses = false
	b.mu.Unlock()
	wait("what was refused", "loss@0=1 loss@1=2")
	if err := os.WriteFile(p, []byte("forget\n"+now("loss", 0, 1)+now("loss", 1, 2)+now("loss", 2, 3)), 0o644); err != nil {
		t.Fatal(err)
	}
	wait("written anew", "loss@0=1 loss@1=2 loss@2=3")
	appendTo(t, p, now("loss", 3, 4))
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := b.of(""); got != "loss@0=1 loss@1=2 loss@2=3 loss@3=4" {
		t.Errorf("after the end: %q", got)
	}
	if n := f.seen.open.Load(); n != 0 {
		t.Errorf("%d readers are open", n)
	}
}

func TestFollowAFolderThatIsNotThere(t *testing.T) {
	err := Follower(toy{}).Follow(t.Context(), backends.FollowSource{Dir: filepath.Join(t.TempDir(), "none")}, newBook())
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
