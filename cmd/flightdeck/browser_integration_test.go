//go:build integration && linux

//integration:needs chromium=chromium

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a Chromium without a screen, for the length of a test.
type browser struct {
	ctx context.Context

	mu   sync.Mutex
	seen []string                   // faults of the page that is open
	open map[network.RequestID]bool // its requests under way
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	dir, err := os.MkdirTemp("", "flightdeck-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1900, 1600), chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.Flag("proxy-server", "direct://"))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{ctx: ctx, open: map[network.RequestID]bool{}}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("CANNOT start Chromium: %v", err)
	}
	return b
}

// hear notes what goes wrong in a page: answers of 400 and more, requests that fail,
// errors on the console, exceptions.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	note := func(format string, args ...any) { b.seen = append(b.seen, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.open[e.RequestID] = true
	case *network.EventLoadingFinished:
		delete(b.open, e.RequestID)
	case *network.EventLoadingFailed:
		delete(b.open, e.RequestID)
		if !e.Canceled && e.ErrorText != "net::ERR_ABORTED" {
			note("failed: %s", e.ErrorText)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			note("%d of %s", e.Response.Status, e.Response.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" {
			var words []string
			for _, a := range e.Args {
				words = append(words, strings.TrimSpace(strings.Trim(string(a.Value), `"`)+" "+a.Description))
			}
			if said := strings.Join(words, " "); !strings.Contains(said, "ResizeObserver loop") { // Chromium's, about the pace of layout
				note("console: %s", said)
			}
		}
	case *runtime.EventExceptionThrown:
		note("exception: %s", e.ExceptionDetails.Text)
	}
}

// visit opens a page afresh and waits until it shows the texts, in any order,
// and then stands still. It returns all that
// can be read on it, and what went wrong.
func (b *browser) visit(t testing.TB, url string, shows ...string) (text string, faults []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("leave the page before: %v", err)
	}
	b.mu.Lock()
	b.seen, b.open = nil, map[network.RequestID]bool{}
	b.mu.Unlock()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	lacks := func() string {
		for _, s := range shows {
			if !strings.Contains(text, s) {
				return s
			}
		}
		return ""
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for still := 0; lacks() != "" || still < 5 || still < 20 && b.busy(); { // a request of a worker never ends for us
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("%s does not show %q; it shows\n%s", url, lacks(), tailOf(text, 1500))
			return text, b.faults()
		}
		now, err := chromedp.Run(ctx, chromedp.Evaluate[string](pageText))
		if err != nil {
			continue // it is being replaced
		}
		if still++; now != text {
			still, text = 0, now
		}
	}
	return text, b.faults()
}

func (b *browser) busy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open) > 0
}

func (b *browser) faults() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.seen...)
}

// pageText is the text of a page and the values of its fields, with what lies in
// shadow roots and in frames.
const pageText = `(() => {
	const out = [];
	const walk = n => {
		if (n.nodeType === 3 && n.textContent.trim()) out.push(n.textContent.trim());
		if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(n.nodeName)) return;
		if (n.nodeName === "INPUT" && n.value) out.push(n.value);
		if (n.shadowRoot) walk(n.shadowRoot);
		if (n.nodeName === "IFRAME" && n.contentDocument && n.contentDocument.body) walk(n.contentDocument.body);
		n.childNodes.forEach(walk);
	};
	if (document.body) walk(document.body);
	return out.join("\n");
})()`
