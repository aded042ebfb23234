package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

// bar is a progress bar on standard error, drawn only on a terminal and gone when
// it is done. It stays under what else is written there: around takes it away
// for as long as that takes.
type bar struct {
	c    *cli
	what string
	on   bool

	mu     sync.Mutex
	line   string // what it would show
	shown  string // what stands on the screen
	at     time.Time
	middle bool // of somebody's line: there is no room for the bar
}

// barPace is how often a bar moves at most: more often only flickers.
const barPace = 80 * time.Millisecond

func (c *cli) newBar(what string) *bar {
	return &bar{c: c, what: what, on: isTerminal(c.err) && os.Getenv("TERM") != "dumb"}
}

// named says what the bar is about.
func (b *bar) named(what string) *bar {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.what = cell.Safe(what)
	return b
}

func (b *bar) progress(p backends.Progress) {
	if !b.on {
		return
	}
	const w = 30
	line := b.what
	if p.Total > 0 {
		n := int(min(p.Done, p.Total) * w / p.Total)
		line += "  " + strings.Repeat("━", n) + strings.Repeat("─", w-n) + "  " + counted(p)
	} else if p.Done > 0 {
		line += "  " + counted(p)
	}
	if p.Note != "" {
		line += "  " + cell.Safe(p.Note)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line = line
	if now := b.c.now(); b.shown == "" || now.Sub(b.at).Abs() >= barPace {
		b.at = now
		b.draw()
	}
}

// counted is how far it is, in the words of the unit: "epoch 3/30", "1.2 MB of 4 MB".
func counted(p backends.Progress) string {
	if p.Unit == "bytes" {
		if p.Total > 0 {
			return cell.Size(p.Done) + " of " + cell.Size(p.Total)
		}
		return cell.Size(p.Done)
	}
	if p.Total > 0 {
		return fmt.Sprintf("%s %d/%d", p.Unit, p.Done, p.Total)
	}
	return fmt.Sprintf("%d %s", p.Done, p.Unit)
}

// draw brings the screen in line. The lock is held.
func (b *bar) draw() {
	if b.middle || b.line == b.shown {
		return
	}
	line := b.line
	if w := width(b.c.err); w > 1 && cell.Width(line) >= w {
		line, _ = cell.Cut(line, w-1, "…")
	}
	fmt.Fprint(b.c.err, "\r"+line+"\x1b[K")
	b.shown = b.line
}

// around writes something of somebody else's. whole says that it ends its line, so
// that the bar may stand under it.
func (b *bar) around(whole bool, write func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hide()
	b.middle = !whole
	return write()
}

func (b *bar) hide() {
	if b.on && b.shown != "" {
		fmt.Fprint(b.c.err, "\r\x1b[K")
		b.shown = ""
	}
}

func (b *bar) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hide()
	b.on = false
}
