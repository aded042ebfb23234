package preview

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"flightdeck/tui/widget/cell"
)

// csvRows is how many records are laid out, and csvWidest how wide a column may be.
const (
	csvRows   = 5000
	csvWidest = 24
)

// csvDoc lays records out in columns: numbers at the right, words at the left. A
// first record without a single number is the columns' names.
func csvDoc(s source, tabs bool) (Doc, error) {
	data, err := s.head(Limit)
	if err != nil {
		return Doc{}, err
	}
	d := Doc{Kind: "CSV", Note: first(int64(len(data)), s.size)}
	cut := d.Note != ""
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if tabs {
		d.Kind, r.Comma = "TSV", '\t'
	}
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Doc{}, fmt.Errorf("%s: %w", d.Kind, err)
		}
		if len(d.Rows) == csvRows {
			d.Note, cut = fmt.Sprintf("first %s rows", cell.Count(csvRows, " ")), false
			break
		}
		d.Rows = append(d.Rows, Row{Cells: record})
	}
	if cut && len(d.Rows) > 1 { // the last record is half a one
		d.Rows = d.Rows[:len(d.Rows)-1]
	}
	if len(d.Rows) == 0 {
		return Doc{}, fmt.Errorf("no %s records", d.Kind)
	}
	if !anyNumber(d.Rows[0].Cells) {
		d.Head, d.Rows = d.Rows[0].Cells, d.Rows[1:]
		for i, h := range d.Head {
			d.Head[i] = cell.Safe(h)
		}
	}
	d.Columns = columns(d.Head, d.Rows, csvWidest)
	alignNumbers(d.Columns, d.Rows)
	d.Kind += fmt.Sprintf(", %d columns", len(d.Columns))
	return d, nil
}

// alignNumbers puts the columns at the right that hold numbers and nothing else.
func alignNumbers(cols []Column, rows []Row) {
	words := make([]bool, len(cols))
	for _, r := range rows {
		for i, v := range r.Cells {
			switch {
			case v == "" || words[i]:
			case number(v):
				cols[i].Right = true
			default:
				words[i] = true
			}
		}
	}
	for i := range cols {
		cols[i].Right = cols[i].Right && !words[i]
	}
}

func anyNumber(cells []string) bool {
	for _, v := range cells {
		if number(v) {
			return true
		}
	}
	return false
}

func number(v string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}
