package preview

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"flightdeck/tui/widget/cell"
)

// What is unpacked of an archive: so much of one pickle, and so many members.
const (
	longestPickle = 4 << 20
	maxUnpacked   = 32
)

var errNoArchive = errors.New("not a zip archive")

// metered gives out so many bytes and then fails: a directory of a zip can claim to
// be as long as the file, and each entry takes ten times its place in memory.
type metered struct {
	r    io.ReaderAt
	left int64
}

func (m *metered) ReadAt(p []byte, at int64) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, errEffort
	}
	return m.r.ReadAt(p, at)
}

// archive lists a zip: PyTorch's .pt is one, with pickles inside, and NumPy's .npz.
func archive(s source) (Doc, error) {
	if err := s.whole(); err != nil {
		return Doc{}, err
	}
	m := &metered{r: s.r, left: 8 << 20}
	z, err := zip.NewReader(m, s.have)
	if errors.Is(err, zip.ErrFormat) {
		return Doc{}, errNoArchive
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return Doc{}, fmt.Errorf("zip archive: %w", err)
	}
	m.left = effort
	d := Doc{Kind: "zip, listed and not unpacked"}
	rows := make([]Row, 0, min(len(z.File), maxRows))
	total, unpacked := uint64(0), 0
	for _, f := range z.File {
		if path.Base(f.Name) == "data.pkl" {
			d.Kind = "PyTorch, listed and not executed"
		}
		total += min(f.UncompressedSize64, maxCount/uint64(len(z.File)))
		row := member(f)
		if read := reader(f.Name); read != nil && unpacked < maxUnpacked {
			unpacked++
			extra, what := read(f)
			d.Rows = append(d.Rows, extra...)
			row.Cells = append(row.Cells, what)
		} else if read != nil {
			row.Cells, row.Warn = append(row.Cells, "not looked into"), true
		}
		rows = append(rows, row)
	}
	d.add(Row{Label: "files", Text: fmt.Sprintf("%s, together %s", cell.Count(int64(len(z.File)), " "), cell.Size(int64(total)))})
	d.table([]string{"size", "file", ""}, rows, 0)
	return d, nil
}

// member is an archive's file, and what is suspicious about it.
func member(f *zip.File) Row {
	r := Row{Cells: []string{cell.Size(int64(min(f.UncompressedSize64, maxCount))), f.Name}}
	const bomb = 1000 // deflate reaches 1032
	clean := strings.TrimSuffix(f.Name, "/")
	switch {
	case path.IsAbs(f.Name) || clean != path.Clean(clean) || strings.HasPrefix(clean, "..") || strings.Contains(f.Name, `\`):
		r.Cells, r.Warn = append(r.Cells, "would be written outside of its folder"), true
	case f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/bomb > f.CompressedSize64:
		r.Cells, r.Warn = append(r.Cells, fmt.Sprintf("claims that from %s", cell.Size(int64(min(f.CompressedSize64, maxCount))))), true
	}
	return r
}

// reader is how a member of this name is looked into, nil for all that is only
// listed.
func reader(name string) func(*zip.File) (rows []Row, what string) {
	switch strings.ToLower(path.Ext(name)) {
	case ".pkl":
		return readPickle
	case ".npy":
		return readArray
	}
	return nil
}

func readPickle(f *zip.File) ([]Row, string) {
	data, err := unpack(f, longestPickle)
	if err != nil {
		return note(fmt.Errorf("%s: %w", quoted(f.Name), err)), ""
	}
	c := newCursor(source{r: bytes.NewReader(data), have: int64(len(data))})
	names, err := globals(&c)
	return importRows(names, err), ""
}

func readArray(f *zip.File) ([]Row, string) {
	data, err := unpack(f, 64<<10)
	if err != nil {
		return note(fmt.Errorf("%s: %w", quoted(f.Name), err)), ""
	}
	d, err := arrayDoc(source{r: bytes.NewReader(data), have: int64(len(data))})
	if err != nil {
		return nil, err.Error()
	}
	return d.Rows[1:], d.Rows[0].Text
}

// unpack is the beginning of a member, however much it claims to unpack to.
func unpack(f *zip.File, limit int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return data, nil
}

// pickled lists what a pickle would import.
func pickled(s source) (Doc, error) {
	c := newCursor(s)
	names, err := globals(&c)
	if len(names) == 0 && err != nil {
		return Doc{}, err
	}
	return Doc{Kind: "pickle, read and not executed", Rows: importRows(names, err)}, nil
}
