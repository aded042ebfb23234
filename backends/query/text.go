package query

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// number reads a whole string as a float. It is called for every param of every
// row, and most params that are no numbers end at the first byte: ParseFloat's
// error would cost an allocation.
func number(s string) (float64, bool) {
	if s == "" || len(s) > 64 {
		return 0, false
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '+', c == '-', c == '.':
	case lowerByte(c) == 'n', lowerByte(c) == 'i':
		if len(s) > len("infinity") || !strings.EqualFold(s, "nan") && !strings.EqualFold(s, "inf") && !strings.EqualFold(s, "infinity") {
			return 0, false
		}
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !isRange(err) || strings.ContainsAny(s, "_xX") {
		return 0, false
	}
	return f, true
}

// isRange holds for a number that is only too large: ParseFloat then gives ±Inf.
func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// containsFold reports whether the lower-case pattern occurs in the text.
func containsFold(text, lower string) bool {
	if len(lower) == 0 {
		return true
	}
	if !ascii(lower) {
		return strings.Contains(strings.ToLower(text), lower)
	}
	for i := 0; i+len(lower) <= len(text); i++ {
		j := 0
		for j < len(lower) && lowerByte(text[i+j]) == lower[j] {
			j++
		}
		if j == len(lower) {
			return true
		}
	}
	return false
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// near reports whether the letters of the lower-case pattern occur in order in
// the text and close enough together to be meant: over at most three times their
// number. Without the limit nearly every pattern is found in a long note.
func near(lower, text string) bool {
	n := utf8.RuneCountInString(lower)
	if n < 2 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(lower)
	for i, r := range text {
		if unicode.ToLower(r) == first && within(lower, text[i:], 3*n) {
			return true
		}
	}
	return false
}

func within(lower, text string, limit int) bool {
	for _, r := range text {
		if limit == 0 {
			return false
		}
		limit--
		want, size := utf8.DecodeRuneInString(lower)
		if unicode.ToLower(r) != want {
			continue
		}
		if lower = lower[size:]; lower == "" {
			return true
		}
	}
	return false
}

// pattern is a compiled LIKE: literal runes, any one rune, any text.
type pattern struct {
	p    []rune
	fold bool
}

const (
	anyRune rune = -1
	anyText rune = -2
)

func newPattern(like string, fold bool) *pattern {
	p := &pattern{fold: fold}
	for _, r := range like {
		switch {
		case r == '%':
			if n := len(p.p); n > 0 && p.p[n-1] == anyText {
				continue
			}
			r = anyText
		case r == '_':
			r = anyRune
		case fold:
			r = unicode.ToLower(r)
		}
		p.p = append(p.p, r)
	}
	return p
}

// match holds when the pattern covers the whole text. It goes back only to the
// last %, so it takes at most the product of both lengths.
func (p *pattern) match(text string) bool {
	pi, ti := 0, 0
	backP, backT := -1, 0
	for ti < len(text) {
		r, size := utf8.DecodeRuneInString(text[ti:])
		if p.fold {
			r = unicode.ToLower(r)
		}
		switch {
		case pi < len(p.p) && p.p[pi] == anyText:
			backP, backT = pi, ti
			pi++
		case pi < len(p.p) && (p.p[pi] == anyRune || p.p[pi] == r):
			pi++
			ti += size
		case backP >= 0:
			_, step := utf8.DecodeRuneInString(text[backT:])
			backT += step
			pi, ti = backP+1, backT
		default:
			return false
		}
	}
	for pi < len(p.p) && p.p[pi] == anyText {
		pi++
	}
	return pi == len(p.p)
}
