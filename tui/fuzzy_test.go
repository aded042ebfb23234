package tui

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestFuzzyOrder(t *testing.T) {
	for _, c := range []struct {
		query string
		texts []string // the best first
	}{
		{"pro dig", []string{"Promote digits-api to v13", "Promote best trial of digits-lr-width", "Prune trial 20, improve digits"}},
		{"stop", []string{"Stop brisk-otter", "set the top", "desktop lamp"}},
		{"bo", []string{"Run brisk-otter", "Run elbow"}},
		{"la", []string{"layout", "next layout", "plan"}},
	} {
		last := 1 << 30
		for _, text := range c.texts {
			m, ok := fuzzy(words(c.query), text)
			if !ok {
				t.Errorf("%q does not find %q", c.query, text)
			}
			if m.score > last {
				t.Errorf("%q: %q is better (%d) than the one before (%d)", c.query, text, m.score, last)
			}
			last = m.score
		}
	}
	if _, ok := fuzzy(words("xyz"), "x y"); ok {
		t.Error("xyz found in x y")
	}
}

// Whatever is found is there: letters in order for each word, marked once.
func FuzzFuzzy(f *testing.F) {
	f.Add("pro dig", "Promote digits-api to v13")
	f.Add("ÄÖ", "äÖü Äö")
	f.Add("aa", "a")
	f.Add("", "")
	f.Add("İ", "İi")
	f.Fuzz(func(t *testing.T, query, text string) {
		if len(query) > 30 || len(text) > 200 {
			return
		}
		m, ok := fuzzy(words(query), text)
		runes := []rune(text)
		low := strings.Map(unicode.ToLower, text)
		for _, w := range words(query) {
			i := 0
			wr := []rune(w)
			for _, r := range low {
				if i < len(wr) && wr[i] == r {
					i++
				}
			}
			if found := i == len(wr); !found && ok {
				t.Fatalf("%q found in %q though %q is not there", query, text, w)
			}
		}
		if !slices.IsSorted(m.at) || len(slices.Compact(slices.Clone(m.at))) != len(m.at) {
			t.Fatalf("marks %v", m.at)
		}
		for _, at := range m.at {
			if at < 0 || at >= len(runes) || !strings.ContainsRune(strings.ToLower(query), unicode.ToLower(runes[at])) {
				t.Fatalf("mark %d of %q for %q", at, text, query)
			}
		}
	})
}

// What is called as the query says hides what only has its letters somewhere.
func TestScatteredLetters(t *testing.T) {
	for _, c := range []struct {
		query, text  string
		whole, stray bool
	}{
		{"theme", "next theme", true, false},
		{"theme", "Delete the 2 marked runs", false, true},
		{"theme", "Register the model of brisk-otter", false, true},
		{"pd", "Promote digits", false, false},
		{"bow", "elbow", false, false},
		{"next th", "next theme", true, false},
	} {
		m, ok := fuzzy(words(c.query), c.text)
		if !ok {
			t.Errorf("%q does not find %q", c.query, c.text)
		}
		if m.whole != c.whole || m.stray != c.stray {
			t.Errorf("%q in %q: whole %v, stray %v", c.query, c.text, m.whole, m.stray)
		}
	}
}
