package theme

// Glyphs are the signs of the cockpit, each one cell wide. They never carry a
// meaning alone: a word stands beside each.
type Glyphs struct {
	Running, Done, Failed, Pruned, Caution, Warning, Waiting, NotYet, Transition string
	Open, Closed                                                                 string // a tree's branches
	Here                                                                         string // the selection's mark, at column 1
	Bar, BarEmpty                                                                string // a share of a whole
	Should                                                                       string // where it should be
	Limit                                                                        string
	Rule, Divider, Tee, TeeUp                                                    string // a pane's rule, the line between panes, where they meet
	Sort, SortUp                                                                 string // beside the column that orders the table
	Unknown                                                                      string // no value
	PlusMinus                                                                    string // before how far values are apart
	Dot, Arrow, Ellipsis, Enter                                                  string
	Mark                                                                         string // a marked row
	Pin                                                                          string // a row whose curves stay
	Spark                                                                        []string
	Heat                                                                         []string
	Braille                                                                      bool // charts may use braille dots
	ThinSpace                                                                    string
}

// Unicode is the set for terminals that draw each of these in one cell.
func Unicode() Glyphs {
	return Glyphs{
		Running: "●", Done: "✓", Failed: "✗", Pruned: "×", Caution: "▲", Warning: "■", Waiting: "◌", NotYet: "○", Transition: "◐",
		Open: "▾", Closed: "▸", Here: "▌", Bar: "━", BarEmpty: "─", Should: "┃", Limit: "╌",
		Rule: "─", Divider: "│", Tee: "┬", TeeUp: "┴", Sort: "▾", SortUp: "▴", Unknown: "–", PlusMinus: "±", Dot: "·", Arrow: "→", Ellipsis: "…", Enter: "↵", Mark: "✓", Pin: "◆",
		Spark: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, Heat: []string{" ", "░", "▒", "▓", "█"}, Braille: true, ThinSpace: "\u2009",
	}
}

// ASCII is the set for terminals that do not: --ascii, or where ambiguous width
// was measured as two.
func ASCII() Glyphs {
	return Glyphs{
		Running: "*", Done: "+", Failed: "x", Pruned: "-", Caution: "!", Warning: "#", Waiting: ".", NotYet: "o", Transition: "%",
		Open: "v", Closed: ">", Here: ">", Bar: "=", BarEmpty: "-", Should: "|", Limit: "-",
		Rule: "-", Divider: "|", Tee: "+", TeeUp: "+", Sort: "v", SortUp: "^", Unknown: "-", PlusMinus: "~", Dot: ".", Arrow: ">", Ellipsis: "~", Enter: "enter", Mark: "+", Pin: "@",
		Spark: []string{"_", ".", "-", "=", "+", "*", "%", "#"}, Heat: []string{" ", ".", ":", "+", "#"}, ThinSpace: " ",
	}
}
