package query

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestComplete(t *testing.T) {
	for _, c := range []struct {
		src  string // the cursor is at |
		from int
		want []string // the first ones
	}{
		{"|", 0, []string{"state", "name", "start", "took", "epoch", "note", "metrics.", "params.", "tags."}},
		{"st|", 0, []string{"state", "start"}},
		{"(st|", 1, []string{"state", "start"}},
		{"otter and not st|", 14, []string{"state", "start"}},
		{"metrics.val|", 0, []string{"metrics.val_acc", "metrics.val_loss"}},
		{"vloss|", 0, []string{"metrics.val_loss"}},
		{"lr|", 0, []string{"params.lr"}},
		{"state |", 6, []string{"=", "!=", "in ("}},
		{"metrics.val_acc |", 16, []string{"=", "!=", ">", ">=", "<", "<="}},
		{"metrics.val_acc i|", 16, []string{"in (", "is null", "is not null"}},
		{"params.lr l|", 10, []string{"like"}},
		{"state = |", 8, []string{"running", "failed"}},
		{"state=|", 6, []string{"running", "failed"}},
		{"state = fa|", 8, []string{"failed"}},
		{"state in (|", 10, []string{"running", "failed"}},
		{"state in (failed, r|", 18, []string{"running"}},
		{"tags.team = |", 12, []string{"vision", `"two words"`}},
		{`tags.team = "two|`, 12, []string{`"two words"`}},
		{"start > |", 8, []string{"-1h"}},
		{"took > 1|", 7, []string{"1m", "10m", "1h", "1d"}},
		{"state = failed |", 15, []string{"and", "or"}},
		{"state = failed a|", 15, []string{"and"}},
		{"state in (failed) |", 18, []string{"and", "or"}},
		{"note is null |", 13, []string{"and", "or"}},
		{"state = failed and |", 19, []string{"state"}},
		{"日本 and st|", 7, []string{"state", "start"}},
		{"st| = failed", 0, []string{"state", "start"}},
		{`"some text|`, 0, nil},
	} {
		pos := utf8.RuneCountInString(c.src[:strings.Index(c.src, "|")])
		got := Complete(strings.Replace(c.src, "|", "", 1), pos, schema)
		var texts []string
		for _, g := range got {
			texts = append(texts, g.Text)
			if g.From != c.from {
				t.Errorf("%s: %s begins at %d, not %d", c.src, g.Text, g.From, c.from)
			}
		}
		if len(texts) < len(c.want) || !slices.Equal(texts[:len(c.want)], c.want) || c.want == nil && len(texts) > 0 {
			t.Errorf("%s: got %q", c.src, texts)
		}
	}
}

// Every completion of a clause must lead to a filter that parses.
func TestCompletionsParse(t *testing.T) {
	for _, c := range Complete("", 0, schema) {
		if strings.HasSuffix(c.Text, ".") || c.Text == "not" {
			continue
		}
		for _, o := range Complete(c.Text+" ", len(c.Text)+1, schema) {
			src := c.Text + " " + o.Text
			switch {
			case o.Text == "and" || o.Text == "or":
				src += " otter"
			case strings.HasPrefix(o.Text, "is"):
			default:
				values := Complete(src+" ", len(src)+1, schema)
				value := "18"
				if len(values) > 0 {
					value = values[0].Text
				}
				src += " " + value
				if strings.HasSuffix(o.Text, "(") {
					src += ")"
				}
			}
			if _, err := Parse(src, schema, now); err != nil {
				t.Errorf("%s: %v", src, err)
			}
		}
	}
}

func TestFuzzy(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		positions     []int
		ok            bool
	}{
		{"", "x", nil, true},
		{"x", "", nil, false},
		{"vl", "val_loss", []int{0, 4}, true},
		{"loss", "val_loss", []int{4, 5, 6, 7}, true},
		{"bo", "brisk-otter", []int{0, 6}, true},
		{"ot", "brisk-otter", []int{6, 7}, true},
		{"BO", "brisk-otter", nil, false}, // capitals count
		{"fb", "fooBar", []int{0, 3}, true},
		{"B", "fooBar", []int{3}, true},
		{"本", "日本", []int{1}, true},
		{"ba", "ab", nil, false},
		{"rs", "experiments.runs.stop", []int{12, 17}, true},
	} {
		_, positions, ok := Fuzzy(c.pattern, c.text)
		if ok != c.ok || !slices.Equal(positions, c.positions) {
			t.Errorf("%s in %s: got %v %v", c.pattern, c.text, positions, ok)
		}
	}
}

func TestFuzzyPrefers(t *testing.T) {
	for _, c := range []struct{ pattern, better, worse string }{
		{"stop", "stop job", "restart on top"},
		{"rs", "run stop", "arise"},
		{"loss", "loss", "l_o_s_s"},
		{"va", "val_acc", "eval_alpha"},
		{"dl", "docker logs", "docker pull"},
	} {
		a, _, okA := Fuzzy(c.pattern, c.better)
		b, _, okB := Fuzzy(c.pattern, c.worse)
		if !okA || !okB || a <= b {
			t.Errorf("%s: %s has %d, %s has %d", c.pattern, c.better, a, c.worse, b)
		}
	}
}

func FuzzFuzzy(f *testing.F) {
	f.Add("vl", "val_loss")
	f.Add("", "")
	f.Add("日", "本日")
	f.Add("aaa", strings.Repeat("a", 600))
	f.Fuzz(func(t *testing.T, pattern, text string) {
		_, positions, ok := Fuzzy(pattern, text)
		if !ok {
			return
		}
		p, r := []rune(pattern), []rune(text)
		if len(positions) != len(p) {
			t.Fatalf("%d positions of %d letters", len(positions), len(p))
		}
		for i, at := range positions {
			if at < 0 || at >= len(r) || i > 0 && at <= positions[i-1] {
				t.Fatalf("%q in %q: %v", pattern, text, positions)
			}
			if !strings.EqualFold(string(lowerRunes([]rune{r[at]})), string(lowerRunes([]rune{p[i]}))) {
				t.Fatalf("%q in %q: %v", pattern, text, positions)
			}
		}
	})
}
