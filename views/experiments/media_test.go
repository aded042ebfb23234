package experiments_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/fake"
	"flightdeck/tui/tuitest"
)

// digit is a picture of 16 by 16 pixels that differs with n.
func digit(t testing.TB, n int) []byte {
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for y := range 16 {
		for x := range 16 {
			if (x-8)*(x-8)+(y-8)*(y-8) < 10+4*n {
				img.SetGray(x, y, color.Gray{Y: uint8(255 - 8*n)})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withMedia is eight runs, of which the first two logged histograms, images and
// texts: two images a step, and a text with a control sequence in it.
func withMedia(t testing.TB) *fake.Backend {
	b := fake.Runs(8)
	b.Change(func(s *fake.State) {
		s.Media = map[string][]fake.Logged{}
		for r := range 2 {
			images := fake.Logged{Kind: backends.MediaImage, Key: "samples"}
			texts := fake.Logged{Kind: backends.MediaText, Key: "notes"}
			hist := fake.Logged{Kind: backends.MediaHistogram, Key: "fc1/weight"}
			for step := range 12 {
				for i := range 2 {
					images.Items = append(images.Items, fake.Item{MediaItem: backends.MediaItem{Step: int64(step * 10), Index: i, Type: "image/png"}, Data: digit(t, step+6*i+r)})
				}
				texts.Items = append(texts.Items, fake.Item{MediaItem: backends.MediaItem{Step: int64(step * 10)}, Data: fmt.Appendf(nil, "at step %d of run %d \x1b[2Jit\x1b]0;evil\x07 went on", step*10, r)})
				h := backends.Histogram{Step: int64(step * 10)}
				for i := range 20 {
					l := float64(i-10) / 10 * (1 + float64(step)/12)
					h.Left, h.Right = append(h.Left, l), append(h.Right, l+0.1*(1+float64(step)/12))
					h.Count = append(h.Count, math.Round(100*math.Exp(-float64((i-10)*(i-10))/20)))
				}
				hist.Histograms = append(hist.Histograms, h)
			}
			other := hist
			other.Key = "fc2/bias"
			other.Histograms = hist.Histograms[:3]
			s.Media[s.Runs[r].ID] = []fake.Logged{images, texts, hist, other}
		}
	})
	return b
}

// page shows a page of the details by its name, alone.
func (x *world) page(name string) *world {
	fx, fy := x.Find(name)
	x.Click(fx, fy)
	return x.rest()
}

func TestMediaScreens(t *testing.T) {
	for _, c := range []struct {
		name, page string
		keys       []string
	}{
		{"heat", "Histograms", nil},
		{"ridges", "Histograms", []string{"m", "left", "left"}},
		{"images", "Media", []string{"left"}},
		{"texts", "Media", []string{"n"}},
	} {
		for _, size := range [][2]int{{160, 45}, {80, 24}, {40, 10}} {
			for look, as := range map[string]string{"dark": "", "light": "", "mono": "_mono", "ascii": "_ascii"} {
				t.Run(fmt.Sprintf("%s_%dx%d_%s", c.name, size[0], size[1], look), func(t *testing.T) {
					tuitest.Run(t, func(t *testing.T) {
						x := open(t, withMedia(t), 160, 45, looks(look))
						x.Press("enter", "z").rest()
						x.page(c.page)
						x.Press(c.keys...).rest()
						x.Resize(size[0], size[1])
						x.rest()
						if look == "light" && c.name == "images" {
							return // its shades are dark's, reversed: no text to compare
						}
						x.Golden(fmt.Sprintf("media/%s_%dx%d%s", c.name, size[0], size[1], as))
					})
				})
			}
		}
	}
}

func TestHistogramsAreScrubbed(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, withMedia(t), 160, 45)
		x.Press("enter", "z").rest()
		x.page("Histograms")
		at := func(want string) {
			t.Helper()
			if !strings.Contains(x.Text(), want) {
				t.Errorf("no %q:\n%s", want, x.Text())
			}
		}
		at("step 110  12 of 12")
		x.Press("left")
		at("step 100  11 of 12")
		x.Press("shift+left")
		at("step 0  1 of 12")
		x.Press("shift+right", "right")
		at("step 110  12 of 12")
		x.Press("home")
		at("step 0  1 of 12")
		x.Press("end", "n").rest()
		at("fc2/bias")
		at("step 20  3 of 3")
		asked := x.b.Calls("histograms")
		x.Press("left", "left", "right")
		if n := x.b.Calls("histograms"); n != asked {
			t.Errorf("scrubbing asked the backend %d times", n-asked)
		}
		x.Press("down")
	})
}

func TestImagesOfMarkedRunsStandBesideEachOther(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, withMedia(t), 160, 45)
		x.Press("space", "down", "space", "down", "enter", "z").rest()
		x.page("Media")
		x.Press("home").rest()
		text := x.Text()
		for _, want := range []string{"brisk-otter", "calm-heron", "step 0  1 of 12", "PNG, 16 by 16 pixels", "▀▀▀"} {
			if !strings.Contains(text, want) {
				t.Errorf("the images lack %q:\n%s", want, text)
			}
		}
		if n := strings.Count(text, "#1 PNG"); n != 2 {
			t.Errorf("%d second images for two runs:\n%s", n, text)
		}
		x.Press("n").rest()
		if text := x.Text(); !strings.Contains(text, "at step 0 of run 0") || !strings.Contains(text, "at step 0 of run 1") || strings.Contains(x.Styled(), "evil\x07") {
			t.Errorf("the texts are missing:\n%s", text)
		}
	})
}

