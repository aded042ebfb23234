package tuitest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// named are the keys that have a name.
func named(name string) (rune, bool) {
	code, ok := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
		"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"enter": tea.KeyEnter, "tab": tea.KeyTab, "esc": tea.KeyEscape, "space": tea.KeySpace,
		"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "insert": tea.KeyInsert,
		"f1": tea.KeyF1, "f2": tea.KeyF2, "f3": tea.KeyF3, "f4": tea.KeyF4, "f5": tea.KeyF5,
	}[name]
	return code, ok
}

// Key is the press that String calls name.
func Key(name string) (tea.KeyPressMsg, error) {
	var k tea.KeyPressMsg
	rest := name
	for {
		mod, after, ok := strings.Cut(rest, "+")
		bit := map[string]tea.KeyMod{"ctrl": tea.ModCtrl, "alt": tea.ModAlt, "shift": tea.ModShift}[mod]
		if !ok || bit == 0 || after == "" {
			break
		}
		k.Mod |= bit
		rest = after
	}
	if code, ok := named(rest); ok {
		k.Code = code
		if rest == "space" && k.Mod == 0 {
			k.Text = " "
		}
	} else if r, n := utf8.DecodeRuneInString(rest); n == len(rest) && n > 0 {
		if k.Mod == 0 {
			return textKey(r), nil
		}
		k.Code = r
	} else {
		return k, fmt.Errorf("no key is called %q", name)
	}
	if got := k.String(); got != name {
		return k, fmt.Errorf("no key is called %q, perhaps %q", name, got)
	}
	return k, nil
}

// textKey is the press that gives a character.
func textKey(r rune) tea.KeyPressMsg {
	if r == ' ' {
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	k := tea.KeyPressMsg{Code: unicode.ToLower(r), Text: string(r)}
	if unicode.IsUpper(r) {
		k.Mod, k.ShiftedCode = tea.ModShift, r
	}
	return k
}
