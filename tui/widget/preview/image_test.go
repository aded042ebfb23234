package preview

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"runtime"
	"strings"
	"testing"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell/celltest"
)

// fill is a picture of one colour.
func fill(w, h int, c color.Color) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return m
}

func encode(t testing.TB, kind string, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, m)
	case "jpeg":
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 100})
	case "gif":
		p := image.NewPaletted(m.Bounds(), palette.WebSafe)
		draw.Draw(p, p.Rect, m, image.Point{}, draw.Src)
		err = gif.Encode(&b, p, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encoded(t testing.TB, kind string, w, h int) []byte {
	return encode(t, kind, fill(w, h, color.NRGBA{255, 0, 0, 255}))
}

func TestImage(t *testing.T) {
	for _, kind := range []string{"png", "jpeg", "gif"} {
		t.Run(kind, func(t *testing.T) {
			data := encoded(t, kind, 5, 3)
			d := Parse("a."+kind, int64(len(data)), data)
			if want := strings.ToUpper(kind) + ", 5 by 3 pixels"; d.Kind != want || d.Image == nil {
				t.Fatalf("%q, want %q", text(d), want)
			}
			if c := d.Image.RGBAAt(4, 2); c.R < 250 || c.G > 5 || c.B > 5 || c.A != 255 {
				t.Errorf("red became %v", c)
			}
			cut := Parse("a."+kind, int64(len(data)), data[:len(data)-8])
			if cut.Image != nil || !cut.Rows[0].Warn {
				t.Errorf("cut short: %q", text(cut))
			}
			short := Parse("a."+kind, int64(len(data)-8), data[:len(data)-8])
			if short.Image != nil || !short.Rows[0].Warn {
				t.Errorf("damaged: %q", text(short))
			}
		})
	}
}

// claims is a PNG whose header says how big it is, and that has no more.
func claims(w, h uint32, bits, kind byte) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	b = binary.BigEndian.AppendUint32(b, w)
	b = binary.BigEndian.AppendUint32(b, h)
	b = append(b, bits, kind, 0, 0, 0)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[12:]))
}

func TestHugeImage(t *testing.T) {
	progressive := append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc2\x00\x11\x08"), binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, 4000), 4000)...)
	progressive = append(progressive, "\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01"...)
	for name, c := range map[string]struct {
		file string
		data []byte
	}{
		"100,000 a side":       {"a.png", claims(100_000, 100_000, 8, 6)},
		"a product over 2^32":  {"a.png", claims(1<<16, 1<<16+1, 8, 0)},
		"the largest":          {"a.png", claims(1<<30, 1<<29, 8, 0)},
		"16 bits a channel":    {"a.png", claims(4000, 4000, 16, 6)},
		"a progressive JPEG":   {"a.jpg", progressive},
		"a GIF of 65,535 both": {"a.gif", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,")},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d := Parse(c.file, int64(len(c.data)), c.data)
			runtime.ReadMemStats(&after)
			if d.Image != nil || !strings.Contains(flat(text(d)), "too big to show") {
				t.Error(text(d))
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("took %d bytes", n)
			}
		})
	}
}

// What stays of a big picture is small.
func TestThumbnail(t *testing.T) {
	m := image.NewGray(image.Rect(10, 20, 3010, 1520)) // not at the origin
	for y := 20; y < 1520; y++ {
		for x := 10; x < 3010; x++ {
			if (x+y)%2 == 0 {
				m.SetGray(x, y, color.Gray{200})
			}
		}
	}
	small := shrink(m, thumb)
	if got := small.Rect; got != image.Rect(0, 0, 512, 256) {
		t.Errorf("is %v", got)
	}
	for _, p := range []image.Point{{0, 0}, {511, 255}, {256, 100}} {
		if v := small.RGBAAt(p.X, p.Y).R; v < 90 || v > 110 {
			t.Errorf("a chequerboard of 0 and 200 is %d at %v, not the mean", v, p)
		}
	}
	for _, c := range []struct{ w, h, tw, th int }{{5000, 1, 512, 1}, {1, 5000, 1, 512}, {1, 1, 1, 1}, {513, 512, 512, 511}} {
		if got := shrink(image.NewGray(image.Rect(0, 0, c.w, c.h)), thumb).Rect.Size(); got != image.Pt(c.tw, c.th) {
			t.Errorf("%d×%d became %v", c.w, c.h, got)
		}
	}
	if shrink(image.NewGray(image.Rectangle{}), thumb) != nil {
		t.Error("a picture of nothing")
	}
}

