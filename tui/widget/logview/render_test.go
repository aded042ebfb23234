package logview

import (
	"strings"
	"testing"

	"flightdeck/tui/theme"
)

// cockpit is a log with one of everything.
func cockpit() *memory {
	m := &memory{}
	line := func(sec int, level uint8, source, text string) {
		m.put(Line{Time: at(sec), Level: level, Source: source, Text: []byte(text)})
	}
	line(0, LevelInfo, "api", `{"time":"2026-11-24T12:30:00.5Z","level":"info","msg":"listening","addr":":8080","pid":1,"tls":{"on":false}}`)
	line(1, LevelError, "api", `{"pid":1,"msg":"load failed: no such file","level":"error","ts":1790000000.25,"empty":"","note":"two words"}`)
	line(2, LevelWarn, "worker", `time=2026-11-24T12:30:02Z level=warn msg="serving without a model" status=503`)
	line(3, LevelInfo, "worker", "INFO:     127.0.0.1 - \"GET /readyz\" 503")
	m.put(Line{Time: at(4), Source: "api", Text: []byte("\x1b[32mgreen\x1b[0m \x1b]0;title\x07\x1b[2Jplain\ttab \x07bell \x9b1m"), Skipped: 1204})
	line(5, LevelNone, "worker", "epoch 1:   0%|          | 0/100\r epoch 1:  50%|█████     | 50/100\r epoch 1: 100%|██████████| 100/100")
	line(6, LevelError, "worker", "Traceback (most recent call last):")
	line(7, LevelError, "worker", "ValueError: shapes (32,64) and (128,10) not aligned: 64 (dim 1) != 128 (dim 0), and more of it")
	m.put(Line{Time: at(8), Source: "api", Text: []byte("waiting for"), Partial: true})
	return m
}

func TestGoldens(t *testing.T) {
	for _, tt := range []struct {
		name string
		th   *theme.Theme
		w, h int
		o    Options
		do   func(*Log)
	}{
		{"plain_80x12", dark(), 80, 12, Options{}, nil},
		{"clock_sources_100x14", dark(), 100, 14, Options{Look: Look{Times: TimesClock}}, func(v *Log) { v.SetSources([]string{"api", "worker"}) }},
		{"since_wrapped_60x18", dark(), 60, 18, Options{Look: Look{Times: TimesSince, Wrap: true}}, nil},
		{"raw_80x12", dark(), 80, 12, Options{}, func(v *Log) { v.SetLook(Look{Raw: true}) }},
		{"ascii_60x12", theme.New(theme.Mono(), true), 60, 12, Options{}, func(v *Log) { v.SetLook(Look{Raw: true}); press(v, "up", "up") }},
		{"narrow_20x6", dark(), 20, 6, Options{}, nil},
		{"aside_40x10", dark(), 40, 10, Options{}, func(v *Log) { press(v, "right", "right") }},
		{"errors_60x8", dark(), 60, 8, Options{}, func(v *Log) { v.SetLook(Look{Level: LevelError}) }},
		{"typing_60x8", dark(), 60, 8, Options{}, func(v *Log) { press(v, "/", "ctrl+r", "a", "(") }},
		{"one_1x1", dark(), 1, 1, Options{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, _ := show(t, cockpit(), tt.o)
			screen(t, v, tt.th, tt.w, tt.h)
			if tt.do != nil {
				tt.do(v)
			}
			golden(t, tt.name, screen(t, v, tt.th, tt.w, tt.h))
		})
	}
	t.Run("empty_40x3", func(t *testing.T) {
		v, _ := show(t, &memory{}, Options{})
		golden(t, "empty_40x3", screen(t, v, dark(), 40, 3))
	})
}

func TestEverySize(t *testing.T) {
	themes := []*theme.Theme{dark(), theme.New(theme.Light(), false), theme.New(theme.Mono(), true), theme.New(theme.Basic(true), false)}
	m := cockpit()
	m.write("日本語のログ 漢字 and e\u0301e\u0301 \U0001f469\u200d\U0001f4bb", "")
	for i, o := range []Options{{}, {Look: Look{Wrap: true}}, {Look: Look{Times: TimesClock}}, {Look: Look{Times: TimesSince, Wrap: true}}} {
		v, _ := show(t, m, o)
		v.SetSources([]string{"api", "worker"})
		for w := 1; w < 44; w++ {
			for h := 1; h < 9; h++ {
				screen(t, v, themes[i], w, h)
				press(v, []string{"up", "pgup", "home", "down", "shift+down", "pgdown", "F"}[(w+h)%7])
				screen(t, v, themes[i], w, h)
			}
		}
		if got := v.Render(themes[i], 0, 5) + v.Render(themes[i], 5, 0); got != "" {
			t.Errorf("%q in no cells", got)
		}
	}
}

