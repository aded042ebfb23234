package preview

import (
	"image"
	"strconv"
	"strings"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// fit is the largest size within w×h cells, two pixels a cell in height, that
// keeps the picture's proportions. Small pictures grow by whole factors, so that
// the pixels of a digit stay of one size.
func fit(b image.Rectangle, w, h int) (pw, ph int) {
	iw, ih := b.Dx(), b.Dy()
	if n := min(w/iw, 2*h/ih); n >= 1 {
		return n * iw, n * ih
	}
	if pw, ph = w, w*ih/iw; ph > 2*h {
		pw, ph = 2*h*iw/ih, 2*h
	}
	return max(1, pw), max(1, ph)
}

// Picture draws a document's image within w×h cells, from the upper left; it may
// take fewer lines. Each line is w cells and only colours text.
func Picture(th *theme.Theme, img *image.RGBA, w, h int) []string {
	if img == nil || img.Rect.Empty() || w <= 0 || h <= 0 {
		return nil
	}
	return picture(th, img, w, h)
}

// Extent is the cells that Picture would take.
func Extent(img *image.RGBA, w, h int) (cw, ch int) {
	if img == nil || img.Rect.Empty() || w <= 0 || h <= 0 {
		return 0, 0
	}
	pw, ph := fit(img.Rect, w, h)
	return pw, (ph + 1) / 2
}

// picture draws an image within w×h cells: in colour with two pixels a cell, or
// where a half block is not to be had one, and without colour in shades. Each line
// is w cells and ends as it began, without a colour.
func picture(th *theme.Theme, img *image.RGBA, w, h int) []string {
	pw, ph := fit(img.Rect, w, h)
	lines := make([]string, 0, (ph+1)/2)
	for y := 0; y < ph; y += 2 {
		d := pencil{th: th}
		for x := range pw {
			top := pixel(img, x, y, pw, ph)
			if y+1 < ph {
				d.cell(top, pixel(img, x, y+1, pw, ph), true)
			} else {
				d.cell(top, rgb{}, false)
			}
		}
		lines = append(lines, d.end()+cell.Blank(w-pw))
	}
	return lines
}

// pixel is the mean of what pixel x, y of a pw×ph picture covers of img.
func pixel(img *image.RGBA, x, y, pw, ph int) rgb {
	iw, ih := img.Rect.Dx(), img.Rect.Dy()
	return mean(img, image.Rect(x*iw/pw, y*ih/ph, (x+1)*iw/pw, (y+1)*ih/ph))
}

// pencil writes one line of a picture, and a colour only where it changes.
type pencil struct {
	th  *theme.Theme
	b   strings.Builder
	now [2]rgb
	on  bool // a colour is set
}

// cell draws one cell. Without a bottom pixel, the lower half is left as the
// terminal is.
func (p *pencil) cell(top, bottom rgb, both bool) {
	if !both {
		bottom = top
	}
	switch colours := [2]rgb{top, bottom}; {
	case p.th.Mono:
		p.b.WriteString(p.shade(top, bottom))
	case !p.th.Glyph.Braille:
		flat := rgb{half(top.r, bottom.r), half(top.g, bottom.g), half(top.b, bottom.b)}
		p.set([2]rgb{flat, flat}, "48", "")
		p.b.WriteByte(' ')
	case both:
		p.set(colours, "38", "48")
		p.b.WriteString("▀")
	default:
		p.set(colours, "38", "")
		p.b.WriteString("▀")
	}
}

func half(a, b uint8) uint8 { return uint8((int(a) + int(b)) / 2) }

// set switches to colours, the first as the SGR parameter a, the second as b.
func (p *pencil) set(colours [2]rgb, a, b string) {
	if p.on && p.now == colours {
		return
	}
	p.on, p.now = true, colours
	p.b.WriteString("\x1b[" + a)
	p.colour(colours[0])
	if b != "" {
		p.b.WriteString(";" + b)
		p.colour(colours[1])
	}
	p.b.WriteByte('m')
}

func (p *pencil) colour(c rgb) {
	p.b.WriteString(";2")
	for _, v := range [3]uint8{c.r, c.g, c.b} {
		p.b.WriteByte(';')
		p.b.WriteString(strconv.Itoa(int(v)))
	}
}

func (p *pencil) end() string {
	if p.on {
		p.b.WriteString("\x1b[m")
	}
	return p.b.String()
}

// shade is a sign that covers as much of its cell as the pixels are light, or on a
// light background dark.
func (p *pencil) shade(top, bottom rgb) string {
	ramp := p.th.Glyph.Heat
	light := (luma(top) + luma(bottom)) / 2
	if !p.th.Dark {
		light = 255 - light
	}
	return ramp[light*len(ramp)/256]
}

// luma is how light a colour looks, 0 to 255 (ITU-R BT.601).
func luma(c rgb) int { return (299*int(c.r) + 587*int(c.g) + 114*int(c.b)) / 1000 }
