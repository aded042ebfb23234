package theme

import "github.com/charmbracelet/colorprofile"

// Terminal is what a client's terminal has said about itself so far. The zero
// value is one that has said nothing yet.
type Terminal struct {
	Profile colorprofile.Profile // how many colours
	Light   bool                 // its background
	NoColor bool                 // NO_COLOR is set and not empty
}

// Choose is the palette for a terminal. choice is what the user asked for, one of
// Names, and stands above all that was detected; empty or unknown means: see what
// the terminal can do.
func Choose(choice string, t Terminal) Palette {
	if p, ok := ByName(choice, !t.Light); ok {
		return p
	}
	switch {
	case t.NoColor, t.Profile == colorprofile.ASCII, t.Profile == colorprofile.NoTTY:
		return Mono()
	case t.Profile == colorprofile.ANSI:
		return Basic(!t.Light)
	case t.Light:
		return Light()
	}
	return Dark()
}