func TestColoursAreOursAndReadable(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[31mred\x1b[0m":              "\x1b[31mred\x1b[m",
		"\x1b[1;4;92mbold":                "\x1b[1;4;92mbold\x1b[m",
		"\x1b[38;5;208morange":            "\x1b[38;5;208morange\x1b[m",
		"\x1b[38:5:208morange":            "\x1b[38;5;208morange\x1b[m",
		"\x1b[38;2;255;128;0mtrue":        "\x1b[38;2;255;128;0mtrue\x1b[m",
		"\x1b[38:2::255:128:0mtrue":       "\x1b[38;2;255;128;0mtrue\x1b[m",
		"\x1b[97;44mon blue":              "\x1b[97;44mon blue\x1b[m",
		"\x1b[31m\x1b[39mdefault":         "default",
		"\x1b[1m\x1b[22mnormal":           "normal",
		"\x1b[30mblack on black":          "black on black",
		"\x1b[38;2;1;2;3mnearly":          "nearly",
		"\x1b[31;41mred on red":           "red on red",
		"\x1b[5mblink\x1b[8mhidden":       "blinkhidden",
		"\x1b[?1mprivate\x1b[>4;2mxterm":  "privatexterm",
		"\x1b[999999999999999999999mhuge": "huge",
		"\x1b[38;5mcut":                   "cut",
		"\x1b[38;5;999mtoo much":          "\x1b[38;5;255mtoo much\x1b[m",
	} {
		m := &memory{}
		m.write(in)
		v, _ := show(t, m, Options{})
		got := v.Render(dark(), 30, 1)
		open, _, _ := strings.Cut(dark().Plain.Text.Render("|"), "|")
		got = strings.TrimPrefix(strings.TrimRight(got, " "), "  ")
		if want[0] != 0x1b { // in the theme's own colour
			got = strings.ReplaceAll(strings.ReplaceAll(got, open, ""), "\x1b[m", "")
		}
		if got != want {
			t.Errorf("%q is drawn as %q, want %q", in, got, want)
		}
	}
}

func TestNoColoursWithoutColour(t *testing.T) {
	m := &memory{}
	m.write("\x1b[1;31mred\x1b[0m \x1b[48;5;17mblue")
	v, _ := show(t, m, Options{})
	got := v.Render(theme.New(theme.Mono(), false), 30, 1)
	if !strings.Contains(got, "\x1b[1mred\x1b[m") || strings.Contains(got, "48;5") {
		t.Errorf("mono draws %q", got)
	}
}

func TestFrameIsKept(t *testing.T) {
	m := &memory{}
	m.write(numbered(100)...)
	v, _ := show(t, m, Options{})
	th := dark()
	first := v.Render(th, 40, 10)
	m.reads = 0
	v.Refresh()
	if second := v.Render(th, 40, 10); second != first || m.reads != 0 {
		t.Fatalf("nothing changed and %d lines were read", m.reads)
	}
	if n := testing.AllocsPerRun(10, func() { v.Refresh(); v.Render(th, 40, 10) }); n != 0 {
		t.Fatalf("%v allocations for an unchanged frame", n)
	}
	m.write("one more")
	v.Refresh()
	if third := v.Render(th, 40, 10); !strings.Contains(third, "one more") {
		t.Fatal("a new line does not show")
	}
}

func TestOnlyWhatShowsIsRead(t *testing.T) {
	m := &memory{}
	m.write(numbered(100_000)...)
	v, _ := show(t, m, Options{})
	m.reads = 0
	v.Render(dark(), 80, 20)
	press(v, "up", "up", "pgup")
	v.Render(dark(), 80, 20)
	if m.reads > 500 {
		t.Fatalf("%d reads for two screens of 20 rows", m.reads)
	}
}

// TestOneEndlessLine has 100 MB of one line, as its pieces come.
func TestOneEndlessLine(t *testing.T) {
	m := &memory{}
	piece := []byte(strings.Repeat("0123456789abcde\t", 4096))
	for range 1600 {
		m.put(Line{Text: piece, Partial: true})
	}
	for _, o := range []Options{{}, {Look: Look{Wrap: true}}} {
		v, _ := show(t, m, o)
		m.reads = 0
		screen(t, v, dark(), 80, 20)
		press(v, "up", "pgup", "down", "right")
		screen(t, v, dark(), 80, 20)
		if m.reads > 1000 || v.sheet.bytes > maxCached+1<<20 {
			t.Fatalf("%d reads, %d bytes kept", m.reads, v.sheet.bytes)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	json := []byte(`{"time":"2026-11-24T12:30:00.5Z","level":"info","msg":"step","step":1234,"loss":0.1234,"val_acc":0.9722}`)
	for _, bb := range []struct {
		name string
		line []byte
		wrap bool
	}{
		{"json", json, false},
		{"plain", []byte("2026-11-24 12:30:00,123 - trainer - INFO - step 1234 loss 0.1234 val_acc 0.9722"), false},
		{"colours", []byte("\x1b[32mINFO\x1b[0m:     127.0.0.1:5000 - \"\x1b[1mGET /readyz\x1b[0m\" \x1b[31m503\x1b[0m"), false},
		{"64 kB pieces", []byte(strings.Repeat("0123456789abcdef", 4096)), false},
		{"64 kB pieces wrapped", []byte(strings.Repeat("0123456789abcdef", 4096)), true},
	} {
		b.Run(bb.name, func(b *testing.B) {
			m := &memory{}
			for range 1000 {
				m.put(Line{Text: bb.line, Level: LevelInfo, Partial: len(bb.line) > 60000})
			}
			v, _ := show(b, m, Options{Look: Look{Wrap: bb.wrap}})
			th := dark()
			for b.Loop() {
				v.sheet.forget()
				v.Render(th, 160, 45)
			}
		})
	}
}

// BenchmarkFollow is a frame after one new line.
func BenchmarkFollow(b *testing.B) {
	m := &memory{}
	m.write(numbered(1000)...)
	v, _ := show(b, m, Options{})
	th := dark()
	for b.Loop() {
		m.write("one more line of the usual length, with a loss of 0.1234")
		v.Refresh()
		v.Render(th, 160, 45)
	}
}
