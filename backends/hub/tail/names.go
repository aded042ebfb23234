package tail

import (
	"context"
	"sync"
)

// name is who wrote a line, and where to.
type name struct{ source, stream string }

// maxNames bounds the memory of names; past it all others share one.
const maxNames = 4096

// names numbers the names, so that a line holds two bytes of its own.
type names struct {
	ids   map[name]uint16
	table []name
}

func (n *names) id(k name) uint16 {
	if id, ok := n.ids[k]; ok {
		return id
	}
	if len(n.table) >= maxNames {
		return maxNames - 1
	}
	if len(n.table) == maxNames-1 {
		k = name{source: "other sources"}
	}
	id := uint16(len(n.table))
	n.ids[k] = id
	n.table = append(n.table, k)
	return id
}

type watcher struct{ poke chan<- struct{} }

// watchers are signalled after a change, and never waited for.
type watchers struct {
	mu  sync.Mutex
	all map[*watcher]struct{}
}

func (ws *watchers) add(ctx context.Context, poke chan<- struct{}) {
	w := &watcher{poke}
	ws.mu.Lock()
	ws.all[w] = struct{}{}
	ws.mu.Unlock()
	context.AfterFunc(ctx, func() {
		ws.mu.Lock()
		delete(ws.all, w)
		ws.mu.Unlock()
	})
}

func (ws *watchers) signal() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		select {
		case w.poke <- struct{}{}:
		default:
		}
	}
}
