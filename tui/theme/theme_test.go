package theme

import (
	"image/color"
	"math"
	"reflect"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
)

// luminance is WCAG's relative luminance.
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	lin := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(r) + 0.7152*lin(g) + 0.0722*lin(b)
}

func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// colours are the foreground and background that a style really sets.
func colours(t *testing.T, s Style) (fg, bg color.Color) {
	t.Helper()
	p := ansi.NewParser()
	var state byte
	rest := s.Render("x")
	for len(rest) > 0 {
		_, _, n, next := ansi.DecodeSequence(rest, state, p)
		if ansi.Cmd(p.Command()).Final() == 'm' && rest[0] == 0x1b {
			params := p.Params()
			for i := 0; i < len(params); i++ {
				v, _, _ := params.Param(i, 0)
				if v != 38 && v != 48 {
					continue
				}
				var c color.Color
				used := ansi.ReadStyleColor(params[i:], &c)
				if v == 38 && fg == nil {
					fg = c
				} else if v == 48 && bg == nil {
					bg = c
				}
				i += max(used-1, 0)
			}
		}
		rest, state = rest[n:], next
	}
	return fg, bg
}

// Words are readable: 4.5:1 at least, on every background that the theme has.
func TestContrast(t *testing.T) {
	for _, p := range []Palette{Dark(), Light(), Contrast()} {
		th := New(p, false)
		floor := 4.5
		if p.Name == "contrast" {
			floor = 7
		}
		for _, on := range []struct {
			name string
			set  Set
			bg   color.Color
		}{{"plain", th.Plain, p.Background}, {"raised", th.Raised, p.RaisedBG}, {"row", th.Row, p.RowBG}} {
			for name, s := range wordStyles(on.set) {
				fg, bg := colours(t, s)
				if fg == nil {
					t.Errorf("%s %s %s sets no colour", p.Name, on.name, name)
					continue
				}
				if bg == nil && on.name != "plain" {
					t.Errorf("%s %s %s sets no background", p.Name, on.name, name)
				}
				want := floor
				if name == "Engaged" { // a glyph, and never a word
					want = 3
				}
				if got := contrast(fg, on.bg); got < want {
					t.Errorf("%s %s %s: contrast %.2f:1, want %.1f", p.Name, on.name, name, got, want)
				}
			}
		}
	}
}

// wordStyles are all tokens that words are written in: every one but Faint and the
// series, which are lines.
func wordStyles(s Set) map[string]Style {
	out := map[string]Style{}
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if st, ok := reflect.TypeAssert[Style](v.Field(i)); ok && name != "Faint" {
			out[name] = st
		}
	}
	return out
}

// Every sign takes one cell, and has a partner in ASCII that takes one.
func TestGlyphs(t *testing.T) {
	u, a := reflect.ValueOf(Unicode()), reflect.ValueOf(ASCII())
	check := func(name, s string, ascii bool) {
		if name == "Enter" && ascii {
			return // a word is clearer than any letter
		}
		if n := ansi.StringWidth(s); n != 1 {
			t.Errorf("%s %q takes %d cells", name, s, n)
		}
		if n := ansi.StringWidthWc(s); n != 1 {
			t.Errorf("%s %q takes %d cells where code points are measured", name, s, n)
		}
		if ascii && (s[0] < ' ' || s[0] > '~') {
			t.Errorf("%s %q is not ASCII", name, s)
		}
	}
	for i := range u.NumField() {
		name := u.Type().Field(i).Name
		switch us := u.Field(i).Interface().(type) {
		case string:
			check(name, us, false)
			check(name, a.Field(i).String(), true)
		case []string:
			as, _ := reflect.TypeAssert[[]string](a.Field(i))
			for j, s := range us {
				check(name, s, false)
				if name == "Heat" || name == "Spark" {
					check(name, as[min(j, len(as)-1)], true)
				}
			}
		}
	}
}

// The signs of states differ from each other, so that none depends on its colour.
func TestStatesDiffer(t *testing.T) {
	for name, g := range map[string]Glyphs{"unicode": Unicode(), "ascii": ASCII()} {
		seen := map[string]bool{}
		for _, s := range []string{g.Running, g.Done, g.Failed, g.Pruned, g.Caution, g.Warning, g.Waiting, g.NotYet, g.Transition} {
			if seen[s] {
				t.Errorf("%s: two states share %q", name, s)
			}
			seen[s] = true
		}
	}
}

// Without colour, what must be seen has an attribute, and no colour is set.
func TestMonoAndBasic(t *testing.T) {
	th := New(Mono(), false)
	for set, s := range map[string]Set{"plain": th.Plain, "raised": th.Raised, "row": th.Row} {
		for name, st := range wordStyles(s) {
			if fg, bg := colours(t, st); fg != nil || bg != nil {
				t.Errorf("mono %s %s sets a colour", set, name)
			}
		}
		for _, st := range []Style{s.Caution, s.Warning, s.Selected, s.Title} {
			if st.Render("x") == "x" {
				t.Errorf("mono %s: an emphasis has no attribute", set)
			}
		}
	}
	for _, dark := range []bool{true, false} {
		for name, st := range wordStyles(New(Basic(dark), false).Plain) {
			fg, _ := colours(t, st)
			if _, ok := fg.(ansi.BasicColor); fg != nil && !ok {
				t.Errorf("basic %s uses %v, not one of the 16", name, fg)
			}
		}
	}
}

func TestBold(t *testing.T) {
	th := New(Dark(), false)
	if got := th.Plain.Selected.Bold().Render("x"); got != "\x1b[1m"+th.Plain.Selected.open+"x\x1b[m" {
		t.Errorf("bold renders %q", got)
	}
	if got := (Style{}).Bold().Render("x"); got != "\x1b[1mx\x1b[m" {
		t.Errorf("bold of nothing renders %q", got)
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		choice string
		seen   Terminal
		want   string
	}{
		{"", Terminal{}, "dark"},
		{"", Terminal{Light: true}, "light"},
		{"", Terminal{Profile: colorprofile.TrueColor}, "dark"},
		{"", Terminal{Profile: colorprofile.ANSI256, Light: true}, "light"},
		{"", Terminal{Profile: colorprofile.ANSI}, "basic"},
		{"", Terminal{Profile: colorprofile.ASCII}, "mono"},
		{"", Terminal{NoColor: true, Profile: colorprofile.TrueColor}, "mono"},
		{"contrast", Terminal{NoColor: true}, "contrast"},
		{"light", Terminal{}, "light"},
		{"no such", Terminal{Light: true}, "light"},
	} {
		if got := Choose(c.choice, c.seen); got.Name != c.want {
			t.Errorf("%q on %+v is %s, want %s", c.choice, c.seen, got.Name, c.want)
		}
	}
	if Choose("", Terminal{Profile: colorprofile.ANSI, Light: true}).Dark {
		t.Errorf("basic on a light terminal is made for a dark one")
	}
}
