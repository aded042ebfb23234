package preview

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // the formats that image.Decode recognises
	_ "image/jpeg"
	_ "image/png"
	"io"
	"strings"
)

// thumb is how many pixels a side are kept of a picture. A terminal of 200×60
// cells shows 200×120.
const thumb = 512

// decoded is how many bytes the decoders of the standard library may take for a
// picture while it is read: 24 million pixels of a photograph.
const decoded = 96 << 20

func imageDoc(s source) (Doc, error) {
	if err := s.whole(); err != nil {
		return Doc{}, err
	}
	c, kind, err := image.DecodeConfig(s.reader())
	if err != nil {
		return Doc{}, fmt.Errorf("image: %w", err)
	}
	each := pixelBytes(c.ColorModel)
	if kind == "jpeg" && s.progressive() { // its decoder keeps the coefficients of all
		each = 16
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > decoded/each/c.Height {
		return Doc{}, fmt.Errorf("an image of %d by %d pixels is too big to show", c.Width, c.Height)
	}
	img, _, err := image.Decode(s.reader())
	if err != nil {
		return Doc{}, fmt.Errorf("image: %w", err)
	}
	return Doc{Kind: fmt.Sprintf("%s, %d by %d pixels", strings.ToUpper(kind), c.Width, c.Height), Image: shrink(img, thumb)}, nil
}

func (s source) reader() io.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(s.r, 0, s.have), 64<<10)
}

// progressive looks for the marker of a progressive JPEG. It cannot occur within
// the pixels' data; in a comment it makes the limit tighter, no more.
func (s source) progressive() bool {
	head, err := s.head(Limit)
	return err != nil || bytes.Contains(head, []byte{0xff, 0xc2})
}

func pixelBytes(m color.Model) int {
	switch m {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}

// shrink makes a picture small, at most limit pixels a side, each the mean of all
// that it stands for, on white where it is transparent: plots are drawn for paper.
// It needs memory for as many rows of the original as one row of the result covers.
func shrink(img image.Image, limit int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w == 0 || h == 0 {
		return nil
	}
	tw, th := w, h
	if m := max(w, h); m > limit {
		tw, th = max(1, w*limit/m), max(1, h*limit/m)
	}
	out := image.NewRGBA(image.Rect(0, 0, tw, th))
	var band *image.RGBA
	for y := range th {
		y0, y1 := y*h/th, (y+1)*h/th
		if band == nil || band.Rect.Dy() != y1-y0 {
			band = image.NewRGBA(image.Rect(0, 0, w, y1-y0))
		}
		draw.Draw(band, band.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(band, band.Rect, img, image.Pt(b.Min.X, b.Min.Y+y0), draw.Over)
		for x := range tw {
			c := mean(band, image.Rect(x*w/tw, 0, (x+1)*w/tw, y1-y0))
			out.SetRGBA(x, y, color.RGBA{c.r, c.g, c.b, 255})
		}
	}
	return out
}

type rgb struct{ r, g, b uint8 }

// mean is the mean colour of a part of a picture; of its first pixel when the part
// is smaller than one.
func mean(img *image.RGBA, part image.Rectangle) rgb {
	part.Max.X, part.Max.Y = max(part.Max.X, part.Min.X+1), max(part.Max.Y, part.Min.Y+1)
	var r, g, b uint64
	for y := part.Min.Y; y < part.Max.Y; y++ {
		row := img.Pix[img.PixOffset(part.Min.X, y) : img.PixOffset(part.Max.X-1, y)+4]
		for i := 0; i+3 < len(row); i += 4 {
			r, g, b = r+uint64(row[i]), g+uint64(row[i+1]), b+uint64(row[i+2])
		}
	}
	n := uint64(part.Dx() * part.Dy())
	return rgb{uint8((r + n/2) / n), uint8((g + n/2) / n), uint8((b + n/2) / n)}
}
