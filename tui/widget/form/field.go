// Package form asks for values: the fields of a dialog, with validation.
//
// It edits and draws, and knows nothing of what the values are for. The shell
// gives it a rectangle and the keyboard, asks Submitted after each key, and takes
// Values. esc, and what no field wants, is left to the shell.
package form

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Kind is what a field asks for.
type Kind uint8

// The kinds of fields.
const (
	Text   Kind = iota
	Number      // a number within Min and Max, moved by Step or Factor
	Choice      // one of Options
	Toggle      // "true" or "false"
	Note        // several lines
	Secret      // a text that is not shown
	Info        // no value: its Label is a paragraph to read
)

// Option is one value that a choice can have.
type Option struct {
	Value string
	Label string // what is shown; Value when empty
	Why   string // why it cannot be chosen now; shown, never silently missing
}

// Field is one question. ID names its value in Values and is unique in a form.
type Field struct {
	ID       string
	Kind     Kind
	Label    string
	Hint     string // one line: what it means, in what unit
	Default  string
	Required bool

	Options []Option // Choice

	// Number. Without Min and Max (both 0) any number will do.
	Min, Max float64
	Step     float64 // + and - add and subtract it; 1 where Integer
	Factor   float64 // + and - multiply and divide by it, for rates that span decades
	Integer  bool

	Rows int // Note: the rows that it takes on the screen, 3 when 0

	// When says whether the field is asked for, by the other values: one that is not
	// has no row and no value. nil is always.
	When func(Values) bool

	// Validate says what is wrong with a value. It sees the other values too, and
	// is not asked about an empty value that is not Required.
	Validate func(value string, all Values) error
}

// Values is what was entered, by field ID.
type Values map[string]string

// Int is an integer value; 0 when it is absent or none.
func (v Values) Int(id string) int {
	if n, err := strconv.Atoi(strings.TrimSpace(v[id])); err == nil {
		return n
	}
	f := v.Float(id)
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0
	}
	return int(f)
}

// Float is a number; 0 when it is absent or none.
func (v Values) Float(id string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(v[id]), 64)
	if err != nil {
		return 0
	}
	return f
}

// Bool is a toggle's value.
func (v Values) Bool(id string) bool { return v[id] == "true" }

// check says what is wrong with a value of the field.
func (f *Field) check(value string, all Values) error {
	trimmed := strings.TrimSpace(value)
	if trimmed == "" {
		if f.Required {
			return errors.New("is needed")
		}
		return nil
	}
	switch f.Kind {
	case Number:
		if err := f.checkNumber(trimmed); err != nil {
			return err
		}
	case Choice:
		if err := f.checkOption(value); err != nil {
			return err
		}
	}
	if f.Validate == nil {
		return nil
	}
	return f.Validate(value, all)
}

func (f *Field) checkNumber(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		return errors.New("is not a number")
	case f.Integer && v != math.Trunc(v):
		return errors.New("is not a whole number")
	case f.bounded() && (v < f.Min || v > f.Max):
		return fmt.Errorf("is not between %s and %s", f.format(f.Min), f.format(f.Max))
	}
	return nil
}

func (f *Field) checkOption(value string) error {
	for _, o := range f.Options {
		if o.Value == value {
			if o.Why != "" {
				return errors.New("cannot be chosen: " + o.Why)
			}
			return nil
		}
	}
	return errors.New("is not one of the choices")
}

func (f *Field) bounded() bool { return f.Min != 0 || f.Max != 0 }

func (f *Field) format(v float64) string {
	if f.Integer {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
	s := strconv.FormatFloat(v, 'g', 6, 64) // steps of 0.1 add up to 0.3, not to 0.30000000000000004
	return strings.Replace(s, "e-0", "e-", 1)
}

// steps says whether + and - move the field's number.
func (f *Field) steps() bool { return f.Integer || f.Step > 0 || f.Factor > 1 }

// step is the value moved by one step up (dir 1) or down (dir -1).
func (f *Field) step(value string, dir int) string {
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		v = f.Min
	}
	switch {
	case f.Factor > 1:
		v *= math.Pow(f.Factor, float64(dir))
	case f.Step > 0:
		v += f.Step * float64(dir)
	default:
		v += float64(dir)
	}
	if f.bounded() {
		v = min(max(v, f.Min), f.Max)
	}
	return f.format(v)
}

func (f *Field) focusable() bool { return f.Kind != Info }

func (f *Field) typed() bool {
	return f.Kind == Text || f.Kind == Number || f.Kind == Note || f.Kind == Secret
}
