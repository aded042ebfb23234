package train

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// How many reviews there are, and in which shares they are hard.
const (
	reviewsTrain  = 1200
	reviewsVal    = 200
	reviewsTest   = 200
	shareNegated  = 0.12
	shareContrast = 0.08
)

// vocabulary of the reviews. Praise and blame are told apart by the last list
// only, so a negation or a contrast turns a review whose words look the same.
type vocabulary struct{ subjects, adverbs, tails, links, good, bad []string }

func reviewWords() vocabulary {
	return vocabulary{
		subjects: strings.Fields("plot acting pacing soundtrack ending script service menu coffee breakfast battery screen keyboard hinge charger manual"),
		adverbs:  strings.Fields("really quite rather truly"),
		tails: []string{
			"from start to finish", "for the price", "on a rainy evening", "after two weeks",
			"compared with the last one", "and my sister agreed", "by any standard", "as far as i can tell",
		},
		links: []string{"but in the end it felt", "yet on the whole it felt"},
		good:  strings.Fields("great lovely superb charming solid pleasant crisp rewarding"),
		bad:   strings.Fields("awful dull clumsy tedious flimsy bland sloppy grating"),
	}
}

// sentiment writes the reviews. Labels: 0 is blame, 1 is praise.
func sentiment(cfg Config) *data {
	seed := uint64(cfg.SplitSeed)
	r, noise := newPCG(seed, forText), newPCG(seed, forNoise)
	v := reviewWords()
	d := &data{name: "sentiment", source: "generated", classes: []string{"negative", "positive"}}
	h := sha256.New()
	for i := range reviewsTrain + reviewsVal + reviewsTest {
		text, label := v.review(r)
		if noise.float() < cfg.Noise {
			label = 1 - label
		}
		d.texts, d.y = append(d.texts, text), append(d.y, label)
		h.Write([]byte(text + "\t" + d.classes[label] + "\n"))
		to := &d.train
		switch {
		case i >= reviewsTrain+reviewsVal:
			to = &d.test
		case i >= reviewsTrain:
			to = &d.val
		}
		*to = append(*to, i)
	}
	d.digest = "sha256:" + hex.EncodeToString(h.Sum(nil))
	return d
}

func pick(r *pcg, from []string) string { return from[r.below(len(from))] }

func (v *vocabulary) word(r *pcg, label int) string {
	if label == 1 {
		return pick(r, v.good)
	}
	return pick(r, v.bad)
}

// review is one text and what it really says.
func (v *vocabulary) review(r *pcg) (string, int) {
	label := r.below(2)
	text := "the " + pick(r, v.subjects) + " was "
	kind := r.float()
	adverb := ""
	if r.float() < 0.4 {
		adverb = pick(r, v.adverbs) + " "
	}
	switch {
	case kind < shareNegated:
		text += adverb + "not " + v.word(r, 1-label)
	case kind < shareNegated+shareContrast:
		return text + adverb + v.word(r, 1-label) + " " + pick(r, v.links) + " " + v.word(r, label), label
	default:
		text += adverb + v.word(r, label)
	}
	if r.float() < 0.6 {
		text += " " + pick(r, v.tails)
	}
	return text, label
}

// ngrams are the runs of up to n words of a text.
func ngrams(text string, n int) []string {
	words := strings.Fields(strings.ToLower(text))
	var out []string
	for size := 1; size <= n; size++ {
		for i := 0; i+size <= len(words); i++ {
			out = append(out, strings.Join(words[i:i+size], " "))
		}
	}
	return out
}
