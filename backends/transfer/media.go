package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"flightdeck/backends"
)

// media carries what a run logged beside numbers and files. Where it is a file of the
// run already there is nothing to do; else it is kept as one: an image under the name
// that MLflow gives images, so that it is one there too; a text as text; histograms
// as JSON, which the report names, because no destination draws them.
func (w *work) media(ctx context.Context) error {
	l, ok := w.from.(backends.MediaLister)
	if !ok {
		return nil
	}
	all, err := l.Media(ctx, w.r.Ref())
	if err != nil || len(all) == 0 {
		return err
	}
	have, err := w.c.Artifacts(ctx)
	if err != nil {
		return err
	}
	sizes := map[string]int64{}
	for _, a := range have {
		sizes[a.Path] = a.Size
	}
	for _, m := range all {
		switch m.Kind {
		case backends.MediaHistogram:
			err = w.histograms(ctx, m, sizes)
		default:
			err = w.items(ctx, m, sizes)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.Kind, m.Key, err)
		}
	}
	return nil
}

// fileName is a media key as part of a path: no slash, no dots in front.
func fileName(key string) string {
	key = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`\:*?"<>|%#`, r) {
			return '_'
		}
		return r
	}, key)
	return strings.TrimLeft(strings.ReplaceAll(key, "/", "~"), ".")
}

func (w *work) histograms(ctx context.Context, m backends.Media, sizes map[string]int64) error {
	h, ok := w.from.(backends.HistogramReader)
	if !ok {
		w.lost("histograms of "+m.Key, "the source cannot be asked for them")
		return nil
	}
	all, err := h.Histograms(ctx, w.r.Ref(), m.Key)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(all)
	if err != nil { // a bound that is no number
		w.lost("histograms of "+m.Key, err.Error())
		return nil
	}
	a := backends.Artifact{Path: "histograms/" + fileName(m.Key) + ".json", Size: int64(len(doc))}
	w.lost("histograms of "+m.Key, "kept as the file "+a.Path)
	if size, there := sizes[a.Path]; there && size == a.Size {
		return nil
	}
	return w.file(ctx, a, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(doc)), nil })
}

func (w *work) items(ctx context.Context, m backends.Media, sizes map[string]int64) error {
	reader, ok := w.from.(backends.MediaReader)
	if !ok {
		w.lost(string(m.Kind)+" "+m.Key, "the source cannot be asked for it")
		return nil
	}
	items, err := reader.MediaItems(ctx, w.r.Ref(), m.Kind, m.Key)
	if err != nil {
		return err
	}
	for _, it := range items {
		name := itemPath(m, it)
		if _, there := sizes[it.Place]; there { // it is a file of the run, and was copied
			continue
		}
		if size, there := sizes[name]; there && (size == it.Size || it.Size <= 0) {
			continue
		}
		open := func() (io.ReadCloser, error) { return reader.OpenMedia(ctx, w.r.Ref(), it) }
		if err := w.file(ctx, backends.Artifact{Path: name, Size: it.Size}, open); err != nil {
			return err
		}
	}
	return nil
}

// itemPath is where one item is kept.
func itemPath(m backends.Media, it backends.MediaItem) string {
	_, kind, _ := strings.Cut(it.Type, "/")
	if m.Kind == backends.MediaImage && (kind == "png" || kind == "") {
		return fmt.Sprintf("images/%s+step+%d+timestamp+%d+%d.png", fileName(m.Key), it.Step, it.Time, it.Index)
	}
	if kind == "" || kind == "plain" || strings.ContainsAny(kind, "/.") {
		kind = map[backends.MediaKind]string{backends.MediaText: "txt", backends.MediaAudio: "wav"}[m.Kind]
	}
	return path.Join(string(m.Kind), fileName(m.Key), fmt.Sprintf("%d-%d.%s", it.Step, it.Index, kind))
}
