package logview

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"flightdeck/tui/theme"
)

// FuzzRender holds every frame against the promise of this package, whatever is in
// the log, in the names of its sources and in what is searched for.
func FuzzRender(f *testing.F) {
	f.Add([]byte("\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[?1049h"), "api", "re", 40, 5, uint16(0))
	f.Add([]byte("\x1bPq#0;2;0;0;0\x1b\\ \x9b31m \u009b1m \xff\xfe \r\n\b\x7f"), "\x1b[5m", "\x1b", 21, 4, uint16(0xffff))
	f.Add([]byte(`{"level":"error","msg":"\u001b[31m\u0007\u009b","k\u0000":"\u202e"}`), "", "e", 60, 3, uint16(0x0010))
	f.Add([]byte("level=warn msg=\"a\x1bb\" k=v\u2028"), "日本", "日", 7, 2, uint16(0x0123))
	f.Add([]byte("日本語e\u0301\u200d\U0001f469\u200d\U0001f4bb\U0001f1e9\U0001f1ea\t\tx"), "a\nb", "\u0301", 9, 6, uint16(0x0245))
	f.Add([]byte("10%\r20%\r\x1b[K30%\r"), "s", "%", 1, 1, uint16(0x0041))
	f.Fuzz(func(t *testing.T, text []byte, source, query string, w, h int, flags uint16) {
		w, h = 1+(w&0x7fffffff)%90, 1+(h&0x7fffffff)%12
		on := func(bit int) bool { return flags&(1<<bit) != 0 }
		synctest.Test(t, func(t *testing.T) {
			m := &memory{}
			m.put(Line{Text: []byte("first"), Time: at(0)}, Line{Text: text, Source: source, Level: uint8(flags>>8) % 5, Partial: on(0), Skipped: int64(flags >> 12), Time: at(1)})
			for i, s := range strings.Split(string(text), "\n") {
				m.put(Line{Text: []byte(s), Source: "b", Level: uint8(i) % 5})
			}
			v, _ := show(t, m, Options{Look: Look{Wrap: on(1), Times: Times(flags>>2) % 3}})
			if on(4) {
				v.SetSources([]string{source, "b"})
			}
			l := v.Look()
			l.Raw = on(5)
			v.SetLook(l)
			p := theme.Dark()
			if on(6) {
				p = theme.Mono()
			}
			th := theme.New(p, on(7))
			screen(t, v, th, w, h)
			v.Search(Query{Text: query, Regexp: on(8)})
			synctest.Wait()
			v.Refresh()
			screen(t, v, th, w, h)
			press(v, "home", "right", "space", "down")
			screen(t, v, th, w, h)
			v.Filter(Query{Text: query})
			synctest.Wait()
			v.Refresh()
			screen(t, v, th, w, h)
			press(v, "/")
			v.Paste(query)
			screen(t, v, th, w, h)
			for _, c := range v.Text() {
				if c < 0x20 && c != '\n' || c >= 0x7f && c <= 0x9f {
					t.Fatalf("%U is copied", c)
				}
			}
		})
	})
}

// FuzzSGR: whatever was asked for, what we write is one sequence of known parameters,
// which read back means the same.
func FuzzSGR(f *testing.F) {
	for _, s := range []string{"0", "1;31", "38;5;208", "38;2;1;2;3;48;5;7", "38:2::1:2:3", "4:3", ";;", "38", "38;5", "?25", "99999999999999999999", "58;5;1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, params string) {
		var a, b sgr
		a.apply(params)
		open := a.open()
		if open == "" {
			return
		}
		if !ownSGR.MatchString(open) || ownSGR.FindString(open) != open {
			t.Fatalf("%q became %q", params, open)
		}
		b.apply(open[2 : len(open)-1])
		if a != b {
			t.Fatalf("%q is %+v, written as %q it is %+v", params, a, open, b)
		}
		for _, g := range []ground{{}, {light: true}, {mono: true}} {
			if r := a.readable(g); r.readable(g) != r || r.fg != 0 && r.fg == r.bg {
				t.Fatalf("%q is drawn as %+v", params, r)
			}
		}
	})
}

// FuzzJSON compares with encoding/json: the same lines are objects, with the same
// keys and texts.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"level":"info","msg":"x","n":1}`, `{"a":{"b":[1,2,{}]},"c":null}`, `{"a":"\u001b\ud800"}`, `{}`, `{"a":1`, `{"a":1} x`, `[1]`, `{"":""}`, `{"a":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) == 0 || line[0] != '{' {
			return
		}
		r, ok := parse(line)
		var want map[string]any
		isObject := json.Unmarshal(line, &want) == nil && len(want) > 0 && utf8.Valid(line) && len(line) <= maxRecord
		if ok != isObject {
			t.Fatalf("%q: %v, want %v", line, ok, isObject)
		}
		for _, f := range r.rest {
			if _, is := want[f.key]; ok && !is {
				t.Fatalf("%q has no key %q", line, f.key)
			}
		}
		if msg, is := want["msg"].(string); ok && is && msg != "" && r.msg == "" {
			t.Fatalf("%q: the message is gone", line)
		}
	})
}

