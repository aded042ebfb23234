//go:build integration && linux

//integration:peer train
//integration:needs chromium=chromium

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// TensorBoard itself, unmodified, shows what our reader reads: its page is opened in
// a browser over our data server and over its own, and everything that it asks for
// is compared.
func TestTensorBoardShowsOurRuns(t *testing.T) {
	logs := t.TempDir()
	var last struct {
		Step  int64   `json:"step"`
		Value float64 `json:"value"`
		Count int     `json:"count"`
	}
	out, err := exec.Command(python(t, "train"), peerScript(t, "tensorboard_writer"), logs).Output()
	if err != nil || json.Unmarshal(out[strings.LastIndexByte(strings.TrimSpace(string(out)), '\n')+1:], &last) != nil {
		t.Fatalf("the writer: %v\n%s", err, out)
	}
	ours, theirs := startBoard(t, logs, built(t)), startBoard(t, logs, "")
	sameData(t, ours, theirs)
	series := ours.json(t, "data/plugin/scalars/scalars?tag=loss&run=brisk-otter").([]any)
	if end := series[len(series)-1].([]any); end[1] != float64(last.Step) || end[2] != last.Value {
		t.Errorf("the last point is %v, want %+v", end, last)
	}
	if n := len(series); n > 1000 || n < 500 || last.Count != 3000 {
		t.Errorf("%d points of %d are served; TensorBoard asked for 1000", n, last.Count)
	}

	mine, his := ours.visit(t, "#timeseries", "brisk-otter"), theirs.visit(t, "#timeseries", "brisk-otter")
	for what := range mine.errors {
		if !his.errors[what] {
			t.Errorf("over our server alone: %s", what)
		}
	}
	got, want := mine.row("brisk-otter"), his.row("brisk-otter")
	if len(got) != 3 || got[1] != want[1] || got[2] != want[2] || got[2] != fmt.Sprint(last.Step) && got[2] != "3,000" {
		t.Errorf("the table says %q (smoothed, value, step); over TensorBoard's own server %q", got, want)
	}
	if page := ours.visit(t, "#hparams", "brisk-otter/trial"); !strings.Contains(page.text, "hparam/best") || !strings.Contains(page.text, "0.50000") {
		t.Errorf("the table of hparams does not show the metric:\n%s", page.text)
	}
}

// A workspace's own runs are shown too.
func TestTensorBoardShowsAWorkspace(t *testing.T) {
	ws := workspace(t)
	must(t, exitOK, ws, "train", "digits", "--epochs", "2", "--width", "8", "--name", "brisk-otter")
	b := startBoard(t, ws, built(t))
	tags := b.json(t, "data/plugin/scalars/tags").(map[string]any)
	var run string
	for name := range tags {
		if strings.HasSuffix(name, "brisk-otter") {
			run = name
		}
	}
	lo := opened(t, ws)
	m, ok := runsOf(t, lo)[0].Metric("val_acc")
	series, _ := b.json(t, "data/plugin/scalars/scalars?tag=val_acc&run="+url.QueryEscape(run)).([]any)
	if !ok || len(series) != 2 || series[1].([]any)[2] != float64(float32(m.Value)) {
		t.Errorf("run %q of %v: val_acc is %v, want %v", run, slices.Collect(maps.Keys(tags)), series, m.Value)
	}
	if page := b.visit(t, "#timeseries", run); !strings.Contains(page.text, "val_acc") {
		t.Errorf("the page does not show the metric:\n%s", page.text)
	}
}

// board is a TensorBoard that runs for the length of a test.
type board struct{ url string }

var boardURL = regexp.MustCompile(`http://\S+:\d+/`)

