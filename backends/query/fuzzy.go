package query

import (
	"slices"
	"unicode"
)

// What a letter of the pattern is worth where it is found.
const (
	scoreLetter   = 16
	scoreStart    = 10 // at the beginning of a word
	scoreHump     = 8  // a capital after a small letter, a digit after a letter
	scoreTogether = 10 // right after the letter before
	scoreGap      = 1  // taken off for each letter skipped in between
	maxFuzzyText  = 512
	maxFuzzyWords = 64
	unreachable   = -1 << 30
)

// Fuzzy looks for the letters of the pattern in order in the text, and prefers
// beginnings of words and letters that stand together. Case matters only where
// the pattern has capitals. Positions count runes of the text; only its first 512
// are looked at. An empty pattern is found everywhere with score 0.
func Fuzzy(pattern, text string) (score int, positions []int, ok bool) {
	p, t := []rune(pattern), []rune(text)
	if len(t) > maxFuzzyText {
		t = t[:maxFuzzyText]
	}
	if len(p) == 0 {
		return 0, nil, true
	}
	if len(p) > len(t) || len(p) > maxFuzzyWords {
		return 0, nil, false
	}
	f := fuzzy{p: p, t: t, fold: pattern == string(lowerRunes(slices.Clone(p)))}
	if !f.possible() {
		return 0, nil, false
	}
	f.fill()
	return f.trace()
}

func lowerRunes(r []rune) []rune {
	for i := range r {
		r[i] = unicode.ToLower(r[i])
	}
	return r
}

// fuzzy holds two tables, one row for each letter of the pattern: here is the
// best score with that letter at that place, best the same at it or before.
type fuzzy struct {
	p, t       []rune
	fold       bool
	here, best []int
}

func (f *fuzzy) equal(i, j int) bool {
	r := f.t[j]
	if f.fold {
		r = unicode.ToLower(r)
	}
	return r == f.p[i]
}

// possible is the quick answer for most texts.
func (f *fuzzy) possible() bool {
	i := 0
	for j := range f.t {
		if i < len(f.p) && f.equal(i, j) {
			i++
		}
	}
	return i == len(f.p)
}

func (f *fuzzy) bonus(j int) int {
	if j == 0 {
		return scoreStart
	}
	before, r := f.t[j-1], f.t[j]
	switch {
	case !unicode.IsLetter(r) && !unicode.IsDigit(r):
		return 0
	case !unicode.IsLetter(before) && !unicode.IsDigit(before):
		return scoreStart
	case unicode.IsUpper(r) && !unicode.IsUpper(before), unicode.IsDigit(r) && !unicode.IsDigit(before):
		return scoreHump
	}
	return 0
}

func (f *fuzzy) fill() {
	n := len(f.t)
	f.here, f.best = make([]int, n*len(f.p)), make([]int, n*len(f.p))
	for i := range f.p {
		best := unreachable
		for j := range n {
			at := i*n + j
			f.here[at] = unreachable
			if f.equal(i, j) {
				f.here[at] = f.score(i, j, n)
			}
			best = max(best-scoreGap, f.here[at])
			f.best[at] = best
		}
	}
}

func (f *fuzzy) score(i, j, n int) int {
	bonus := f.bonus(j)
	if i == 0 {
		return scoreLetter + 2*bonus
	}
	if j == 0 {
		return unreachable
	}
	before := (i-1)*n + j - 1
	if f.best[before] < unreachable/2 {
		return unreachable
	}
	return scoreLetter + max(f.here[before]+max(bonus, scoreTogether), f.best[before]+bonus)
}

// trace follows the best score back to the places that gave it.
func (f *fuzzy) trace() (score int, positions []int, ok bool) {
	n := len(f.t)
	last := f.here[(len(f.p)-1)*n:]
	at := 0
	for j := range last {
		if last[j] > last[at] {
			at = j
		}
	}
	score = last[at]
	positions = make([]int, len(f.p))
	for i := len(f.p) - 1; ; i-- {
		positions[i] = at
		if i == 0 {
			return score, positions, true
		}
		want := f.here[i*n+at] - scoreLetter
		bonus := f.bonus(at)
		at--
		row := (i - 1) * n
		if f.here[row+at]+max(bonus, scoreTogether) == want {
			continue
		}
		for f.best[row+at] != f.here[row+at] {
			at--
		}
	}
}
