package backends

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestTwins(t *testing.T) {
	job := &Run{Backend: "local", ID: "1", Tags: []Tag{
		{Key: "flightdeck.job", Value: "j"}, {Key: TagPlace + "lightning", Value: "logs/a"}, {Key: TagPlace + "tensorboard", Value: "tb/train\ntb/val"}, {Key: "z", Value: "y"},
	}}
	want := []Ref{{Backend: "lightning", Kind: "run", ID: "logs/a"}, {Backend: "tensorboard", Kind: "run", ID: "tb/train"}, {Backend: "tensorboard", Kind: "run", ID: "tb/val"}}
	if got := Twins(job); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Twins(&Run{Tags: []Tag{{Key: "a"}, {Key: "z"}}}); got != nil {
		t.Errorf("got %v of a run without", got)
	}
	val, other, same := &Run{Backend: "tensorboard", ID: "tb/val"}, &Run{Backend: "tensorboard", ID: "tb/other"}, &Run{Backend: "wandb", ID: "tb/val"}
	all := []*Run{val, job, other, same}
	if got := WithoutTwins(all); !slices.Equal(got, []*Run{job, other, same}) {
		t.Errorf("got %v", got)
	}
	if !slices.Equal(all, []*Run{val, job, other, same}) {
		t.Error("the listing was written to")
	}
	if none := []*Run{job, other}; &WithoutTwins(none)[0] != &none[0] {
		t.Error("a listing without twins was copied")
	}
	itself := &Run{Backend: "tensorboard", ID: "tb/val", Tags: []Tag{{Key: TagPlace + "tensorboard", Value: "tb/val"}}}
	if got := WithoutTwins([]*Run{itself}); len(got) != 1 {
		t.Error("a run hides itself")
	}
}

// gallery has a histogram h of two steps and an image of its name.
type gallery struct{ name, run string }

func (g gallery) Name() string { return g.name }

func (g gallery) is(r Ref) error {
	if r.ID != g.run {
		return ErrNotFound
	}
	return nil
}

func (g gallery) Media(_ context.Context, r Ref) ([]Media, error) {
	return []Media{{MediaHistogram, "h", 2}, {MediaImage, g.name, 1}}, g.is(r)
}

func (g gallery) Histograms(_ context.Context, r Ref, key string) ([]Histogram, error) {
	if key != "h" {
		return nil, nil
	}
	return []Histogram{{Step: 1}, {Step: int64(len(g.name))}}, g.is(r)
}

func (g gallery) MediaItems(_ context.Context, r Ref, kind MediaKind, key string) ([]MediaItem, error) {
	if kind != MediaImage || key != g.name {
		return nil, nil
	}
	return []MediaItem{{Step: 7, Place: "a:b"}}, g.is(r)
}

func (g gallery) OpenMedia(_ context.Context, r Ref, it MediaItem) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(g.name + " " + r.ID + " " + it.Place)), g.is(r)
}

// What a job's run logged beside numbers is read where it was followed from, in
// whichever of the places it is.
func TestExhibitsOfTheTwins(t *testing.T) {
	from := []Backend{gallery{"dvclive", "d"}, gallery{"tensorboard", "tb"}, gallery{"wandb", "other"}}
	r := &Run{Backend: "local", ID: "1", Tags: []Tag{{Key: TagPlace + "dvclive", Value: "d"}, {Key: TagPlace + "tensorboard", Value: "tb"}}}
	x, ok := ExhibitsOf(from, r)
	if !ok {
		t.Fatal("it has none")
	}
	all, err := x.Media(t.Context(), r.Ref())
	if want := []Media{{MediaHistogram, "h", 2}, {MediaImage, "dvclive", 1}, {MediaImage, "tensorboard", 1}}; err != nil || !slices.Equal(all, want) {
		t.Errorf("got %v, %v; want %v", all, err, want)
	}
	if h, err := x.Histograms(t.Context(), r.Ref(), "h"); err != nil || len(h) != 2 || h[1].Step != 7 {
		t.Errorf("histograms %v, %v", h, err)
	}
	items, err := x.MediaItems(t.Context(), r.Ref(), MediaImage, "tensorboard")
	if err != nil || len(items) != 1 {
		t.Fatalf("items %v, %v", items, err)
	}
	f, err := x.OpenMedia(t.Context(), r.Ref(), items[0])
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(f); err != nil || string(b) != "tensorboard tb a:b" {
		t.Errorf("opened %q, %v", b, err)
	}
	for _, place := range []string{"", "9:a", "-1:a", "x"} {
		if _, err := x.OpenMedia(t.Context(), r.Ref(), MediaItem{Place: place}); !errors.Is(err, ErrNotFound) {
			t.Errorf("place %q: %v", place, err)
		}
	}
	r.Tags = r.Tags[:0]
	if _, ok := ExhibitsOf(from, r); ok {
		t.Error("a run of a backend without media has some")
	}
	r.Tags = []Tag{{Key: TagPlace + "wandb", Value: "gone"}}
	x, _ = ExhibitsOf(from, r)
	x.rooms[0].Backend = refusing{}
	if _, err := x.Media(t.Context(), r.Ref()); !errors.Is(err, ErrNotFound) {
		t.Errorf("the only place is gone, and it says %v", err)
	}
}

type refusing struct{ gallery }

func (refusing) Media(context.Context, Ref) ([]Media, error) { return nil, ErrNotFound }
