package form

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"flightdeck/tui/widget/input"
)

// entry is a field with what was entered.
type entry struct {
	Field
	edit    input.Editor // Text, Number, Note, Secret
	value   string       // Choice and Toggle
	touched bool
	hidden  bool  // by When
	err     error // shown under the field
	off     int   // first rune (Note: row) shown

	// where it was last drawn, in the form's cells
	top, rows, left, width int
	spots                  []spot // what a click can choose
}

type spot struct {
	x, y, w int // y from the field's first row
	value   string
}

// Form is fields, one of which has the keyboard.
type Form struct {
	entries   []*entry
	focus     int // -1 when no field can have the keyboard
	submitted bool
	scroll    int
	cursor    *tea.Cursor
}

// New is a form of these fields, with their defaults and the first field focused.
func New(fields ...Field) *Form {
	f := &Form{focus: -1}
	for _, fd := range fields {
		e := &entry{Field: fd}
		e.edit.Multi = fd.Kind == Note
		e.set(fd.Default)
		e.touched = false
		f.entries = append(f.entries, e)
	}
	f.reveal()
	f.focus = f.firstField()
	return f
}

// reveal asks each field again whether it is there, after a value changed.
func (f *Form) reveal() {
	v := Values{}
	for _, e := range f.entries {
		if e.Field.focusable() {
			v[e.ID] = e.text()
		}
	}
	for _, e := range f.entries {
		e.hidden = e.When != nil && !e.When(v)
	}
}

// focusable says that the entry can have the keyboard, and has a value.
func (e *entry) focusable() bool { return !e.hidden && e.Field.focusable() }

// set gives the entry a value without checking it.
func (e *entry) set(value string) {
	e.touched = true
	if e.typed() {
		e.edit.Set(value)
		return
	}
	e.value = value
	switch {
	case e.Kind == Toggle && value != "true":
		e.value = "false"
	case e.Kind == Choice && value == "":
		for _, o := range e.Options {
			if o.Why == "" {
				e.value = o.Value
				return
			}
		}
	}
}

// text is the entry's value. One that was not touched is its default, byte for
// byte, though the screen shows it made safe.
func (e *entry) text() string {
	switch {
	case !e.typed():
		return e.value
	case !e.touched:
		return e.Default
	}
	return e.edit.Text()
}

// Set gives a field another value, as if it had been entered.
func (f *Form) Set(id, value string) {
	for _, e := range f.entries {
		if e.ID == id {
			e.set(value)
			e.err = nil
		}
	}
	f.reveal()
}

// Lined says that enter makes a new line in the focused field; only ctrl+s submits
// from there.
func (f *Form) Lined() bool {
	e := f.current()
	return e != nil && e.Kind == Note
}

// Focus puts the keyboard on a field.
func (f *Form) Focus(id string) {
	for i, e := range f.entries {
		if e.ID == id && e.focusable() {
			f.focus = i
		}
	}
}

// Focused is the ID of the field that has the keyboard.
func (f *Form) Focused() string {
	if e := f.current(); e != nil {
		return e.ID
	}
	return ""
}

func (f *Form) current() *entry {
	if f.focus < 0 {
		return nil
	}
	return f.entries[f.focus]
}

func (f *Form) values() Values {
	v := Values{}
	for _, e := range f.entries {
		if e.focusable() {
			v[e.ID] = e.text()
		}
	}
	return v
}

// Values is what was entered. The error is of the first field that is wrong, and
// names it; the values come with it.
func (f *Form) Values() (Values, error) {
	v := f.values()
	for _, e := range f.entries {
		if !e.focusable() {
			continue
		}
		if err := e.check(v[e.ID], v); err != nil {
			return v, fmt.Errorf("%s %w", strings.ToLower(e.Label), err)
		}
	}
	return v, nil
}

// Submitted says, once, that the form was confirmed and every field is right.
func (f *Form) Submitted() bool {
	s := f.submitted
	f.submitted = false
	return s
}

// Submit confirms the form, as enter does: what is wrong is shown, and the first
// such field gets the keyboard. True means that Submitted is.
func (f *Form) Submit() bool {
	v := f.values()
	bad := -1
	for i, e := range f.entries {
		if !e.focusable() {
			continue
		}
		if e.err = e.check(v[e.ID], v); e.err != nil && bad < 0 {
			bad = i
		}
	}
	if bad >= 0 {
		f.focus = bad
		return false
	}
	f.submitted = true
	return true
}

// Typing says that the focused field takes text, so that no action may fire.
func (f *Form) Typing() bool { e := f.current(); return e != nil && e.typed() }

// Paste puts text into the focused field.
func (f *Form) Paste(text string) {
	if e := f.current(); e != nil && e.typed() {
		e.touch()
		e.edit.Insert(text)
		f.reveal()
	}
}

// Cursor is where the cursor stands in the cells of the last Render; nil hides it.
func (f *Form) Cursor() *tea.Cursor { return f.cursor }

// touch notes that the value is no longer the default, and what was wrong with it
// may be no longer.
func (e *entry) touch() { e.touched, e.err = true, nil }
