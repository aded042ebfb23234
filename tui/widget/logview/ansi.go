package logview

import (
	"strings"
	"unicode/utf8"

	"flightdeck/tui/theme"
	"flightdeck/tui/widget/cell"
)

// piece is some text of a line that cell.Safe has been over, in one style.
type piece struct {
	text string
	w    int
	st   theme.Style
	sgr  sgr // of the log's own making; stands above st
}

// maxSafe is how much text is made safe at once, so that of a long line only what
// shows is looked at.
const maxSafe = 1024

const tabStop = 4

// builder turns text into pieces until it has as many cells as are wanted.
type builder struct {
	out   []piece
	cells int
	limit int // enough
}

func (b *builder) full() bool { return b.cells >= b.limit }

// put adds text in a style.
func (b *builder) put(st theme.Style, text string) { b.text(st, sgr{}, text) }

func (b *builder) text(st theme.Style, own sgr, text string) {
	for text != "" && !b.full() {
		n := safeEnd(text)
		s := cell.Safe(text[:n])
		text = text[n:]
		if s == "" {
			continue
		}
		w := cell.Width(s)
		b.out = append(b.out, piece{s, w, st, own})
		b.cells += w
	}
}

// safeEnd is where text may be cut without tearing a character apart.
func safeEnd(text string) int {
	if len(text) <= maxSafe {
		return len(text)
	}
	for i := maxSafe; i > maxSafe/2; i-- {
		if text[i] < 0x80 && text[i-1] < 0x80 && text[i-1] != '\r' {
			return i
		}
	}
	n := maxSafe
	for n > maxSafe-utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// colour adds text as it came from a program: with its colours and tabs, and
// without everything else that a terminal would act on.
func (b *builder) colour(st theme.Style, ground ground, text string) {
	var own sgr
	for text != "" && !b.full() {
		n := safeEnd(text)
		i := strings.IndexAny(text[:n], "\x1b\t")
		if i < 0 {
			b.text(st, own.readable(ground), text[:n])
			text = text[n:]
			continue
		}
		b.text(st, own.readable(ground), text[:i])
		text = text[i:]
		if text[0] == '\t' {
			n := tabStop - b.cells%tabStop
			b.text(st, own.readable(ground), cell.Blank(n))
			text = text[1:]
			continue
		}
		n = cell.Sequence(text)
		switch {
		case n == 0:
			b.put(st, text[:1]) // shown as ^[
			n = 1
		case text[1] == '[' && text[n-1] == 'm':
			own.apply(text[2 : n-1])
		}
		text = text[n:]
	}
}
