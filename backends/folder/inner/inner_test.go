package inner

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/sinktest"
)

// script is a format whose places are folders with a file "say"; a reader does what
// its lines say, those that are new.
type script struct {
	closed *int
	below  bool
}

func (script) Kind() string { return "script" }
func (f script) Places(dir, rel string, entries []fs.DirEntry) []folder.Place {
	for _, e := range entries {
		if e.Name() == "say" {
			return []folder.Place{{ID: rel, Path: dir, Below: f.below}}
		}
	}
	return nil
}
func (f script) Open(p folder.Place) folder.Reader { return &speaker{p: p, closed: f.closed} }

type speaker struct {
	p      folder.Place
	done   int
	closed *int
}

func (s *speaker) Read(_ context.Context, to folder.Sink) error {
	data, err := os.ReadFile(filepath.Join(s.p.Path, "say"))
	if err != nil {
		return err
	}
	words := strings.Fields(string(data))
	for ; s.done < len(words); s.done++ {
		switch w := words[s.done]; w {
		case "rewind":
			to.Rewind(1)
		case "rewindkey":
			to.(folder.KeyRewinder).RewindKey("loss", 1)
		case "forget":
			to.Forget()
		case "image":
			to.Media(backends.MediaImage, "pic", backends.MediaItem{Place: "in " + s.p.ID})
		case "hist":
			to.Histograms("h", backends.Histogram{})
		case "info":
			to.Info(folder.Info{Name: "inner"})
			to.Params(backends.Param{Key: "p", Value: "v"})
			to.Tags(backends.Tag{Key: "t", Value: "v"})
		case "fail":
			s.done++
			return errors.New("cannot go on")
		default:
			key, step, _ := strings.Cut(w, ":")
			n := int64(len(step))
			to.Points(key, backends.Points{Step: []int64{n}, Time: []int64{0}, Value: []float64{float64(n)}})
		}
	}
	return nil
}

func (s *speaker) OpenMedia(_ context.Context, it backends.MediaItem) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(it.Place)), nil
}

func (s *speaker) Close() error { *s.closed++; return nil }

func say(t *testing.T, root, rel, text string) {
	t.Helper()
	dir := filepath.Join(root, rel)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "say"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, g *Group, s folder.Sink) (forgot bool) {
	t.Helper()
	forgot, err := g.Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return forgot
}

func TestKeysOfTwoPlaces(t *testing.T) {
	root, closed := t.TempDir(), 0
	say(t, root, "a", "loss: loss:. info")
	say(t, root, "b", "loss:.. acc:. fail")
	say(t, root, ".hidden", "loss:......")
	if err := os.Symlink(root, filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	g, s := New([]folder.Format{script{closed: &closed}}, root, true), &sinktest.Sink{}
	read(t, g, s)
	if len(s.Of("loss")) != 2 || len(s.Of("b/loss")) != 1 || len(s.Of("acc")) != 1 || len(s.Metrics) != 3 {
		t.Errorf("metrics %v", s.Metrics)
	}
	if s.RunInfo.Name != "" || len(s.ParamMap)+len(s.TagMap) != 0 || len(s.Troubles) != 1 || !strings.Contains(s.Troubles[0], "b: cannot go on") {
		t.Errorf("%+v", s)
	}
	say(t, root, "a", "loss: loss:. info rewind")
	read(t, g, s)
	if len(s.Of("loss")) != 1 || len(s.Of("b/loss")) != 1 {
		t.Errorf("a rewind of one place: %v", s.Metrics)
	}
	say(t, root, "b", "loss:.. acc:. fail rewindkey forget acc:...")
	read(t, g, s)
	if len(s.Of("b/loss")) != 0 || len(s.Of("acc")) != 1 || len(s.Of("loss")) != 1 || s.Forgotten != 0 {
		t.Errorf("what one place took back: %v, forgotten %d", s.Metrics, s.Forgotten)
	}
	if err := g.Close(); err != nil || closed != 2 {
		t.Errorf("%d closed, %v", closed, err)
	}
}

// TestForgetWithMedia is a Forget that no metric's rewind can do.
func TestForgetWithMedia(t *testing.T) {
	root, closed := t.TempDir(), 0
	say(t, root, "a", "loss: image")
	say(t, root, "b", "acc:. hist")
	g, s := New([]folder.Format{script{closed: &closed}}, root, true), &sinktest.Sink{}
	if read(t, g, s) {
		t.Error("forgot at first")
	}
	// This reader says forget again whenever it is opened anew: that must end.
	say(t, root, "a", "loss: image forget loss:.")
	if !read(t, g, s) || s.Forgotten == 0 {
		t.Errorf("forgotten %d times", s.Forgotten)
	}
	if len(s.Of("acc")) != 1 || len(s.Hists["h"]) != 1 {
		t.Errorf("what the other place told is gone: %+v", s)
	}
}

func TestOpenMedia(t *testing.T) {
	root, closed := t.TempDir(), 0
	say(t, root, "a", "image")
	say(t, root, "b", "image")
	formats := []folder.Format{script{closed: &closed}}
	s := &sinktest.Sink{}
	read(t, New(formats, root, true), s)
	fresh := New(formats, root, true) // has read nothing
	for key, want := range map[string]string{"image pic": "in a", "image b/pic": "in b"} {
		items := s.Items[key]
		if len(items) != 1 {
			t.Fatalf("items %v", s.Items)
		}
		rc, ok, err := fresh.OpenMedia(t.Context(), items[0])
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if text, _ := io.ReadAll(rc); string(text) != want {
			t.Errorf("%s: %q, want %q", key, text, want)
		}
	}
	for _, place := range []string{"", "x", "script:none" + separator + "x"} {
		if _, ok, err := fresh.OpenMedia(t.Context(), backends.MediaItem{Place: place}); ok || err != nil {
			t.Errorf("%q: %v, %v", place, ok, err)
		}
	}
}

func TestWhere(t *testing.T) {
	root, closed := t.TempDir(), 0
	say(t, root, ".", "here:")
	say(t, root, "sub", "there:")
	for _, c := range []struct {
		format script
		below  bool
		want   int
	}{{script{closed: &closed}, false, 1}, {script{closed: &closed}, true, 2}, {script{closed: &closed, below: true}, true, 1}} {
		s := &sinktest.Sink{}
		read(t, New([]folder.Format{c.format}, root, c.below), s)
		if len(s.Metrics) != c.want {
			t.Errorf("%+v: %v", c, s.Metrics)
		}
	}
	var none *Group
	if forgot, err := none.Read(t.Context(), nil); forgot || err != nil || none.Close() != nil || none.Told() {
		t.Error("nothing inside does something")
	}
}

func TestOuter(t *testing.T) {
	root, closed := t.TempDir(), 0
	say(t, root, "a", "mine: yours:")
	g, s, first := New([]folder.Format{script{closed: &closed}}, root, true), &sinktest.Sink{}, 0
	g.Outer = func(key string) bool { return key == "yours" }
	g.First = func(to folder.Sink) {
		if first++; len(s.Metrics) != 0 {
			t.Error("something was told before")
		}
	}
	read(t, g, s)
	if len(s.Metrics) != 1 || s.Metrics["mine"].Len() != 1 || first != 1 {
		t.Errorf("%v, %d", s.Metrics, first)
	}
}

func TestReadEnds(t *testing.T) {
	root, closed := t.TempDir(), 0
	say(t, root, "a", "loss:")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New([]folder.Format{script{closed: &closed}}, root, true).Read(ctx, &sinktest.Sink{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
