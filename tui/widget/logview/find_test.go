package logview

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// typeIn types text and enters it.
func typeIn(v *Log, opening, text string) {
	press(v, opening)
	for _, c := range text {
		press(v, string(c))
	}
	press(v, "enter")
}

func TestSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.write(numbered(30)...)
		v, poke := show(t, m, Options{})
		news := func() {
			synctest.Wait()
			select {
			case <-poke:
			default:
			}
			v.Refresh()
		}
		v.Render(dark(), 60, 4)
		press(v, "home")
		typeIn(v, "/", "Line 1")
		news()
		expect(t, v, 60, 4, "▌ line 0", "line 1", "line 2", "/ Line 1  not found")
		typeIn(v, "/", "")
		press(v, "esc")
		press(v, "/")
		for _, c := range "line 1" {
			press(v, string(c))
		}
		v.Render(dark(), 60, 4)
		if !v.Typing() || v.Cursor() == nil || v.Cursor().Y != 3 {
			t.Fatalf("typing %v, cursor %v", v.Typing(), v.Cursor())
		}
		press(v, "enter")
		news()
		expect(t, v, 60, 4, "line 0", "▌ line 1", "line 2", "/ line 1  1 of 11")
		press(v, "n")
		expect(t, v, 60, 4, "line 9", "▌ line 10", "line 11", "/ line 1  2 of 11")
		press(v, "N", "N")
		expect(t, v, 60, 4, "line 18", "▌ line 19", "line 20", "/ line 1  11 of 11")
		press(v, "n")
		if v.at.cursor != 1 {
			t.Fatalf("around the end is line %d", v.at.cursor)
		}
		m.write("another line 1")
		v.Refresh()
		news()
		if got := rowsOf(t, v, 60, 4)[3]; got != "/ line 1  1 of 12               1 new line below  F follow" {
			t.Fatalf("after a new line: %q", got)
		}
		press(v, "esc")
		if got := v.Render(dark(), 60, 4); strings.Contains(got, "of 12") {
			t.Fatal("esc does not end the search")
		}
	})
}

func TestSearchSeesTheLastLineGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.put(Line{Text: []byte("lo"), Partial: true})
		v, _ := show(t, m, Options{})
		v.Search(Query{Text: "loss"})
		synctest.Wait()
		v.Refresh()
		expect(t, v, 40, 2, "lo↩", "/ loss  not found")
		m.mu.Lock()
		m.lines[0].Text = []byte("loss")
		m.rev++
		m.mu.Unlock()
		v.Refresh()
		synctest.Wait()
		v.Refresh()
		expect(t, v, 40, 2, "loss↩", "/ loss  1 line")
	})
}

func TestTabStops(t *testing.T) {
	m := &memory{}
	m.write("a\tb\t\x1b[31mccc\td", "日\tx")
	v, _ := show(t, m, Options{})
	expect(t, v, 40, 2, "a   b   ccc d", "日  x")
}

func TestMatchesAreMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.write("loss=0.3 LOSS=0.4", "\x1b[31mlo\x1b[32mss e\u0301")
		v, _ := show(t, m, Options{})
		v.Search(Query{Text: "loss"})
		synctest.Wait()
		v.Refresh()
		press(v, "F")
		match := dark().Plain.Match
		frame := v.Render(dark(), 60, 3)
		for _, want := range []string{match.Render("loss"), match.Render("LOSS"), match.Render("lo") + match.Render("ss")} {
			if !strings.Contains(frame, want) {
				t.Errorf("%q is not in %q", want, frame)
			}
		}
		v.Search(Query{Text: "e"})
		if frame := v.Render(dark(), 60, 3); !strings.Contains(frame, match.Render("e\u0301")) {
			t.Errorf("a mark left its letter: %q", frame)
		}
		screen(t, v, dark(), 60, 3)
	})
}

func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.write(numbered(100)...)
		m.put(Line{Text: []byte("other"), Skipped: 3})
		v, _ := show(t, m, Options{})
		typeIn(v, "&", "line 1")
		synctest.Wait()
		v.Refresh()
		expect(t, v, 60, 5, "line 17", "line 18", "line 19", "… 3 lines lost", "& line 1  11 lines")
		m.write("line 1 again", "nothing")
		v.Refresh()
		synctest.Wait()
		v.Refresh()
		expect(t, v, 60, 5, "line 18", "line 19", "… 3 lines lost", "line 1 again", "& line 1  12 lines")
		typeIn(v, "/", "9")
		synctest.Wait()
		v.Refresh()
		expect(t, v, 60, 5, "line 17", "line 18", "▌ line 19", "… 3 lines lost", "& line 1  12 lines   / 9  1 of 1")
		press(v, "esc", "esc")
		if v.find.only != nil || v.find.search != nil || v.Key(keyPress("esc")) {
			t.Fatal("esc does not end search and filter, one after the other")
		}
	})
}