func TestImagesAreReadOnce(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, withMedia(t), 160, 45)
		x.Press("enter", "z").rest()
		x.page("Media")
		for range 3 {
			x.Press("home").rest()
			for range 11 {
				x.Press("right").rest()
			}
		}
		if n := x.b.Calls("openmedia"); n != 24 {
			t.Errorf("24 images were opened %d times", n)
		}
		x.Press("shift+left", "left").rest()
		x.Press("R").rest()
		if n := x.b.Calls("openmedia"); n != 24 {
			t.Errorf("after asking again, 24 images were opened %d times", n)
		}
	})
}

// A file that claims to be far bigger than it is, one that is no image, and one
// that cannot be had: each is said where the image would be.
func TestBadImagesAreSaid(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		b := withMedia(t)
		b.Change(func(s *fake.State) {
			bomb := bytes.Clone(digit(t, 1))
			copy(bomb[16:24], []byte{0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0}) // 100,000 by 100,000
			s.Media[s.Runs[0].ID] = []fake.Logged{{Kind: backends.MediaImage, Key: "bad", Items: []fake.Item{
				{MediaItem: backends.MediaItem{Step: 1}, Data: bomb},
				{MediaItem: backends.MediaItem{Step: 1, Index: 1}, Data: []byte("no image \x1b[2J at all")},
				{MediaItem: backends.MediaItem{Step: 1, Index: 2}, Data: nil},
			}}}
		})
		x := open(t, b, 160, 45)
		x.Press("enter", "z").rest()
		x.page("Media")
		for _, want := range []string{"#0", "#1", "#2", "image:"} {
			if !strings.Contains(x.Text(), want) {
				t.Errorf("no %q:\n%s", want, x.Text())
			}
		}
	})
}

// A run without media is not offered the pages; one that is chosen while such a
// page shows says what it lacks.
func TestRunsWithoutMediaSaySo(t *testing.T) {
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, withMedia(t), 160, 45)
		x.Press("down", "down", "enter", "z").rest()
		if strings.Contains(x.Text(), "Histograms") || strings.Contains(x.Text(), "Media") {
			t.Errorf("pages are offered for nothing:\n%s", x.Text())
		}
		x.Press("z", "shift+tab", "shift+tab", "home", "enter", "z").rest()
		x.page("Histograms")
		x.Press("z", "shift+tab", "shift+tab", "end").rest()
		if !strings.Contains(x.Text(), "no histograms: this run has") {
			t.Errorf("the page does not say what is missing:\n%s", x.Text())
		}
	})
}

// Two figures of a machine with two GPUs, one of which stood still for a while.
func gpuRuns(t testing.TB) *fake.Backend {
	b := systemRuns()
	all, err := b.Runs(t.Context(), backends.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		at := all[0].Start.UnixMilli() + int64(i)*100
		points := []backends.Metric{{Key: "system/gpu_0_utilization_percentage", Value: 50 + 50*math.Sin(float64(i)/20), Step: int64(i), Time: at}}
		if i < 100 || i > 200 {
			points = append(points, backends.Metric{Key: "system/gpu_1_utilization_percentage", Value: 97, Step: int64(i), Time: at})
		}
		if err := b.Log(all[0].ID, points...); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestHeatStrips(t *testing.T) {
	for _, size := range [][2]int{{160, 45}, {80, 24}, {40, 10}} {
		for look, as := range map[string]string{"dark": "", "light": "", "mono": "_mono", "ascii": "_ascii"} {
			t.Run(fmt.Sprintf("%dx%d_%s", size[0], size[1], look), func(t *testing.T) {
				tuitest.Run(t, func(t *testing.T) {
					x := open(t, gpuRuns(t), size[0], size[1], looks(look))
					x.Press("enter", "]", "]", "]", "m", "z").rest()
					x.Golden(fmt.Sprintf("strips/%dx%d%s", size[0], size[1], as))
				})
			})
		}
	}
	tuitest.Run(t, func(t *testing.T) {
		x := open(t, gpuRuns(t), 120, 40)
		x.Press("enter", "]", "]", "]", "m", "z").rest()
		_, y := x.Find("gpu 1 utilization")
		l := x.Line(y)
		if n := strings.Count(l, "█"); n < 30 || n > 60 || !strings.Contains(l, "          ") {
			t.Errorf("a GPU at 97 %% for two thirds of the time is %q", l)
		}
	})
}
