package theme

import (
	"image/color"
	"slices"

	"charm.land/lipgloss/v2"
)

func colors(hex ...string) []color.Color {
	var out []color.Color
	for _, h := range hex {
		out = append(out, lipgloss.Color(h))
	}
	return out
}

// Dark is the dark cockpit, the default.
func Dark() Palette {
	return Palette{
		Name: "dark", Dark: true,
		Title: lipgloss.Color("#f2f4f7"), Text: lipgloss.Color("#d7dce2"), Dim: lipgloss.Color("#8a929d"), Quiet: lipgloss.Color("#78808c"),
		Faint: lipgloss.Color("#474e58"), Selected: lipgloss.Color("#56c7e0"), Engaged: lipgloss.Color("#6fbf73"), Target: lipgloss.Color("#d884d8"),
		Caution: lipgloss.Color("#f0b24b"), Warning: lipgloss.Color("#ef6a6a"),
		Series:     colors("#56b4e9", "#e69f00", "#35b597", "#cc79a7", "#5f8fd0", "#e07a3f", "#f0e442", "#a7a7a7"),
		Background: lipgloss.Color("#0f1216"), RaisedBG: lipgloss.Color("#1a1f26"), RowBG: lipgloss.Color("#17313a"),
	}
}

// Light is for paper-white terminals.
func Light() Palette {
	return Palette{
		Name:  "light",
		Title: lipgloss.Color("#0b0e12"), Text: lipgloss.Color("#22272e"), Dim: lipgloss.Color("#59616b"), Quiet: lipgloss.Color("#666e79"),
		Faint: lipgloss.Color("#c3c9d1"), Selected: lipgloss.Color("#00687f"), Engaged: lipgloss.Color("#1f7a33"), Target: lipgloss.Color("#9a2f9a"),
		Caution: lipgloss.Color("#8a5a00"), Warning: lipgloss.Color("#c02626"),
		Series:     colors("#1f6fb5", "#a86400", "#0f7a63", "#a83a7a", "#3b52b0", "#b8481a", "#7d7200", "#5f6570"),
		Background: lipgloss.Color("#fbfbf9"), RaisedBG: lipgloss.Color("#eef0f2"), RowBG: lipgloss.Color("#d8edf2"),
	}
}

// Contrast is for a projector, a bright room or tired eyes: every word at 7:1.
func Contrast() Palette {
	return Palette{
		Name: "contrast", Dark: true,
		Title: lipgloss.Color("#ffffff"), Text: lipgloss.Color("#ffffff"), Dim: lipgloss.Color("#d0d0d0"), Quiet: lipgloss.Color("#c4c4c4"),
		Faint: lipgloss.Color("#8a8a8a"), Selected: lipgloss.Color("#5fe7ff"), Engaged: lipgloss.Color("#7dff85"), Target: lipgloss.Color("#ff9dff"),
		Caution: lipgloss.Color("#ffd24d"), Warning: lipgloss.Color("#ff9b9b"),
		Series:     colors("#6fc8ff", "#ffb733", "#4fe0b8", "#ff9dcb", "#9db8ff", "#ff9a63", "#fff45c", "#d0d0d0"),
		Background: lipgloss.Color("#000000"), RaisedBG: lipgloss.Color("#101418"), RowBG: lipgloss.Color("#002a33"),
	}
}

// Basic uses the terminal's own 16 colours.
func Basic(dark bool) Palette {
	title := lipgloss.Color("15")
	if !dark {
		title = lipgloss.Color("0")
	}
	c := func(n string) color.Color { return lipgloss.Color(n) }
	return Palette{
		Name: "basic", Dark: dark, Basic: true,
		Title: title, Text: nil, Dim: c("8"), Quiet: c("8"), Faint: c("8"), Selected: c("6"), Engaged: c("2"), Target: c("5"), Caution: c("3"), Warning: c("1"),
		Series: colors("4", "3", "2", "5", "6", "1", "7"),
	}
}

// Mono has no colour: bold, faint and reverse, and a letter for each series.
func Mono() Palette { return Palette{Name: "mono", Dark: true, Mono: true} }

// Names are the themes that ByName knows.
func Names() []string { return []string{"dark", "light", "contrast", "basic", "mono"} }

// ByName finds a palette; ok is false for a name that is not in Names.
func ByName(name string, dark bool) (p Palette, ok bool) {
	if !slices.Contains(Names(), name) {
		return Palette{}, false
	}
	return map[string]func() Palette{
		"dark": Dark, "light": Light, "contrast": Contrast, "mono": Mono,
		"basic": func() Palette { return Basic(dark) },
	}[name](), true
}