// ctrl+r asks for an expression, also after a search for plain text, and a second
// time from within.
func TestRegexpByItsOwnKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.write("a1", "b2", "a.")
		v, _ := show(t, m, Options{})
		for range 2 {
			press(v, "ctrl+r", "a", ".", "enter")
			synctest.Wait()
			v.Refresh()
			expect(t, v, 70, 4, "a1", "b2", "▌ a.", "/ regexp a.  2 of 2")
		}
		press(v, "ctrl+r", "ctrl+r", "a", ".", "enter")
		synctest.Wait()
		v.Refresh()
		expect(t, v, 70, 4, "a1", "b2", "▌ a.", "/ a.  1 of 1")
	})
}

func TestRegexpAndItsErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.write("a1", "b2", "c3")
		v, _ := show(t, m, Options{})
		press(v, "/", "ctrl+r", "[")
		if got := rowsOf(t, v, 70, 3)[2]; !strings.Contains(got, "missing closing ]") {
			t.Fatalf("while typing: %q", got)
		}
		v.Paste("bc]\x1b[31m\x07")
		if got := v.ask.in.Text(); got != "[bc]^G" {
			t.Fatalf("pasted: %q", got)
		}
		press(v, "ctrl+h", "ctrl+h")
		press(v, "enter")
		synctest.Wait()
		v.Refresh()
		expect(t, v, 70, 4, "a1", "b2", "▌ c3", "/ regexp [bc]  2 of 2")
		v.Search(Query{Text: "(", Regexp: true})
		synctest.Wait()
		v.Refresh()
		if got := rowsOf(t, v, 70, 4)[3]; !strings.Contains(got, "▲ error parsing regexp") {
			t.Fatalf("a wrong expression: %q", got)
		}
	})
}

// TestSlowSearch holds a search before each hit: keys and frames go on, progress and
// the hits so far show, and the goroutine ends with its context.
func TestSlowSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{gate: make(chan struct{})}
		m.write(numbered(10)...)
		ctx, cancel := context.WithCancel(t.Context())
		poke := make(chan struct{}, 1)
		v := New(Options{})
		v.Open(ctx, m, poke)
		v.Render(dark(), 60, 4)
		press(v, "home")
		v.Search(Query{Text: "line"})
		synctest.Wait()
		v.Refresh()
		expect(t, v, 60, 4, "▌ line 0", "line 1", "line 2", "/ line  0 lines so far")
		m.gate <- struct{}{}
		m.gate <- struct{}{}
		<-poke
		press(v, "n")
		synctest.Wait()
		v.Refresh()
		expect(t, v, 60, 4, "line 0", "▌ line 1", "line 2", "/ line  2 of 2 so far, 10.0 % searched")
		press(v, "n") // not found yet
		if v.at.cursor != 1 {
			t.Fatal("went somewhere")
		}
		time.Sleep(notify) // fake time: the next hit is told
		m.gate <- struct{}{}
		synctest.Wait()
		<-poke
		v.Refresh()
		if v.at.cursor != 2 {
			t.Fatalf("at %d when the hit came", v.at.cursor)
		}
		cancel()
		synctest.Wait() // and the bubble fails if a goroutine is left
	})
}

func TestSearchLeavesNobodyBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		m.write(numbered(10)...)
		ctx, cancel := context.WithCancel(t.Context())
		v := New(Options{})
		v.Open(ctx, m, make(chan struct{}, 1))
		for _, s := range []string{"a", "b", "line", ""} {
			v.Search(Query{Text: s})
			v.Filter(Query{Text: s})
			v.SetLook(Look{Level: LevelWarn})
		}
		v.Search(Query{Text: "line"})
		synctest.Wait()
		for range 3 { // its own news must not keep a search going
			v.Refresh()
			synctest.Wait()
		}
		news := v.find.search.state().news
		v.Refresh()
		synctest.Wait()
		if got := v.find.search.state().news; got != news {
			t.Fatalf("the search went on by itself: %d, then %d", news, got)
		}
		cancel()
	})
}

func TestNoSearcher(t *testing.T) {
	v, _ := show(t, struct{ Source }{&memory{}}, Options{})
	v.Search(Query{Text: "x"})
	if got := rowsOf(t, v, 60, 2)[1]; !strings.Contains(got, "cannot be searched") {
		t.Fatalf("got %q", got)
	}
}