func TestTransparent(t *testing.T) {
	d := shrink(fill(2, 2, color.NRGBA{0, 0, 0, 0}), thumb)
	if c := d.RGBAAt(0, 0); c != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("what is transparent is %v: plots are black on nothing, so that nothing must be white", c)
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct{ iw, ih, w, h, pw, ph int }{
		{8, 8, 80, 24, 48, 48},     // by whole factors
		{8, 8, 7, 4, 7, 7},         // smaller than it is
		{8, 8, 1, 1, 1, 1},         // a cell holds two pixels; the picture is square
		{512, 256, 80, 24, 80, 40}, // as wide as there is room
		{256, 512, 80, 24, 24, 48}, // as high
		{512, 1, 80, 24, 80, 1},
		{1, 512, 80, 24, 1, 48},
		{3, 1, 80, 24, 78, 26},
	} {
		if pw, ph := fit(image.Rect(0, 0, c.iw, c.ih), c.w, c.h); pw != c.pw || ph != c.ph {
			t.Errorf("%d×%d in %d×%d cells: %d×%d pixels, want %d×%d", c.iw, c.ih, c.w, c.h, pw, ph, c.pw, c.ph)
		}
	}
}

// colours is a 2×3 picture: its last row of cells has no lower half.
func colours() Doc {
	m := image.NewRGBA(image.Rect(0, 0, 2, 3))
	for y := range 3 {
		for x := range 2 {
			m.SetRGBA(x, y, color.RGBA{uint8(100 * y), uint8(100 * x), 7, 255})
		}
	}
	return Doc{Kind: "PNG", Image: m}
}

func TestHalfBlocks(t *testing.T) {
	for name, c := range map[string]struct {
		th   *theme.Theme
		want []string
	}{
		"dark": {theme.New(theme.Dark(), false), []string{
			"\x1b[38;2;0;0;7;48;2;100;0;7m▀\x1b[38;2;0;100;7;48;2;100;100;7m▀\x1b[m",
			"\x1b[38;2;200;0;7m▀\x1b[38;2;200;100;7m▀\x1b[m",
		}},
		"ascii in colour": {theme.New(theme.Dark(), true), []string{"\x1b[48;2;50;0;7m \x1b[48;2;50;100;7m \x1b[m", "\x1b[48;2;200;0;7m \x1b[48;2;200;100;7m \x1b[m"}},
		"mono":            {theme.New(theme.Mono(), false), []string{" ░", "░▒"}},
		"mono ascii":      {theme.New(theme.Mono(), true), []string{" .", ".:"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := picture(c.th, colours().Image, 2, 2)
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// On paper-white, ink is dark.
func TestMonoLight(t *testing.T) {
	th := theme.New(theme.Mono(), false)
	th.Dark = false
	if got := picture(th, shrink(fill(2, 2, color.White), thumb), 2, 1); got[0] != "  " {
		t.Errorf("white on a light terminal is %q", got[0])
	}
}

// A colour is written where it changes, and none is left over at the end of a row.
func TestNoColourLeaks(t *testing.T) {
	for name, th := range celltest.Themes() {
		for _, line := range strings.Split(render(th, Doc{Kind: "PNG", Image: shrink(fill(40, 40, color.NRGBA{9, 9, 9, 255}), thumb)}, 30, 9), "\n")[1:] {
			if th.Mono {
				if strings.Contains(line, "\x1b") {
					t.Errorf("%s: %q", name, line)
				}
				continue
			}
			if n := strings.Count(line, "\x1b"); n != 2 || !strings.Contains(line, "\x1b[m") || strings.LastIndex(line, "\x1b") != strings.Index(line, "\x1b[m") {
				t.Errorf("%s: %q", name, line)
			}
		}
	}
}

func render(th *theme.Theme, d Doc, w, h int) string {
	var v View
	v.Show(d)
	return v.Render(th, w, h)
}