// FuzzLogfmt: a line that is taken for logfmt loses nothing: its fields, written down
// again, are the same fields.
func FuzzLogfmt(f *testing.F) {
	for _, s := range []string{"level=info msg=\"a b\" n=1", "a=1 b", "a=\"x\\\"y\" b=", "x=\"", "prose with a=1", "a==b c=d", "k=v k=v", "time=1 ts=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		fields, ok := parseLogfmt(line)
		if !ok {
			return
		}
		var b strings.Builder
		for _, f := range fields {
			if f.key == "" || strings.ContainsAny(f.key, " =\"") {
				t.Fatalf("%q: key %q", line, f.key)
			}
			quoted, err := json.Marshal(f.value)
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(f.key + "=" + string(quoted) + " ")
		}
		again, ok := parseLogfmt(b.String())
		if utf8.ValidString(line) && (!ok || !slices.Equal(fields, again)) {
			t.Fatalf("%q: %q, then %q", line, fields, again)
		}
	})
}

func FuzzSet(f *testing.F) {
	f.Add(uint64(1), 100, int64(5000))
	f.Add(uint64(2), 3000, int64(20000))
	f.Fuzz(func(t *testing.T, seed uint64, n int, span int64) {
		n, span = (n&0x7fffffff)%4000, 1+(span&0x7fffffffffffffff)%1_000_000
		rnd := rand.New(rand.NewPCG(seed, 0))
		var s set
		there := map[int64]bool{}
		for range n {
			x := rnd.Int64N(span)
			s.add(x)
			there[x] = true
		}
		var all []int64
		for x := range there {
			all = append(all, x)
		}
		slices.Sort(all)
		if s.n != int64(len(all)) {
			t.Fatalf("%d, want %d", s.n, len(all))
		}
		for range 50 {
			a, b := rnd.Int64N(span+2)-1, rnd.Int64N(span+2)
			i, found := slices.BinarySearch(all, a)
			j, _ := slices.BinarySearch(all, b)
			if s.has(a) != found {
				t.Fatalf("has(%d) = %v", a, !found)
			}
			if x, ok := s.next(a); ok != (i < len(all)) || ok && x != all[i] {
				t.Fatalf("next(%d) = %d, %v", a, x, ok)
			}
			if found {
				i++
			}
			if x, ok := s.prev(a); ok != (i > 0) || ok && x != all[i-1] {
				t.Fatalf("prev(%d) = %d, %v", a, x, ok)
			}
			if found {
				i--
			}
			if got := s.count(a, b); got != int64(max(j-i, 0)) {
				t.Fatalf("count(%d, %d) = %d, want %d", a, b, got, max(j-i, 0))
			}
		}
	})
}

func TestRecords(t *testing.T) {
	for _, tt := range []struct {
		line string
		want string // "" is no record
	}{
		{`{"b":1,"msg":"hi","level":"warning","a":[1, 2],"time":"2026-11-24T12:30:41.5Z"}`, `12:30:41.500 WARN  hi b=1 a=[1, 2]`},
		{`{"ts":1790000000.5,"lvl":"x","message":"m"}`, `14:13:20.500 X     m`},
		{`{"time":1790000000500,"severity":"ERROR"}`, `14:13:20.500 ERROR `},
		{`{"time":"yesterday","level":"info","level":"debug"}`, `yesterday INFO  level=debug`},
		{`level=info msg="two words" k="" v="a=b" empty= last`, `INFO  two words k="" v="a=b" empty="" last=""`},
		{`k=v`, ""},
		{`loss is x=1 and y=2`, ""},
		{`a=1 b=2`, `a=1 b=2`},
		{`{"a":1} trailing`, ""},
		{`{not json}`, ""},
		{``, ""},
		{`{"a":"` + strings.Repeat("x", maxRecord) + `"}`, ""},
	} {
		m := &memory{}
		m.write(tt.line)
		v, _ := show(t, m, Options{})
		if r, ok := v.sheet.record(&m.lines[0]); ok != (tt.want != "") {
			t.Errorf("%.60q: %v %+v", tt.line, ok, r)
			continue
		}
		if tt.want == "" {
			continue
		}
		var b strings.Builder
		th := dark()
		for _, p := range v.sheet.content(&m.lines[0], th, &th.Plain, 1000) {
			b.WriteString(p.text)
		}
		if b.String() != tt.want {
			t.Errorf("%q is shown as %q, want %q", tt.line, b.String(), tt.want)
		}
	}
}
