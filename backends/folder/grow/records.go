package grow

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxRecord is the longest line of a table or a log that is read; a longer one is
// left out.
const MaxRecord = 8 << 20

// ErrLongRecord is told once a record was left out.
var ErrLongRecord = errors.New("a record is longer than 8 MiB")

// Table follows a text file of rows whose cells are parted by Comma, quoted with "
// as in RFC 4180, the first row of which names the columns. A row counts when its
// line feed is there.
type Table struct {
	File
	Comma byte

	header []string
	cells  [][]byte
	skip   bool // in the middle of a record that is too long
}

// Rows is what a Table tells. A header comes first, and again, whenever the file was
// written anew; rows are only valid during the call.
type Rows struct {
	Header  func(columns []string)
	Row     func(cells [][]byte, written time.Time)
	Trouble func(error)
}

// Read tells the rows that were added since the last call.
func (t *Table) Read(ctx context.Context, to Rows) error {
	return t.File.Read(ctx, func() { t.header, t.skip = nil, false }, func(p []byte, _ int64, mtime time.Time) int {
		used := 0
		for {
			end := recordEnd(p[used:])
			if end < 0 {
				break
			}
			if !t.skip {
				t.record(p[used:used+end], mtime, to)
			}
			t.skip = false
			used += end
		}
		if rest := len(p) - used; rest > MaxRecord {
			if !t.skip {
				to.Trouble(ErrLongRecord)
			}
			t.skip = true
			// An odd quote may have swallowed the lines that follow it: go on behind the first.
			if i := bytes.IndexByte(p[used:], '\n'); i >= 0 {
				t.skip = false
				return used + i + 1
			}
			return len(p)
		}
		return used
	})
}

func (t *Table) record(line []byte, mtime time.Time, to Rows) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 {
		return
	}
	if t.header == nil {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	t.cells = Cells(t.cells[:0], line, t.Comma)
	if t.header != nil {
		to.Row(t.cells, mtime)
		return
	}
	t.header = make([]string, len(t.cells))
	for i, c := range t.cells {
		t.header[i] = string(c)
	}
	to.Header(t.header)
}

// recordEnd is the length of the first whole record with its line feed, -1 when
// there is none: a line feed within quotes belongs to the cell.
func recordEnd(p []byte) int {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		return -1
	}
	if bytes.IndexByte(p[:end], '"') < 0 {
		return end + 1
	}
	quoted := false
	for i, c := range p {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			return i + 1
		}
	}
	return -1
}

// Cells appends the cells of one record to out. Cells without quotes are views of
// line. A quote that is never closed, or stands in the middle, is text.
func Cells(out [][]byte, line []byte, comma byte) [][]byte {
	for {
		if len(line) > 0 && line[0] == '"' {
			if cell, rest, ok := quotedCell(line, comma); ok {
				out = append(out, cell)
				if rest == nil {
					return out
				}
				line = rest
				continue
			}
		}
		i := bytes.IndexByte(line, comma)
		if i < 0 {
			return append(out, line)
		}
		out, line = append(out, line[:i]), line[i+1:]
	}
}

// quotedCell is the quoted cell at the front of line, and what follows its comma;
// rest is nil at the end of the record.
func quotedCell(line []byte, comma byte) (cell, rest []byte, ok bool) {
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		if i+1 < len(line) && line[i+1] == '"' {
			i++
			continue
		}
		cell = line[1:i]
		if bytes.IndexByte(cell, '"') >= 0 {
			cell = bytes.ReplaceAll(cell, []byte(`""`), []byte(`"`))
		}
		switch {
		case i+1 == len(line):
			return cell, nil, true
		case line[i+1] == comma:
			return cell, line[i+2:], true
		}
		return nil, nil, false
	}
	return nil, nil, false
}

// Number is a cell as Python writes numbers: also nan, inf, True and False.
func Number(cell []byte) (float64, bool) {
	switch s := strings.TrimSpace(string(cell)); s {
	case "True":
		return 1, true
	case "False":
		return 0, true
	default:
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil || math.IsInf(v, 0)
	}
}
