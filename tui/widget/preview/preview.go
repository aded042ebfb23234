// Package preview shows what is inside an artifact without running it: text, JSON,
// CSV, images in half blocks, and the contents lists of model files (safetensors,
// ONNX, PyTorch, NumPy, pickles). A pickle is followed opcode by opcode for the
// names that it would import, and never executed; an archive is listed, and of its
// members only pickles and array headers are read.
//
// Files are somebody else's: nothing that a header claims decides how much memory
// or time is taken, and all text goes through cell.Safe. Each format has a file of
// its own here, and a line in parse.
package preview

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"io"
	"path"
	"strings"

	"flightdeck/tui/widget/cell"
)

// Limit is how much of a text file is shown: what does not fit is said, not
// silently missing.
const Limit = 1 << 20

// Whole is how big a file may be that Parse is given as a whole. Read has no such
// limit.
const Whole = 64 << 20

// maxRows is how many rows a document has at most; more are counted.
const maxRows = 100_000

// Wants is how many bytes of the file Parse can use, going by its name.
func Wants(name string) int64 {
	switch strings.ToLower(path.Ext(name)) {
	case ".pt", ".pth", ".ckpt", ".bin", ".zip", ".npz", ".pkl", ".pickle", ".joblib", ".onnx", ".safetensors", ".png", ".jpg", ".jpeg", ".gif":
		return Whole
	}
	return Limit
}

// Doc is a parsed artifact: rows of text, or an image, and what it is in a word.
// It is not changed once it is shown.
type Doc struct {
	Kind    string
	Note    string // "first 1 MB of 20 MB"
	Rows    []Row
	Columns []Column    // of the rows that have Cells
	Head    []string    // the columns' names, which stay while the rows scroll
	Image   *image.RGBA // at most thumb pixels a side; instead of rows

	label, width int // cells: the labels' column, the widest row after it
	ready        bool
}

// Row is one row of a document: Text, or Cells in the document's columns. Label,
// when there is one, is drawn dim in front of a text.
type Row struct {
	Label, Text string
	Cells       []string
	Head        bool // the cells are the columns' names
	Warn        bool // the text, or the last cell, says what is wrong
}

// Column is one column of a document with cells.
type Column struct {
	Width int
	Right bool // numbers
}

// Parse recognises the format from the name and the content. size is the whole
// file's; data may be only its beginning. It never fails: what cannot be parsed
// says why and is shown as text or as bytes.
func Parse(name string, size int64, data []byte) Doc {
	n := int64(len(data))
	return show(name, source{r: bytes.NewReader(data), size: max(size, n), have: n})
}

// Read is Parse of a file that can be read at any place. It takes what the format
// needs, a few megabytes at most but for images, however big the file is.
func Read(name string, size int64, r io.ReaderAt) Doc {
	return show(name, source{r: r, size: max(size, 0), have: max(size, 0)})
}

func show(name string, s source) Doc {
	d, err := parse(name, s)
	if err != nil {
		var plainErr error
		if d, plainErr = plain(s); plainErr != nil {
			d = Doc{Kind: "cannot be read"}
		}
		d.Rows = append(note(err), d.Rows...)
	}
	return d.prepared()
}

func parse(name string, s source) (Doc, error) {
	head, err := s.head(16)
	if err != nil {
		return Doc{}, err
	}
	if len(head) == 0 {
		return Doc{Kind: "empty"}, nil
	}
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".json":
		return jsonDoc(s)
	case ".csv", ".tsv":
		return csvDoc(s, ext == ".tsv")
	case ".png", ".jpg", ".jpeg", ".gif":
		return imageDoc(s)
	case ".safetensors":
		return safetensors(s)
	case ".onnx":
		return onnx(s)
	case ".zip", ".npz", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt":
		if bytes.HasPrefix(head, []byte("PK")) {
			return archive(s)
		}
		if ext == ".pkl" || ext == ".pickle" || ext == ".joblib" || head[0] == 0x80 {
			return pickled(s)
		}
		return Doc{}, errNoArchive
	}
	return sniff(s, head)
}

// sniff goes by the first bytes, where the name says nothing.
func sniff(s source, head []byte) (Doc, error) {
	for _, m := range []struct {
		magic string
		parse func(source) (Doc, error)
	}{
		{"\x89PNG\r\n\x1a\n", imageDoc},
		{"\xff\xd8\xff", imageDoc},
		{"GIF8", imageDoc},
		{"PK\x03\x04", archive},
		{"\x93NUMPY", arrayDoc},
		{"\x80\x02", pickled},
		{"\x80\x03", pickled},
		{"\x80\x04", pickled},
		{"\x80\x05", pickled},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.parse(s)
		}
	}
	return plain(s)
}

// prepared makes all text safe and measures it once, so that drawing costs what is
// on the screen and columns stay where they are while it scrolls.
func (d Doc) prepared() Doc {
	if d.ready {
		return d
	}
	d.ready = true
	const widestLabel = 16
	total := 0
	for _, c := range d.Columns {
		total += c.Width + gap
	}
	d.width = max(0, total-gap)
	for i := range d.Rows {
		r := &d.Rows[i]
		r.Label, r.Text = cell.Safe(r.Label), cell.Safe(r.Text)
		for j := range r.Cells {
			r.Cells[j] = cell.Safe(r.Cells[j])
		}
		d.label = max(d.label, min(cell.Width(r.Label), widestLabel))
		d.width = max(d.width, cell.Width(r.Text))
	}
	if d.label > 0 {
		d.label += gap
	}
	return d
}

// note is what went wrong, in rows that are not too long for a terminal.
func note(err error) []Row {
	const widest = 50
	var rows []Row
	for i, line := range cell.Wrap(err.Error(), widest) {
		r := Row{Text: line}
		if i == 0 {
			r.Label, r.Warn = "note", true
		}
		rows = append(rows, r)
	}
	return rows
}

// gap is the blank cells between two columns.
const gap = 2

// columns are as wide as what stands in them, within limits.
func columns(head []string, rows []Row, widest int) []Column {
	var out []Column
	add := func(r Row) {
		for i, v := range r.Cells {
			if i == len(out) {
				out = append(out, Column{})
			}
			w := cell.Width(cell.Safe(v))
			if r.Warn && i == len(r.Cells)-1 {
				w += 2 // the glyph
			}
			out[i].Width = max(out[i].Width, min(widest, w))
		}
	}
	add(Row{Cells: head})
	for _, r := range rows {
		add(r)
	}
	return out
}

// first says how much of a file is shown, "" for all of it.
func first(n, size int64) string {
	if n >= size {
		return ""
	}
	return fmt.Sprintf("first %s of %s", cell.Size(n), cell.Size(size))
}

// quoted is a name from a file for use within a message: short, whatever it holds.
func quoted(name string) string {
	return fmt.Sprintf("%.60q", cmp.Or(name, "?"))
}