// startBoard starts it; binary is its data server, "" for its own.
func startBoard(t *testing.T, logdir, binary string) board {
	t.Helper()
	cmd := exec.Command(python(t, "train"), "-m", "tensorboard.main", "--logdir", logdir, "--load_fast=true", "--port=0", "--reload_interval=1")
	cmd.Env = peerEnv(t)
	if binary != "" {
		cmd.Env = append(cmd.Env, "TENSORBOARD_DATA_SERVER_BINARY="+binary)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	found := make(chan string, 1)
	go func() {
		defer close(found)
		for in := bufio.NewScanner(errs); in.Scan(); {
			if u := boardURL.FindString(in.Text()); u != "" {
				found <- u
				_, _ = io.Copy(io.Discard, errs)
				return
			}
		}
	}()
	select {
	case u, ok := <-found:
		if !ok {
			t.Fatal("CANNOT start tensorboard")
		}
		b := board{u}
		b.filled(t)
		return b
	case <-time.After(2 * time.Minute):
		t.Fatal("CANNOT start tensorboard: it does not say where it listens")
		return board{}
	}
}

// filled waits until the data server has read something.
func (b board) filled(t *testing.T) {
	t.Helper()
	for deadline, tick := time.After(time.Minute), time.NewTicker(50*time.Millisecond); ; {
		if tags, ok := b.json(t, "data/plugin/scalars/tags").(map[string]any); ok && len(tags) > 0 {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("nothing was read")
		}
	}
}

func (b board) get(t *testing.T, path string) (int, []byte) {
	t.Helper()
	r, err := http.Get(b.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, body
}

func (b board) json(t *testing.T, path string) any {
	t.Helper()
	code, body := b.get(t, path)
	var v any
	if code != http.StatusOK || json.Unmarshal(body, &v) != nil {
		t.Errorf("%s: %d %.200s", path, code, body)
	}
	return v
}

// sameData compares what the pages ask for. Histograms are left out: TensorBoard's
// fast server leaves empty outer buckets in, which its Python reader drops.
func sameData(t *testing.T, ours, theirs board) {
	t.Helper()
	for _, path := range []string{
		"data/runs", "data/plugins_listing", "data/plugin/scalars/tags", "data/plugin/timeseries/tags", "data/plugin/images/tags",
		"data/plugin/histograms/tags", "data/plugin/text/tags", "data/plugin/text/text?run=brisk-otter&tag=note/text_summary",
		"data/plugin/distributions/distributions?run=brisk-otter&tag=weights", "data/plugin/scalars/scalars?run=calm-heron/trial&tag=hparam/best",
	} {
		var a, b any
		for deadline, tick := time.After(30*time.Second), time.NewTicker(100*time.Millisecond); ; {
			if a, b = ours.json(t, path), theirs.json(t, path); reflect.DeepEqual(a, b) {
				tick.Stop()
				break
			}
			select {
			case <-tick.C: // one of them may not have read everything yet
				continue
			case <-deadline:
				t.Errorf("%s:\n%v over our server,\n%v over TensorBoard's", path, a, b)
			}
			break
		}
	}
	const images = "data/plugin/images/images?run=brisk-otter&tag=sample"
	mine, his := ours.json(t, images).([]any), theirs.json(t, images).([]any)
	if len(mine) != 5 || len(his) != 5 {
		t.Fatalf("%d and %d images", len(mine), len(his))
	}
	for i := range mine {
		_, a := ours.get(t, "data/plugin/images/individualImage?"+mine[i].(map[string]any)["query"].(string))
		_, b := theirs.get(t, "data/plugin/images/individualImage?"+his[i].(map[string]any)["query"].(string))
		if string(a) != string(b) || !strings.HasPrefix(string(a), "\x89PNG") {
			t.Errorf("image %d: %d bytes and %d bytes", i, len(a), len(b))
		}
	}
}

// page is what a browser made of a page.
type page struct {
	text   string
	errors map[string]bool // console errors, exceptions, answers of 400 and more
}

// row is the three cells after a run's name in a card's table.
func (p page) row(run string) []string {
	lines := strings.Split(p.text, "\n")
	for i, line := range lines {
		if line == run && i+3 < len(lines) && i > 0 && strings.Contains(strings.Join(lines[max(0, i-12):i], " "), "Smoothed") {
			return lines[i+1 : i+4]
		}
	}
	return nil
}

// textOf is the text of a page, with what lies in shadow roots and frames.
const textOf = `(() => {
	const out = [];
	const walk = n => {
		if (n.nodeType === 3 && n.textContent.trim()) out.push(n.textContent.trim());
		if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(n.nodeName)) return;
		if (n.shadowRoot) walk(n.shadowRoot);
		if (n.nodeName === "IFRAME" && n.contentDocument && n.contentDocument.body) walk(n.contentDocument.body);
		n.childNodes.forEach(walk);
	};
	walk(document.body);
	return out.join("\n");
})()`

// visit opens a page in a browser of its own and waits until it shows a text, and
// then stands still.
func (b board) visit(t *testing.T, fragment, shows string) page {
	t.Helper()
	dir, err := os.MkdirTemp("", "flightdeck-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1600, 1200), chromedp.UserDataDir(filepath.Join(dir, "profile")))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	p := page{errors: map[string]bool{}}
	var mu sync.Mutex
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		p.errors[strings.ReplaceAll(fmt.Sprintf(format, args...), b.url, "/")] = true
	}
	err = chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			if e.Type == "error" && len(e.Args) > 0 {
				note("console error: %s %s", e.Args[0].Value, e.Args[0].Description)
			}
		case *runtime.EventExceptionThrown:
			note("exception: %s", e.ExceptionDetails.Text)
		case *network.EventResponseReceived:
			if e.Response.Status >= 400 {
				note("%d of %s", e.Response.Status, e.Response.URL)
			}
		}
	})
	if err == nil {
		err = chromedp.Do(ctx, chromedp.Navigate(b.url+fragment))
	}
	if err != nil {
		t.Fatalf("CANNOT open %s in Chromium: %v", fragment, err)
	}
	for same, tick := 0, time.NewTicker(250*time.Millisecond); same < 8 || !strings.Contains(p.text, shows); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s does not show %q:\n%s", fragment, shows, p.text)
		}
		now, err := chromedp.Run(ctx, chromedp.Evaluate[string](textOf))
		if err != nil {
			t.Fatal(err)
		}
		if same++; now != p.text {
			same, p.text = 0, now
		}
	}
	mu.Lock()
	defer mu.Unlock()
	p.errors = maps.Clone(p.errors)
	return p
}
