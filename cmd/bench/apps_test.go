package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/backends/local"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
	"flightdeck/views/experiments"
)

// client is one App over a hub that it may share.
func client(b *testing.B, h *hub.Hub, shelf *tail.Shelf, lo *local.Local) *tuitest.Terminal {
	b.Helper()
	app := tui.New(tui.Config{Context: b.Context(), Workspace: "bench", Tabs: []tui.Tab{experiments.Tab(experiments.NewDesk(h, shelf, []backends.Backend{lo}, nil))}, Health: h.Health})
	x := tuitest.Start(b, app, width, height)
	x.WaitFor("200 of 200")
	return x
}

func shared(b *testing.B) (*hub.Hub, *tail.Shelf, *local.Local) {
	b.Helper()
	ws := b.TempDir()
	if err := os.MkdirAll(filepath.Join(ws, local.Folder), 0o755); err != nil {
		b.Fatal(err)
	}
	st, err := openStore(ws)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200 {
		if err := makeRun(granted(b.Context()), st, i); err != nil {
			b.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
	lo, err := local.Open(local.Options{Root: ws})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { lo.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	h := hub.New(ctx, hub.Options{})
	h.Attach(lo)
	return h, tail.NewShelf(tail.Options{}), lo
}

// press is one key until the frame that it caused has been written.
func press(x *tuitest.Terminal, key string) {
	before := x.Bytes()
	x.Send(key)
	x.Beyond(before)
}

func keys(b *testing.B, x *tuitest.Terminal) {
	key := "j"
	n := 0
	for b.Loop() {
		if n++; n%100 == 0 {
			key = map[string]string{"j": "k", "k": "j"}[key]
		}
		press(x, key)
	}
}

// BenchmarkKeyAlone is the time from a key to its frame of one App.
func BenchmarkKeyAlone(b *testing.B) {
	h, shelf, lo := shared(b)
	keys(b, client(b, h, shelf, lo))
}

// BenchmarkKeyBesideBlocked is the same while another App of the process, which
// watches the same, cannot write.
func BenchmarkKeyBesideBlocked(b *testing.B) {
	h, shelf, lo := shared(b)
	x := client(b, h, shelf, lo)
	stuck := client(b, h, shelf, lo)
	stuck.Block()
	stuck.Send("jjjj")
	keys(b, x)
}
