// Package input edits text: one line for the filter and the palette (Input), and
// the buffer beneath it that forms use as well (Editor).
//
// What is typed, pasted or set passes through cell.Safe, so that the text holds
// nothing that a terminal would act on. The packages that use it own the meaning
// of the text; this room knows neither queries nor actions, only that a text may
// be completed (Input.Complete) and found wrong at a column (Input.Check).
package input

import (
	"slices"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/cell"
)

// Editor is text and a cursor. The zero value is empty and one line; Multi lets
// it hold newlines.
type Editor struct {
	Multi bool

	text []rune
	pos  int // of the cursor, in runes
}

// Text is what was entered.
func (e *Editor) Text() string { return string(e.text) }

// Runes is the text; it is not to be changed, and valid until the next edit.
func (e *Editor) Runes() []rune { return e.text }

// Pos is the cursor, in runes.
func (e *Editor) Pos() int { return e.pos }

// Set replaces the text and puts the cursor at its end.
func (e *Editor) Set(text string) {
	e.text = []rune(e.clean(text))
	e.pos = len(e.text)
}

// SetPos moves the cursor to a rune.
func (e *Editor) SetPos(pos int) { e.pos = min(max(pos, 0), len(e.text)) }

// Insert puts text, made safe, at the cursor.
func (e *Editor) Insert(text string) {
	in := []rune(e.clean(text))
	e.text = slices.Insert(e.text, e.pos, in...)
	e.pos += len(in)
}

// Replace puts text in place of the runes from from to the cursor.
func (e *Editor) Replace(from int, text string) {
	from = min(max(from, 0), e.pos)
	e.delete(from, e.pos)
	e.Insert(text)
}

func (e *Editor) clean(text string) string {
	if !e.Multi {
		return cell.Safe(strings.TrimRight(text, "\r\n"))
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = cell.Safe(l)
	}
	return strings.Join(lines, "\n")
}

// Key is an edit or a motion; false leaves the key to others. It takes every key
// that has a text, and no tab, enter, esc or arrow up and down.
func (e *Editor) Key(msg tea.KeyPressMsg) bool {
	if move, ok := e.motion(msg.String()); ok {
		e.pos = move
		return true
	}
	switch msg.String() {
	case "backspace", "ctrl+h":
		e.delete(e.left(), e.pos)
	case "delete", "ctrl+d":
		e.delete(e.pos, e.right())
	case "ctrl+w", "alt+backspace", "ctrl+backspace":
		e.delete(e.wordLeft(), e.pos)
	case "alt+d", "ctrl+delete":
		e.delete(e.pos, e.wordRight())
	case "ctrl+u":
		e.delete(e.lineStart(), e.pos)
	case "ctrl+k":
		e.delete(e.pos, e.lineEnd())
	default:
		if msg.Text == "" || msg.Mod&(tea.ModCtrl|tea.ModAlt) != 0 {
			return false
		}
		e.Insert(msg.Text)
	}
	return true
}

func (e *Editor) motion(key string) (int, bool) {
	switch key {
	case "left", "ctrl+b":
		return e.left(), true
	case "right", "ctrl+f":
		return e.right(), true
	case "alt+left", "ctrl+left", "alt+b":
		return e.wordLeft(), true
	case "alt+right", "ctrl+right", "alt+f":
		return e.wordRight(), true
	case "home", "ctrl+a":
		return e.lineStart(), true
	case "end", "ctrl+e":
		return e.lineEnd(), true
	}
	return 0, false
}

func (e *Editor) delete(from, to int) {
	e.text = slices.Delete(e.text, from, to)
	e.pos = from
}

// left and right pass a character with its marks.
func (e *Editor) left() int {
	p := max(e.pos-1, 0)
	for p > 0 && mark(e.text[p]) {
		p--
	}
	return p
}

func (e *Editor) right() int {
	p := min(e.pos+1, len(e.text))
	for p < len(e.text) && mark(e.text[p]) {
		p++
	}
	return p
}

func mark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) }

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || mark(r) }

func (e *Editor) wordLeft() int {
	p := e.pos
	for p > 0 && !word(e.text[p-1]) {
		p--
	}
	for p > 0 && word(e.text[p-1]) {
		p--
	}
	return p
}

func (e *Editor) wordRight() int {
	p := e.pos
	for p < len(e.text) && !word(e.text[p]) {
		p++
	}
	for p < len(e.text) && word(e.text[p]) {
		p++
	}
	return p
}

func (e *Editor) lineStart() int {
	p := e.pos
	for p > 0 && e.text[p-1] != '\n' {
		p--
	}
	return p
}

func (e *Editor) lineEnd() int {
	p := e.pos
	for p < len(e.text) && e.text[p] != '\n' {
		p++
	}
	return p
}

// Window is the part of one line that shows in w cells, with the column of the
// cursor in it. off is the first rune shown before; the new one comes back, so
// that the text scrolls only when the cursor would leave.
func Window(text []rune, pos, off, w int) (shown string, col, newOff int) {
	if w <= 0 {
		return "", 0, off
	}
	least, n := pos, 0 // the leftmost start that leaves the cursor a cell
	for least > 0 && n+runeWidth(text[least-1]) < w {
		least--
		n += runeWidth(text[least])
	}
	most, n := len(text), 0 // a start beyond it would waste cells
	for most > 0 && n+runeWidth(text[most-1]) < w {
		most--
		n += runeWidth(text[most])
	}
	off = min(max(off, least), max(most, least), pos)
	for off < pos && mark(text[off]) {
		off++
	}
	end, n := off, 0
	for end < len(text) {
		rw := width(text[end : end+1])
		if n+rw > w {
			break
		}
		end, n = end+1, n+rw
	}
	return string(text[off:end]), width(text[off:pos]), off
}

// width is the cells of runes that went through cell.Safe.
func width(rs []rune) int {
	n := 0
	for _, r := range rs {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r >= 0x20 && r < 0x7f:
		return 1
	case mark(r):
		return 0
	}
	return ansi.StringWidth(string(r))
}
