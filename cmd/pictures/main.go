// Pictures makes the README's pictures: it runs the real program on a real demo
// workspace in a terminal emulator, presses keys, and has Chromium draw the screen.
//
//	go run ./cmd/pictures -bin bin/flightdeck -out examples/pictures
package main

import (
	"flag"
	"fmt"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"flightdeck/tui/tuitest/terminal"
)

// shot is one picture: how big, how lit, and which keys lead to it.
type shot struct {
	name  string
	w, h  int
	light bool
	args  []string
	keys  []string
	until string // on the screen before the picture is taken
	wide  bool   // in the workspace in which other programs have written runs too
}

// shots is every picture in the README.
func shots() []shot {
	return []shot{
		{name: "experiments", w: 160, h: 45, until: "finished"},
		{name: "experiments_light", w: 160, h: 45, light: true, until: "finished"},
		{name: "experiments_80x24", w: 80, h: 24, until: "finished"},
		{name: "experiments_80x24_light", w: 80, h: 24, light: true, until: "finished"},
		{name: "experiments_mono", w: 160, h: 45, args: []string{"--theme", "mono"}, until: "finished"},
		{name: "palette", w: 140, h: 40, keys: []string{":", "stop"}, until: "stop"},
		{name: "plan", w: 140, h: 40, keys: []string{" ", "j", " ", "X"}, until: "same as"},
		{name: "diff", w: 160, h: 45, keys: []string{" ", "j", " ", "j", " ", "d"}, until: "params"},
		{name: "log", w: 160, h: 45, keys: []string{"\t", "\t", "]", "]"}, until: "epoch"},
		{name: "parallel", w: 160, h: 45, keys: []string{"\t", "]"}, until: "brightest"},
		{name: "group", w: 160, h: 45, keys: []string{"c", "j", "j", "\r"}, until: "mean, least and largest"},
		{name: "sources", w: 160, h: 45, wide: true, until: "tensorboard"},
		{name: "histograms", w: 160, h: 45, wide: true, keys: []string{"/", "mlp", "\r", "\t", "\t", "]", "]", "]", "]"}, until: "weights"},
		{name: "help", w: 140, h: 40, keys: []string{"?"}, until: "filter"},
	}
}

func main() {
	bin := flag.String("bin", "bin/flightdeck", "the program")
	out := flag.String("out", "examples/pictures", "where the pictures go")
	testdata := flag.String("testdata", "backends", "the folder of the backends, with what other programs recorded")
	only := flag.String("only", "", "a part of the names of those to take")
	flag.Parse()
	if err := run(*bin, *out, *only, *testdata); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(bin, out, only, testdata string) error {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return err
	}
	browser, err := chromium()
	if err != nil {
		return err
	}
	top, err := os.MkdirTemp("", "pictures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(top)
	narrow, wide := filepath.Join(top, "a", "digits-lab"), filepath.Join(top, "b", "digits-lab")
	for _, ws := range []string{narrow, wide} {
		if err := demo(bin, ws); err != nil {
			return err
		}
	}
	if err := tracked(wide, testdata); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, s := range shots() {
		if strings.Contains(s.name, only) {
			ws := narrow
			if s.wide {
				ws = wide
			}
			if err := take(browser, bin, ws, out, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return nil
}

// demo makes the workspace of the pictures.
func demo(bin, ws string) error {
	if err := os.MkdirAll(ws, 0o755); err != nil {
		return err
	}
	if text, err := exec.Command(bin, "demo", "--headless", "-C", ws).CombinedOutput(); err != nil {
		return fmt.Errorf("demo: %w\n%s", err, text)
	}
	return nil
}

func take(browser, bin, ws, out string, s shot) error {
	fg, bg := color.Color(color.RGBA{0xd7, 0xdc, 0xe2, 255}), color.Color(color.RGBA{0x0f, 0x12, 0x16, 255})
	if s.light {
		fg, bg = color.RGBA{0x22, 0x27, 0x2e, 255}, color.RGBA{0xfb, 0xfb, 0xf9, 255}
	}
	p, err := terminal.Start(terminal.Options{Args: append([]string{bin, "-C", ws}, s.args...), W: s.w, H: s.h, Background: bg})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.WaitText("finished", 20*time.Second); err != nil {
		return err
	}
	for _, k := range s.keys {
		p.Quiet(150*time.Millisecond, 2*time.Second)
		if err := p.Send(k); err != nil {
			return err
		}
	}
	if err := p.WaitText(s.until, 20*time.Second); err != nil {
		return err
	}
	p.Quiet(1200*time.Millisecond, 5*time.Second)
	return draw(browser, p.HTML(fg, bg), filepath.Join(out, s.name+".png"), s.w, s.h)
}

// draw has the browser make a PNG of the page.
func draw(browser, html, png string, w, h int) error {
	dir, err := os.MkdirTemp("", "picture")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	page := filepath.Join(dir, "screen.html")
	if err := os.WriteFile(page, []byte(html), 0o600); err != nil {
		return err
	}
	png, err = filepath.Abs(png)
	if err != nil {
		return err
	}
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
		"--user-data-dir="+dir, "--screenshot="+png, fmt.Sprintf("--window-size=%d,%d", int(float64(w)*9.04)+28, h*18+28), "file://"+page)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", browser, err, text)
	}
	fmt.Println(png)
	return nil
}

func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("no chromium found; on Debian: apt-get install chromium fonts-dejavu-core")
}
