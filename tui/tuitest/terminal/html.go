package terminal

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	"github.com/charmbracelet/ultraviolet"
)

// HTML is the screen as a page of its own, for a browser to draw. fg and bg are
// the terminal's own colours.
func (p *Program) HTML(fg, bg color.Color) string {
	p.glass.RLock()
	defer p.glass.RUnlock()
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html><meta charset="utf-8"><style>body{margin:0;background:%s;color:%s}
pre{margin:0;padding:14px;text-rendering:geometricPrecision;font:15px/18px "DejaVu Sans Mono",monospace;width:max-content}span{display:inline-block;height:18px;vertical-align:top}i{display:inline-block;width:1ch;height:18px;font-style:normal;overflow:hidden;text-align:center;vertical-align:top}</style><pre>`, hex(bg), hex(fg))
	for y := range p.h {
		p.row(&b, y, fg, bg)
		b.WriteByte('\n')
	}
	b.WriteString("</pre>")
	return b.String()
}

// row writes runs of cells of one style as one span each.
func (p *Program) row(b *strings.Builder, y int, fg, bg color.Color) {
	var text strings.Builder
	var style uv.Style
	flush := func() {
		if text.Len() > 0 {
			fmt.Fprintf(b, `<span style="%s">%s</span>`, css(style, fg, bg), text.String())
			text.Reset()
		}
	}
	for x := 0; x < p.w; x++ {
		c := p.emu.CellAt(x, y)
		if c == nil {
			continue
		}
		if !c.Style.Equal(&style) {
			flush()
			style = c.Style
		}
		if c.Content == "" {
			text.WriteByte(' ')
			continue
		}
		if c.Content[0] >= 0x80 && c.Width == 1 { // another font may draw it wider
			text.WriteString("<i>" + html.EscapeString(c.Content) + "</i>")
		} else {
			text.WriteString(html.EscapeString(c.Content))
		}
		x += max(0, c.Width-1)
	}
	flush()
}

func css(s uv.Style, fg, bg color.Color) string {
	f, g := fg, color.Color(nil)
	if s.Fg != nil {
		f = s.Fg
	}
	if s.Bg != nil {
		g = s.Bg
	}
	if s.Attrs&uv.AttrReverse != 0 {
		if g == nil {
			g = bg
		}
		f, g = g, f
	}
	out := "color:" + hex(f)
	if g != nil {
		out += ";background:" + hex(g)
	}
	if s.Attrs&uv.AttrBold != 0 {
		out += ";font-weight:bold"
	}
	if s.Attrs&uv.AttrFaint != 0 {
		out += ";opacity:.6"
	}
	if s.Underline != 0 {
		out += ";text-decoration:underline"
	}
	return out
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
