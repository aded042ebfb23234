package experiments

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// savedView is an arrangement of the tab as it stands in a file. What is not said
// is as it is by itself. It may have been written by hand.
type savedView struct {
	Columns  []string       `json:"columns,omitempty"` // those that are on, in their order
	Widths   map[string]int `json:"widths,omitempty"`  // cells, of those that were chosen
	Sort     string         `json:"sort,omitempty"`
	Desc     bool           `json:"descending,omitempty"`
	Filter   string         `json:"filter,omitempty"`
	Group    string         `json:"group,omitempty"`
	Baseline string         `json:"baseline,omitempty"` // source/id
	Delta    bool           `json:"delta,omitempty"`
	Charts   savedCharts    `json:"charts,omitzero"`
}

type savedCharts struct {
	Kind     string          `json:"kind,omitempty"` // Curves, Parallel, Scatter
	Metric   string          `json:"metric,omitempty"`
	Pinned   []string        `json:"pinned,omitempty"`
	X        string          `json:"x,omitempty"`
	Smooth   float64         `json:"smooth,omitempty"`
	LogX     bool            `json:"log_x,omitempty"`
	Log      map[string]bool `json:"log,omitempty"`      // of metrics, where it was chosen
	Axes     []string        `json:"axes,omitempty"`     // of the parallel axes
	Shade    string          `json:"shade,omitempty"`    // the metric that shades them
	AxisLog  map[string]bool `json:"axis_log,omitempty"` // of the axes, where it was chosen
	ScatterX string          `json:"scatter_x,omitempty"`
	ScatterY string          `json:"scatter_y,omitempty"`
}

// Bounds of what a view's file may hold.
const (
	mostListed  = 500
	longestText = 2000
	mostSmooth  = 0.98
)

// parseView reads a view. What it does not know is an error, which names it: a
// misspelt word would else do nothing and say nothing.
func parseView(data []byte) (savedView, error) {
	var v savedView
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return savedView{}, fmt.Errorf("saved view: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return savedView{}, errors.New("saved view: there is more after it")
	}
	return v, v.check()
}

// check refuses what no view could have.
func (v *savedView) check() error {
	c := &v.Charts
	texts := slices.Concat(v.Columns, c.Pinned, c.Axes, []string{v.Sort, v.Filter, v.Group, v.Baseline, c.Metric, c.X, c.Shade, c.ScatterX, c.ScatterY})
	for k := range v.Widths {
		texts = append(texts, k)
	}
	for _, m := range []map[string]bool{c.Log, c.AxisLog} {
		for k := range m {
			texts = append(texts, k)
		}
	}
	switch {
	case len(texts) > mostListed:
		return fmt.Errorf("saved view: more than %d names", mostListed)
	case slices.ContainsFunc(texts, func(s string) bool { return len(s) > longestText }):
		return fmt.Errorf("saved view: a text of more than %d bytes", longestText)
	case slices.ContainsFunc(texts, func(s string) bool { return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) }):
		return errors.New("saved view: a control character in a text")
	case !(c.Smooth >= 0 && c.Smooth <= mostSmooth):
		return fmt.Errorf("saved view: smooth %v is not between 0 and %v", c.Smooth, mostSmooth)
	case c.Kind != "" && !slices.Contains([]string{"Curves", "Parallel", "Scatter"}, c.Kind):
		return fmt.Errorf("saved view: there is no chart kind %q: Curves, Parallel or Scatter", c.Kind)
	}
	for k, w := range v.Widths {
		if w < 1 || w > 200 {
			return fmt.Errorf("saved view: %q is %d cells wide; 1 to 200", k, w)
		}
	}
	return nil
}

// note is what a view is about, in a few words.
func (v *savedView) note() string {
	var words []string
	if v.Filter != "" {
		words = append(words, "/ "+v.Filter)
	}
	if v.Group != "" {
		words = append(words, "by "+spoken(v.Group))
	}
	if v.Sort != "" {
		words = append(words, "sorted by "+plain(v.Sort))
	}
	if v.Charts.Kind != "" {
		words = append(words, strings.ToLower(v.Charts.Kind))
	}
	return strings.Join(words, ", ")
}
