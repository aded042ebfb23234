package wandb

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"flightdeck/backends"
	"flightdeck/backends/folder/grow"
)

// Places of media items: a file below files/, or records of output in the log.
const (
	placeFile   = "file:"
	placeOutput = "output:"
	outputKey   = "output"
	maxOutput   = 64 << 20
)

// medium takes a value with a _type.
func (r *reader) medium(key string, v map[string]any, at moment, index int) {
	kind := str(v["_type"])
	it := backends.MediaItem{
		Step: at.step, Time: at.time, Index: index, Type: mimeType(str(v["format"]), str(v["path"])),
		Width: int(whole(v["width"])), Height: int(whole(v["height"])), Size: whole(v["size"]),
	}
	switch kind {
	case "histogram":
		if h, ok := histogram(v, at); ok {
			r.to.Histograms(key, h)
		}
	case "images/separated":
		names, _ := v["filenames"].([]any)
		for i, n := range names {
			r.file(backends.MediaImage, key, it, str(n), i)
		}
	case "image-file":
		r.file(backends.MediaImage, key, it, str(v["path"]), index)
	case "audio-file":
		r.file(backends.MediaAudio, key, it, str(v["path"]), index)
	case "html-file", "table-file", "plotly-file":
		r.file(backends.MediaText, key, it, str(v["path"]), index)
	case "audio", "html", "images":
		list, _ := v[kind].([]any)
		for i, e := range list {
			if e, ok := e.(map[string]any); ok && str(e["_type"]) != kind {
				r.medium(key, e, at, i)
			}
		}
	}
}

func (r *reader) file(kind backends.MediaKind, key string, it backends.MediaItem, path string, index int) {
	if path == "" {
		return
	}
	if it.Size == 0 {
		if fi, err := os.Stat(filepath.Join(r.place.Path, "files", filepath.FromSlash(path))); err == nil && filepath.IsLocal(path) {
			it.Size = fi.Size()
		}
	}
	it.Index, it.Place = index, placeFile+path
	if it.Type == "" {
		it.Type = mimeType("", path)
	}
	r.to.Media(kind, key, it)
}

// histogram reads both forms: edges, and a start with a width when they are equally
// far apart.
func histogram(v map[string]any, at moment) (backends.Histogram, bool) {
	h := backends.Histogram{Step: at.step, Time: at.time, Count: floats(v["values"])}
	edges := floats(v["bins"])
	if packed, ok := v["packedBins"].(map[string]any); ok {
		low, _ := float(packed["min"])
		size, _ := float(packed["size"])
		edges = nil
		for i := range len(h.Count) + 1 {
			edges = append(edges, low+float64(i)*size)
		}
	}
	if len(h.Count) == 0 || len(edges) != len(h.Count)+1 {
		return h, false
	}
	h.Left, h.Right = edges[:len(edges)-1], edges[1:]
	return h, true
}

func mimeType(format, path string) string {
	if format == "" {
		format = strings.TrimPrefix(filepath.Ext(path), ".")
	}
	switch strings.ToLower(format) {
	case "png", "gif", "webp", "bmp":
		return "image/" + strings.ToLower(format)
	case "jpg", "jpeg":
		return "image/jpeg"
	case "wav":
		return "audio/wav"
	case "mp3":
		return "audio/mpeg"
	case "html":
		return "text/html"
	case "json":
		return "application/json"
	}
	return ""
}

// output is what the script printed, as far as it is not yet told.
type output struct {
	at   span
	size int64
	n    int // items told
}

func (o *output) add(m message, at span) {
	if o.size == 0 {
		o.at.from = at.from
	}
	o.at.to = at.to
	o.size += int64(len(m.text(3)))
}

// printed tells the output since the last time as one text.
func (r *reader) printed() {
	if r.out.size == 0 {
		return
	}
	r.to.Media(backends.MediaText, outputKey, backends.MediaItem{
		Step: r.last.step, Time: r.written.UnixMilli(), Index: r.out.n, Type: "text/plain", Size: r.out.size,
		Place: fmt.Sprintf("%s%d-%d", placeOutput, r.out.at.from, r.out.at.to),
	})
	r.out.size, r.out.n = 0, r.out.n+1
}

// OpenMedia opens a file below files/, never one elsewhere whatever the log says, or
// the output that stands in the log itself.
func (r *reader) OpenMedia(ctx context.Context, item backends.MediaItem) (io.ReadCloser, error) {
	if path, ok := strings.CutPrefix(item.Place, placeFile); ok {
		root, err := os.OpenRoot(filepath.Join(r.place.Path, "files"))
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		defer root.Close()
		if fi, err := root.Stat(path); err != nil || !fi.Mode().IsRegular() {
			return nil, fmt.Errorf("open %s: no such file of the run: %w", path, fs.ErrNotExist)
		}
		return root.Open(path)
	}
	from, to, ok := strings.Cut(strings.TrimPrefix(item.Place, placeOutput), "-")
	a, err1 := strconv.ParseInt(from, 10, 64)
	b, err2 := strconv.ParseInt(to, 10, 64)
	if !ok || err1 != nil || err2 != nil || a < 0 || b < a || b-a > maxOutput {
		return nil, fmt.Errorf("open %q: %w", item.Place, fs.ErrNotExist)
	}
	return r.openOutput(a, b)
}

func (r *reader) openOutput(from, to int64) (io.ReadCloser, error) {
	f, _, err := grow.Open(r.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, to-from)
	if _, err := f.ReadAt(data, from); err != nil {
		return nil, fmt.Errorf("read the output at %d: %w", from, err)
	}
	var text bytes.Buffer
	var l log
	l.take(data, from, func(rec []byte, _ span) {
		_ = fields(rec, func(f field) {
			if f.num == recOutput || f.num == recOutputRaw {
				text.WriteString(f.message().text(3))
			}
		})
	}, func(error) {})
	return io.NopCloser(&text), nil
}
