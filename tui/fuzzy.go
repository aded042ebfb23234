package tui

import (
	"strings"
	"unicode"
)

// match is where a query's letters were found, and how well.
type match struct {
	score int
	at    []int // runes of the text, ascending

	whole bool // every word of the query stands there as it is, at a word's start
	stray bool // a letter stands apart from the one before, and within a word
}

// fuzzy finds every word of the query in the text, each as letters in order, with
// gaps. Letters at the start of words and next to each other count more, so that
// "prod" finds "Promote digits" and "production" before "a paragon of dread".
func fuzzy(query []string, text string) (match, bool) {
	if len(query) == 0 {
		return match{}, true
	}
	runes := []rune(text)
	low := make([]rune, len(runes))
	for i, r := range runes {
		low[i] = unicode.ToLower(r)
	}
	m := match{whole: true}
	for _, word := range query {
		score, at, ok := fuzzyWord([]rune(word), runes, low)
		if !ok {
			return match{}, false
		}
		m.score += score
		apart, stray := scattered(runes, at)
		m.whole, m.stray = m.whole && !apart && placeScore(runes, at[0]) > 0, m.stray || stray
		m.at = merge(m.at, at)
	}
	m.score -= len(runes) / 8 // of two equal ones, the shorter
	return m, true
}

// words splits a query for fuzzy.
func words(query string) []string { return strings.Fields(strings.ToLower(query)) }

const (
	scoreLetter = 1
	scoreStart  = 8 // of a word
	scoreNext   = 6 // right after the one before
	scoreFirst  = 4 // of the text
	gapCost     = 3 // at most, for letters between
	none        = -1 << 30
)

// fuzzyWord places the letters of one word for the best score. best[j] is the best
// score with the letters so far, the last of them at rune j.
func fuzzyWord(word, text, low []rune) (int, []int, bool) {
	if !inOrder(word, low) {
		return 0, nil, false
	}
	n := len(text)
	best := make([]int, n)
	from := make([][]int, len(word))
	for i, r := range word {
		next := make([]int, n)
		from[i] = make([]int, n)
		far, farAt := none, -1 // the best of those before the neighbour
		for j := range n {
			next[j] = none
			if j >= 2 && best[j-2] > far {
				far, farAt = best[j-2], j-2
			}
			if low[j] != r {
				continue
			}
			s := scoreLetter + placeScore(text, j)
			switch {
			case i == 0:
				next[j], from[i][j] = s, -1
			case j == 0:
			default:
				near := best[j-1] + scoreNext
				if best[j-1] > none && near >= far-gapCost {
					next[j], from[i][j] = near+s, j-1
				} else if far > none {
					next[j], from[i][j] = far-gapCost+s, farAt
				}
			}
		}
		best = next
	}
	return trace(word, best, from)
}

// scattered says whether a word's letters stand apart from each other, and whether
// one of those that do is not even the first of a word.
func scattered(text []rune, at []int) (apart, stray bool) {
	for i := 1; i < len(at); i++ {
		if at[i] != at[i-1]+1 {
			apart = true
			stray = stray || placeScore(text, at[i]) == 0
		}
	}
	return apart, stray
}

func trace(word []rune, best []int, from [][]int) (int, []int, bool) {
	end := -1
	for j, s := range best {
		if s > none && (end < 0 || s > best[end]) {
			end = j
		}
	}
	if end < 0 {
		return 0, nil, false
	}
	at := make([]int, len(word))
	for i, j := len(word)-1, end; i >= 0; i-- {
		at[i] = j
		j = from[i][j]
	}
	return best[end], at, true
}

func placeScore(text []rune, j int) int {
	switch {
	case j == 0:
		return scoreStart + scoreFirst
	case !unicode.IsLetter(text[j-1]) && !unicode.IsDigit(text[j-1]):
		return scoreStart
	case unicode.IsUpper(text[j]) && unicode.IsLower(text[j-1]):
		return scoreStart
	}
	return 0
}

func inOrder(word, low []rune) bool {
	i := 0
	for _, r := range low {
		if i < len(word) && word[i] == r {
			i++
		}
	}
	return i == len(word)
}

// merge is the union of two ascending lists.
func merge(a, b []int) []int {
	out := make([]int, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || (len(a) > 0 && a[0] < b[0]):
			out, a = append(out, a[0]), a[1:]
		case len(a) == 0 || b[0] < a[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return out
}
