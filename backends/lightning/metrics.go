package lightning

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/grow"
)

// steps are the columns that tell the step, the best first: another program's CSV may
// have none of Lightning's. Without one it is the number of the row.
func steps() []string { return []string{"step", "global_step", "iteration", "epoch"} }

// metrics reads metrics.csv: each column but the step's is a metric, each cell that
// is not empty a point of it. Train and validation values of one step stand in rows
// of their own.
type metrics struct {
	table  grow.Table
	header []string
	step   int // which column tells the step, -1 for none
	row    int64
	last   int64
	odd    []bool // of the columns, told as trouble
	cols   []backends.Points
}

// has reports whether key has a column.
func (m *metrics) has(key string) bool { return slices.Contains(m.header, key) }

// restart reads the file from its start the next time.
func (m *metrics) restart() {
	m.table = grow.Table{File: grow.File{Path: m.table.Path}, Comma: ','}
	m.header = nil
}

// read tells the rows that are new. anew is called before the rows of a file that is
// read from its start, first says whether it is the first of all.
func (m *metrics) read(ctx context.Context, to folder.Sink, anew func(to folder.Sink, first bool)) error {
	err := m.table.Read(ctx, grow.Rows{
		Header: func(columns []string) {
			m.drop()
			anew(to, m.header == nil)
			m.begin(columns)
		},
		Row:     func(cells [][]byte, written time.Time) { m.cells(cells, written, to) },
		Trouble: to.Trouble,
	})
	m.flush(to)
	return err
}

func (m *metrics) begin(columns []string) {
	m.header = slices.Clone(columns)
	m.cols, m.odd = make([]backends.Points, len(columns)), make([]bool, len(columns))
	m.row, m.last, m.step = 0, 0, -1
	for _, name := range steps() {
		if m.step = slices.Index(m.header, name); m.step >= 0 {
			break
		}
	}
}

func (m *metrics) cells(cells [][]byte, written time.Time, to folder.Sink) {
	step := m.row
	m.row++
	if m.step >= 0 {
		step = m.last
		if m.step < len(cells) {
			if v, ok := grow.Number(cells[m.step]); ok && math.Abs(v) < 1<<53 {
				step = int64(v)
			}
		}
		m.last = step
	}
	at := written.UnixMilli()
	for i, c := range cells {
		// epoch is a metric even where it has to tell the step.
		if len(c) == 0 || i >= len(m.cols) || i == m.step && m.header[i] != "epoch" {
			continue
		}
		v, ok := grow.Number(c)
		if !ok {
			m.text(i, c, to)
			continue
		}
		p := &m.cols[i]
		p.Step, p.Time, p.Value = append(p.Step, step), append(p.Time, at), append(p.Value, v)
	}
	if m.row%4096 == 0 {
		m.flush(to)
	}
}

// text tells once that a column holds something that is no number.
func (m *metrics) text(i int, cell []byte, to folder.Sink) {
	if m.odd[i] {
		return
	}
	m.odd[i] = true
	to.Trouble(fmt.Errorf("metrics.csv, row %d: %.40q in column %q is not a number", m.row, cell, m.header[i]))
}

// flush tells what the rows so far hold.
func (m *metrics) flush(to folder.Sink) {
	for i, p := range m.cols {
		if p.Len() > 0 {
			to.Points(m.header[i], p)
		}
	}
	m.drop()
}

func (m *metrics) drop() {
	for i, p := range m.cols {
		m.cols[i] = backends.Points{Step: p.Step[:0], Time: p.Time[:0], Value: p.Value[:0]}
	}
}
