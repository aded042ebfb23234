package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"

	"flightdeck/backends"
	"flightdeck/tui/widget/cell"
)

// safe makes text from outside harmless in a terminal.
func safe(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = cell.Safe(l)
	}
	return strings.Join(lines, "\n")
}

func checkFormat(f string) error {
	switch f {
	case "table", "json", "csv":
		return nil
	}
	return usageError("-o %s: it is table, json or csv", f)
}

// isTerminal reports whether the stream is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// width is how many cells the stream's lines have, 0 where there is no terminal.
func width(stream any) int {
	if f, ok := stream.(*os.File); ok {
		if w, _, err := term.GetSize(f.Fd()); err == nil {
			return w
		}
	}
	return 0
}

// listing is one answer in every output format: rows of text for people, exact
// values for CSV, the values themselves for JSON.
type listing struct {
	head  []string
	right map[int]bool // columns that hold numbers
	rows  [][]string
	value any    // for -o json
	empty string // what to do when there is nothing

	csvHead []string // where CSV says more than the table: exact figures, whole ids
	csvRows [][]string
}

func (c *cli) print(l listing) error {
	switch c.format {
	case "json":
		return c.json(l.value)
	case "csv":
		return c.csv(l)
	}
	if len(l.rows) == 0 {
		_, err := fmt.Fprintln(c.out, l.empty)
		return err
	}
	return table(c.out, l, width(c.out))
}

// csv writes RFC 4180. Into a terminal it is made safe, into a pipe it is exact.
func (c *cli) csv(l listing) error {
	rows := append([][]string{l.head}, l.rows...)
	if l.csvHead != nil {
		rows = append([][]string{l.csvHead}, l.csvRows...)
	}
	if isTerminal(c.out) {
		for _, r := range rows {
			for i, v := range r {
				r[i] = cell.Safe(v)
			}
		}
	}
	return csv.NewWriter(c.out).WriteAll(rows)
}

// json writes v so that no terminal acts on it: of control characters JSON itself
// escapes only those below the blank.
func (c *cli) json(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(c.out, escapeJSON(b.String()))
	return err
}

// escapeJSON escapes what may only stand inside of strings, where every character
// can be escaped.
func escapeJSON(doc string) string {
	var b strings.Builder
	for _, r := range doc {
		switch {
		case r == '\u007f', r >= '\u0080' && r <= '\u009f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// table writes rows in columns, each line cut at w cells where w is not 0.
func table(out io.Writer, l listing, w int) error {
	var rows [][]string
	for _, r := range append([][]string{l.head}, l.rows...) { // a run's name may head a column
		clean := make([]string, len(r))
		for i, v := range r {
			clean[i] = cell.Safe(v)
		}
		rows = append(rows, clean)
	}
	widths := make([]int, len(l.head))
	for _, r := range rows {
		for i, v := range r {
			widths[i] = max(widths[i], cell.Width(v))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		var line strings.Builder
		for i, v := range r {
			gap := strings.Repeat(" ", widths[i]-cell.Width(v))
			if l.right[i] {
				line.WriteString(gap + v)
			} else {
				line.WriteString(v + gap)
			}
			line.WriteString("  ")
		}
		text := strings.TrimRight(line.String(), " ")
		if w > 0 && cell.Width(text) > w {
			text, _ = cell.Cut(text, w, "…")
		}
		b.WriteString(text + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// figure is one value as a list shows it, in the convention that suits it alone.
func figure(v float64) string {
	var r cell.Range
	r.Add(v)
	return r.Figures().Format(v)
}

// figures is the convention in which a column's metrics are written.
func figures(all []*backends.Run, key string) func(float64) string {
	var values cell.Range
	for _, r := range all {
		column(r, key, func(v float64) string { values.Add(v); return "" })
	}
	return values.Figures().Format
}

// exact is a value as CSV has it: parsed again it is the same.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// stamp is a moment for a table, moment one for CSV; both are empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// seconds is a duration for CSV.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
