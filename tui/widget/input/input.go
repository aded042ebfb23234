package input

import (
	tea "charm.land/bubbletea/v2"
)

const maxHistory = 200

// Completion is one way to go on: Text in place of the runes from From to the
// cursor.
type Completion struct {
	Text string
	Note string // what it is: "metric, 8 runs"
	From int
}

// Outcome is how typing ended.
type Outcome uint8

// How typing can end.
const (
	None      Outcome = iota
	Accepted          // enter
	Cancelled         // esc: the text is again what it was before
)

// Input is one line of text that is typed at the bottom of a list or in the
// palette. The zero value is ready.
type Input struct {
	Prompt      string // before the text: "/ "
	Placeholder string // where there is no text yet
	// Complete offers what could be typed at pos (in runes).
	Complete func(text string, pos int) []Completion
	// Check says what is wrong and at which rune.
	Check func(text string) (col int, err error)

	edit    Editor
	typing  bool
	before  string // the text when typing began
	outcome Outcome

	history []string
	recall  int    // position in history; len(history) is the draft
	draft   string // what was typed before history was asked

	offers []Completion
	chosen int    // of offers, -1 none
	stem   string // the runes that the chosen offer replaced

	checked bool
	badCol  int
	bad     error

	off, w int // first rune shown, width of the last Render
}

// Start takes the keyboard.
func (in *Input) Start() {
	in.typing, in.before, in.outcome = true, in.edit.Text(), None
	in.edit.SetPos(len(in.edit.Runes()))
	in.recall, in.draft = len(in.history), ""
	in.changed()
}

// Typing says that the line has the keyboard.
func (in *Input) Typing() bool { return in.typing }

// Text is what stands there now.
func (in *Input) Text() string { return in.edit.Text() }

// Set replaces the text.
func (in *Input) Set(text string) {
	in.edit.Set(text)
	in.changed()
}

// Done says, once, how typing ended.
func (in *Input) Done() Outcome {
	o := in.outcome
	in.outcome = None
	return o
}

// Err is what Check says of the text, and the rune it points at.
func (in *Input) Err() (col int, err error) {
	if !in.checked {
		in.checked, in.badCol, in.bad = true, 0, nil
		if in.Check != nil && len(in.edit.Runes()) > 0 {
			in.badCol, in.bad = in.Check(in.edit.Text())
		}
	}
	return in.badCol, in.bad
}

// Offers is the completions at the cursor, and which of them stands in the text;
// -1 none.
func (in *Input) Offers() (offers []Completion, chosen int) { return in.offers, in.chosen }

// History gives earlier entries, oldest first, as a session before left them.
func (in *Input) History(entries []string) {
	in.history = append([]string(nil), entries...)
	in.recall = len(in.history)
}

// Entries is the history, oldest first.
func (in *Input) Entries() []string { return in.history }

// Paste inserts text, made safe and one line.
func (in *Input) Paste(text string) {
	in.edit.Insert(text)
	in.changed()
}

// Key edits while typing; every key is taken then, so that none reaches an action
// by accident, but for those with ctrl or alt that mean nothing here.
func (in *Input) Key(msg tea.KeyPressMsg) bool {
	if !in.typing {
		return false
	}
	switch msg.String() {
	case "enter":
		in.accept()
	case "esc":
		in.cancel()
	case "tab":
		in.cycle(1)
	case "shift+tab":
		in.cycle(-1)
	case "up", "ctrl+p":
		in.recallEntry(-1)
	case "down", "ctrl+n":
		in.recallEntry(1)
	default:
		return in.editKey(msg)
	}
	return true
}

func (in *Input) editKey(msg tea.KeyPressMsg) bool {
	if in.edit.Key(msg) {
		in.recall = len(in.history)
		in.changed()
		return true
	}
	return msg.Mod&(tea.ModCtrl|tea.ModAlt) == 0
}

// changed asks again what could be typed, and forgets what was wrong.
func (in *Input) changed() {
	in.checked, in.chosen, in.offers = false, -1, nil
	if in.typing && in.Complete != nil {
		in.offers = in.Complete(in.edit.Text(), in.edit.Pos())
	}
}

func (in *Input) accept() {
	text := in.edit.Text()
	if n := len(in.history); text != "" && (n == 0 || in.history[n-1] != text) {
		in.history = append(in.history, text)
		in.history = in.history[max(0, len(in.history)-maxHistory):]
	}
	in.stop(Accepted)
}

func (in *Input) cancel() {
	if in.chosen >= 0 { // the first esc takes back only what tab put there
		in.put(in.stem)
		in.changed()
		return
	}
	in.edit.Set(in.before)
	in.stop(Cancelled)
}

func (in *Input) stop(o Outcome) {
	in.typing, in.outcome = false, o
	in.changed()
}

// cycle puts the next offer in place of the last.
func (in *Input) cycle(dir int) {
	if len(in.offers) == 0 {
		return
	}
	n := len(in.offers)
	next := in.chosen + dir
	switch {
	case in.chosen < 0 && dir < 0:
		next = n - 1
	case next < 0 || next >= n:
		next = (next + n) % n
	}
	if in.chosen < 0 {
		from := min(max(in.offers[next].From, 0), in.edit.Pos())
		in.stem = string(in.edit.Runes()[from:in.edit.Pos()])
	} else {
		in.put(in.stem)
	}
	from := min(max(in.offers[next].From, 0), in.edit.Pos())
	in.stem = string(in.edit.Runes()[from:in.edit.Pos()])
	in.chosen = next
	in.edit.Replace(from, in.offers[next].Text)
	in.checked = false
}

// put replaces the chosen offer in the text by s.
func (in *Input) put(s string) {
	in.edit.Replace(in.offers[in.chosen].From, s)
	in.checked = false
}

func (in *Input) recallEntry(dir int) {
	to := in.recall + dir
	if to < 0 || to > len(in.history) {
		return
	}
	if in.recall == len(in.history) {
		in.draft = in.edit.Text()
	}
	in.recall = to
	text := in.draft
	if to < len(in.history) {
		text = in.history[to]
	}
	in.edit.Set(text)
	in.changed()
}
