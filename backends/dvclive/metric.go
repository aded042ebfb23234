package dvclive

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/folder"
	"flightdeck/backends/folder/grow"
)

// metric follows one file of plots/metrics: columns [timestamp] step name.
type metric struct {
	key               string
	table             grow.Table
	step, stamp, cell int // columns; -1 for none
	row               int64
	p                 backends.Points
	begun             bool
	first             time.Time // of a row
}

func newMetric(key, path string, comma byte) *metric {
	return &metric{key: key, table: grow.Table{File: grow.File{Path: path}, Comma: comma}}
}

func (m *metric) read(ctx context.Context, to folder.Sink) error {
	err := m.table.Read(ctx, grow.Rows{
		Header: func(columns []string) { m.header(columns, to) },
		Row:    func(cells [][]byte, written time.Time) { m.take(cells, written, to) },
		Trouble: func(err error) {
			to.Trouble(fmt.Errorf("%s: %w", m.key, err))
		},
	})
	m.flush(to)
	return err
}

func (m *metric) header(columns []string, to folder.Sink) {
	if m.begun {
		m.p = backends.Points{}
		takeBack(m.key, to)
	}
	m.begun, m.row = true, 0
	m.step, m.stamp = slices.Index(columns, "step"), slices.Index(columns, "timestamp")
	m.cell = len(columns) - 1
	if name := slices.Index(columns, path.Base(m.key)); name >= 0 && name != m.step {
		m.cell = name
	}
}

// take reads a row. Texts may be logged too, and are no curve.
func (m *metric) take(cells [][]byte, written time.Time, to folder.Sink) {
	step := m.row
	m.row++
	if m.cell >= len(cells) {
		return
	}
	v, ok := grow.Number(cells[m.cell])
	if !ok {
		return
	}
	if s, ok := whole(cells, m.step); ok {
		step = s
	}
	at := written.UnixMilli()
	if ms, ok := whole(cells, m.stamp); ok {
		at = ms
	}
	if t := time.UnixMilli(at); m.first.IsZero() || t.Before(m.first) {
		m.first = t
	}
	m.p.Step, m.p.Time, m.p.Value = append(m.p.Step, step), append(m.p.Time, at), append(m.p.Value, v)
	if m.p.Len() >= 1<<16 {
		m.flush(to)
	}
}

func (m *metric) flush(to folder.Sink) {
	if m.p.Len() > 0 {
		to.Points(m.key, m.p)
	}
	m.p = backends.Points{}
}

func whole(cells [][]byte, i int) (int64, bool) {
	if i < 0 || i >= len(cells) {
		return 0, false
	}
	v, err := strconv.ParseInt(string(cells[i]), 10, 64)
	return v, err == nil
}

// pictures tells images that came since the last time. Live writes over an image of
// the same name; a folder of images by step, samples/3.png, is how a script keeps
// them apart, and then "samples" is the key and 3 the step.
func (r *reader) pictures(to folder.Sink) error {
	files, err := r.files("images", to)
	if err != nil {
		return err
	}
	for _, rel := range files {
		kind := imageType(path.Ext(rel))
		if kind == "" || r.images[rel] {
			continue
		}
		r.images[rel] = true
		it := backends.MediaItem{Type: kind, Place: rel}
		key := strings.TrimSuffix(rel, path.Ext(rel))
		if step, err := strconv.ParseInt(path.Base(key), 10, 64); err == nil && path.Dir(key) != "." {
			it.Step, key = step, path.Dir(key)
		}
		if fi, err := os.Stat(filepath.Join(r.dir("images"), filepath.FromSlash(rel))); err == nil {
			it.Time, it.Size = fi.ModTime().UnixMilli(), fi.Size()
		}
		to.Media(backends.MediaImage, key, it)
	}
	return nil
}

func imageType(ext string) string {
	switch strings.ToLower(ext) {
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".gif":
		return "image/gif"
	}
	return ""
}
