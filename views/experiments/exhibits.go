package experiments

import (
	"context"
	"fmt"
	"io"
	"slices"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/tui/widget/preview"
)

// exhibit is one image or text, read and decoded.
type exhibit struct {
	doc  preview.Doc
	size int // bytes that it holds
	used int // when it was last on the screen, in frames
}

// exhibits reads images and texts, each once, and keeps those that were on the
// screen last. What is read and decoded is so by the hub, off the event loop, and
// two at a time: a decoder may take a hundred megabytes while it works.
type exhibits struct {
	desk  *Desk
	poke  chan struct{}
	ctx   context.Context
	doors chan struct{} // as many as may decode at once
	kept  map[string]*exhibit
	open  map[string]awaited
	held  int // bytes in kept
	frame int
}

// awaited is an exhibit that is awaited.
type awaited struct {
	handle *hub.Handle[preview.Doc]
	leave  context.CancelFunc
}

// held at most: some forty pictures of the size that preview keeps.
const mostHeld = 40 << 20

func newExhibits(d *Desk, poke chan struct{}) *exhibits {
	return &exhibits{desk: d, poke: poke, doors: make(chan struct{}, 2), kept: map[string]*exhibit{}, open: map[string]awaited{}}
}

// follow begins anew under another context; what was decoded stays.
func (e *exhibits) follow(ctx context.Context) {
	e.ctx = ctx
	for _, r := range e.open {
		r.leave()
	}
	clear(e.open)
}

func exhibitKey(r *backends.Run, kind backends.MediaKind, key string, it backends.MediaItem) string {
	return fmt.Sprintf("%s/%s/%s/%d/%d/%s", runKeyOf(r), kind, key, it.Step, it.Index, it.Place)
}

// see is an exhibit, and asks for it when it is not there; ok is false meanwhile.
func (e *exhibits) see(r *backends.Run, kind backends.MediaKind, key string, it backends.MediaItem) (doc preview.Doc, ok bool) {
	k := exhibitKey(r, kind, key, it)
	if x := e.kept[k]; x != nil {
		x.used = e.frame
		return x.doc, true
	}
	w, asked := e.open[k]
	if !asked {
		w = e.ask(r, kind, k, it)
		e.open[k] = w
	}
	switch res := w.handle.Result(); {
	case res.OK:
		e.keep(k, res.Value)
		return res.Value, true
	case res.Err != nil: // it is asked for again, as anything that fails
		return preview.Doc{Kind: "cannot be read", Rows: []preview.Row{{Text: firstError(res.Err), Warn: true}}}, true
	}
	return preview.Doc{}, false
}

// keep takes an exhibit in, and lets go of those that were seen longest ago.
func (e *exhibits) keep(k string, doc preview.Doc) {
	if w, ok := e.open[k]; ok {
		w.leave()
		delete(e.open, k)
	}
	x := &exhibit{doc: doc, size: 256, used: e.frame}
	if doc.Image != nil {
		x.size += len(doc.Image.Pix)
	}
	for i := range doc.Rows {
		x.size += 64 + len(doc.Rows[i].Text)
	}
	e.kept[k] = x
	e.held += x.size
	for e.held > mostHeld && len(e.kept) > 1 {
		oldest := ""
		for k, o := range e.kept {
			if o != x && (oldest == "" || o.used < e.kept[oldest].used) {
				oldest = k
			}
		}
		e.held -= e.kept[oldest].size
		delete(e.kept, oldest)
	}
}

// only lets go of what is awaited and no longer wanted: steps that were passed.
func (e *exhibits) only(wanted []string) {
	for k, w := range e.open {
		if !slices.Contains(wanted, k) {
			w.leave()
			delete(e.open, k)
		}
	}
}

// ask reads and decodes one.
func (e *exhibits) ask(r *backends.Run, kind backends.MediaKind, k string, it backends.MediaItem) awaited {
	ctx, leave := context.WithCancel(e.ctx)
	ref, doors := r.Ref(), e.doors
	return awaited{leave: leave, handle: watch(ctx, e.desk, e.poke, r, "exhibit", k, func(ctx context.Context, b backends.MediaReader) (preview.Doc, error) {
		select {
		case doors <- struct{}{}:
			defer func() { <-doors }()
		case <-ctx.Done():
			return preview.Doc{}, ctx.Err()
		}
		f, err := b.OpenMedia(ctx, ref, it)
		if err != nil {
			return preview.Doc{}, err
		}
		defer f.Close()
		return decode(f, kind, it)
	})}
}

// decode is what an item shows. However much it is, no more is read than preview
// can show.
func decode(f io.Reader, kind backends.MediaKind, it backends.MediaItem) (preview.Doc, error) {
	name, limit := "item.txt", int64(preview.Limit)
	if kind == backends.MediaImage {
		name, limit = "item.png", preview.Whole
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return preview.Doc{}, err
	}
	return preview.Parse(name, max(it.Size, int64(len(data))), data), nil
}
