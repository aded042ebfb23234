package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"flightdeck/backends"
	"flightdeck/backends/hub"
	"flightdeck/backends/hub/tail"
	"flightdeck/backends/local"
	"flightdeck/tui"
	"flightdeck/tui/tuitest"
)

// counting is the local backend, with a count of what it is asked and of how often
// it says that something changed.
type counting struct {
	*local.Local
	mu    sync.Mutex
	asked map[string]int
	poked int
}

func (c *counting) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[what]++
}

// soFar is how often runs were listed, histories read, and changes announced.
func (c *counting) soFar() (runs, histories, pokes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, n := range c.asked {
		if what == "runs" {
			runs = n
		} else {
			histories += n
		}
	}
	return runs, histories, c.poked
}

func (c *counting) Runs(ctx context.Context, f backends.RunFilter) ([]*backends.Run, error) {
	if f == (backends.RunFilter{}) {
		c.count("runs")
	}
	return c.Local.Runs(ctx, f)
}

func (c *counting) History(ctx context.Context, run backends.Ref, key string) (*backends.History, error) {
	c.count(run.ID + " " + key)
	return c.Local.History(ctx, run, key)
}

func (c *counting) Notify(ctx context.Context, poke func(topic string)) error {
	return c.Local.Notify(ctx, func(topic string) {
		c.mu.Lock()
		c.poked++
		c.mu.Unlock()
		poke(topic)
	})
}

// clients are Apps of one process over one hub, wired as the program wires its own.
type clients struct {
	b     *counting
	h     *hub.Hub
	shelf *tail.Shelf
}

func newClients(t *testing.T, ws string) *clients {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	x := &clients{b: &counting{Local: opened(t, ws), asked: map[string]int{}}, h: hub.New(ctx, hub.Options{}), shelf: tail.NewShelf(tail.Options{Dir: t.TempDir()})}
	x.h.Attach(x.b)
	return x
}

func (x *clients) app(t *testing.T, ws string) *tui.App {
	t.Helper()
	c := newCLI(nil, io.Discard, io.Discard)
	c.look.theme = "dark"
	app, err := c.app(t.Context(), x.h, x.shelf, []backends.Backend{x.b}, ws)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// quiet waits until the backend has not been asked for a while.
func (x *clients) quiet(t *testing.T) (runs, histories, pokes int) {
	t.Helper()
	same := 0
	eventually(t, "the backend is not asked any more", 20*time.Second, func() bool {
		r, h, p := x.b.soFar()
		if same++; r != runs || h != histories || p != pokes {
			runs, histories, pokes, same = r, h, p, 0
		}
		return same > 12
	})
	return runs, histories, pokes
}

// Two Apps of one process watch the store that other processes write. What they
// fetch is fetched once, and while the terminal of one takes nothing, the other
// answers every key with its frame and shows every change.
func TestTwoAppsOneBlocked(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "2", "--width", "8", "--name", "brisk-otter")
	must(t, exitOK, ws, "train", "digits", "--epochs", "4000", "--width", "8", "--throttle", "60ms", "--name", "calm-heron", "-d")
	x := newClients(t, ws)
	free := tuitest.Start(t, x.app(t, ws), 160, 45)
	free.WaitFor("brisk-otter")
	blocked := tuitest.Start(t, x.app(t, ws), 160, 45)
	blocked.WaitFor("brisk-otter")

	blocked.Block()
	blocked.Send("jk") // a frame that nobody takes
	stood := blocked.Bytes()
	const text = "metrics.val_acc > 0.0 and params.lr < 1"
	free.Send("/")
	for i := range text {
		free.Send(text[i : i+1])
		free.WaitFor("/ " + strings.TrimRight(text[:i+1], " ")) // a frame of its own for each key
	}
	free.Send("\x1b")
	for i := range 3 {
		name := fmt.Sprintf("swift-gull-%d", i)
		must(t, exitOK, ws, "tag", "brisk-otter", "mlflow.runName="+name)
		free.WaitFor(name)
		must(t, exitOK, ws, "tag", name, "mlflow.runName=brisk-otter")
		free.WaitFor("brisk-otter")
	}
	if now := blocked.Bytes(); now != stood {
		t.Errorf("the blocked terminal took %d bytes meanwhile", now-stood)
	}
	must(t, exitOK, ws, "stop", "calm-heron")
	must(t, exitOK, ws, "tag", "brisk-otter", "mlflow.runName=the-last-name")
	free.WaitFor("the-last-name")
	if strings.Contains(blocked.Text(), "the-last-name") {
		t.Error("the blocked terminal shows what came after it was blocked")
	}
	blocked.Unblock()
	blocked.WaitFor("the-last-name")
}

// What two Apps watch is fetched once: the second costs no fetch, and neither does
// a change cost one more.
func TestTwoAppsFetchOnce(t *testing.T) {
	t.Parallel()
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "2", "--width", "8", "--name", "brisk-otter")
	for _, apps := range []int{1, 2} {
		x := newClients(t, ws)
		var terms []*tuitest.Terminal
		for range apps {
			term := tuitest.Start(t, x.app(t, ws), 160, 45)
			term.WaitFor("brisk-otter")
			terms = append(terms, term)
		}
		opened, histories, pokes := x.quiet(t)
		if opened < 1 || opened > 1+pokes { // once, and once more for each change that was announced meanwhile
			t.Errorf("%d Apps, of %d announced changes: the runs were listed %d times to open", apps, pokes, opened)
		}
		if one := x.b.most(); histories == 0 || one > 1+pokes {
			t.Errorf("%d Apps, of %d announced changes: a history was read %d times", apps, pokes, one)
		}
		name := fmt.Sprintf("calm-heron-%d", apps)
		must(t, exitOK, ws, "tag", "brisk-otter", "mlflow.runName="+name)
		for _, term := range terms {
			term.WaitFor(name)
		}
		after, _, later := x.quiet(t)
		if got := after - opened; got < 1 || got > later-pokes {
			t.Errorf("%d Apps: a change that was announced %d times cost %d fetches", apps, later-pokes, got)
		}
		must(t, exitOK, ws, "tag", name, "mlflow.runName=brisk-otter")
	}
}

// most is how often the one history that was read most was read.
func (c *counting) most() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, asked := range c.asked {
		if what != "runs" {
			n = max(n, asked)
		}
	}
	return n
}
