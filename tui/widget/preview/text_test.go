package preview

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"flightdeck/tui/widget/cell/celltest"
)

var _ = flag.Bool("update", false, "write the golden files")

// whole parses a file that is there as a whole.
func whole(name, data string) Doc { return Parse(name, int64(len(data)), []byte(data)) }

// text is a document as plain lines: label, warning, text or cells.
func text(d Doc) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s\n", d.Kind, d.Note)
	if len(d.Head) > 0 {
		fmt.Fprintf(&b, "= %s\n", strings.Join(d.Head, "|"))
	}
	for _, r := range d.Rows {
		if r.Warn {
			b.WriteString("! ")
		}
		if r.Label != "" {
			b.WriteString(r.Label + ": ")
		}
		b.WriteString(r.Text + strings.TrimRight(strings.Join(r.Cells, "|"), "|") + "\n")
	}
	return b.String()
}

func TestText(t *testing.T) {
	cases := []struct{ name, file, data, want string }{
		{"nothing", "a.txt", "", "empty|\n"},
		{"lines", "a.txt", "one\r\ntwo\n\nfour", "text|\none\ntwo\n\nfour\n"},
		{"a byte order mark", "a.txt", "\ufeffone", "text|\none\n"},
		{"what would move the cursor", "a.log", "\x1b[2Jgone\x1b]0;title\x07 \x9b31m \u202ereversed", "text|\n" + `gone \x9b31m \u202ereversed` + "\n"},
		{"Latin-1 within text", "a.txt", strings.Repeat("plain text, ", 5) + "\xe4", "text|\n" + strings.Repeat("plain text, ", 5) + `\xe4` + "\n"},
		{"bytes", "a.dat", "\x00\x01AB\xff", "bytes|\n00000000: 00 01 41 42 ff                                   ..AB.\n"},
		{"a second row of bytes", "a.dat", "\x000123456789abcdefg", "bytes|\n00000000: 00 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65  .0123456789abcde\n00000010: 66 67                                            fg\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := text(whole(c.file, c.data)); got != c.want {
				t.Errorf("got\n%q\nwant\n%q", got, c.want)
			}
		})
	}
}

func TestCutText(t *testing.T) {
	d := Parse("a.txt", 20_000_000, []byte("one\ntwo ä"[:9])) // ä cut in two
	if got, want := text(d), "text|first 9 B of 20 MB\none\ntwo \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	long := strings.Repeat("x", Limit) + "y"
	if d := whole("a.txt", long); d.Note != "first 1.05 MB of 1.05 MB" || strings.Contains(d.Rows[0].Text, "y") {
		t.Errorf("%s, %d cells", d.Note, len(d.Rows[0].Text))
	}
	if d := whole("a.txt", strings.Repeat("\n", maxRows+5)); len(d.Rows) != maxRows || d.Note != "first 100 000 rows" {
		t.Errorf("%d rows, %q", len(d.Rows), d.Note)
	}
	if d := whole("a.bin", strings.Repeat("\x00", 5000)); len(d.Rows) != hexBytes/16 || d.Note != "first 4.1 kB of 5 kB" {
		t.Errorf("%d rows, %q", len(d.Rows), d.Note)
	}
}

func TestJSON(t *testing.T) {
	cases := []struct{ name, data, want string }{
		{"nested", `{"lr":1e-3,"layers":[1, 2,3],"opt":{"name":"adam, {really} \" [","on":true},"e":{},"l":[ ]}`, `JSON|
{
  "lr": 1e-3,
  "layers": [1, 2, 3],
  "opt": {
    "name": "adam, {really} \" [",
    "on": true
  },
  "e": {},
  "l": []
}
`},
		{"words in a list", "[\"a\",null,[]]", "JSON|\n[\n  \"a\",\n  null,\n  []\n]\n"},
		{"one value", " 3.14 ", "JSON|\n3.14\n"},
		{"broken", "{\n \"ä\": tru}", "text|\n! note: not valid JSON: line 2, column 10: invalid\ncharacter '}' in literal true (expecting 'e')\n{\n \"ä\": tru}\n"},
		{"ends early", `{"a":`, "text|\n! note: not valid JSON: line 1, column 5: unexpected end\nof JSON input\n{\"a\":\n"},
		{"bytes", "\x00\x01", "bytes|\n! note: not valid JSON: line 1, column 1: invalid\ncharacter '\\x00' looking for beginning of value\n00000000: 00 01                                            ..\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := text(whole("metrics.json", c.data)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	cut := Parse("a.json", 5_000_000, []byte(`{"a": [1,`))
	if got, want := text(cut), "JSON|first 9 B of 5 MB\n{\"a\": [1,\n"; got != want {
		t.Errorf("cut: got %q, want %q", got, want)
	}
}

// A megabyte of JSON, nested as deep as Go allows, indented in full would be
// gigabytes.
func TestDeepJSON(t *testing.T) {
	const depth = 9000
	src := strings.Repeat("[", depth) + strings.Repeat("null,", 150_000) + "null" + strings.Repeat("]", depth)
	d := whole("deep.json", src)
	size := 0
	for _, r := range d.Rows {
		size += len(r.Text)
	}
	if d.Kind != "JSON" || size > 8<<20 {
		t.Errorf("%s: %d bytes of rows from %d", d.Kind, size, len(src))
	}
}

func TestCSV(t *testing.T) {
	cases := []struct{ name, file, data, want string }{
		{"names and numbers", "m.csv", "step,loss,note\n1,0.5,\n2,NaN,ok\n", "CSV, 3 columns|\n= step|loss|note\n1|0.5\n2|NaN|ok\n"},
		{"quotes", "m.csv", "name,x\n\"a, b\",1\n\"say \"\"hi\"\"\",2\n\"two\nlines\",3\n", "CSV, 2 columns|\n= name|x\na, b|1\nsay \"hi\"|2\ntwo lines|3\n"},
		{"ragged", "m.csv", "a,b\n1\n1,2,3,4\n", "CSV, 4 columns|\n= a|b\n1\n1|2|3|4\n"},
		{"without names", "m.csv", "1,2\n3,4\n", "CSV, 2 columns|\n1|2\n3|4\n"},
		{"a stray quote", "m.csv", "a,b\nx\"y,1\nz,2\n", "CSV, 2 columns|\n= a|b\nx\"y|1\nz|2\n"},
		{"tabs", "m.tsv", "a\tb\n1,5\t2\n", "TSV, 2 columns|\n= a|b\n1,5|2\n"},
		{"control bytes", "m.csv", "a\x1b[2J,b\x07\n\x1b]0;x\x07y,1\n", "CSV, 2 columns|\n= a|b^G\ny|1\n"},
		{"no records", "m.csv", "\n\n", "text|\n! note: no CSV records\n\n\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := text(whole(c.file, c.data)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
	cut := Parse("m.csv", 1000, []byte("a,b\n1,2\n3,4"))
	if got, want := text(cut), "CSV, 2 columns|first 11 B of 1 kB\n= a|b\n1|2\n"; got != want {
		t.Errorf("the record that is cut in two: got %q, want %q", got, want)
	}
	if d := whole("m.csv", strings.Repeat("1,2\n", csvRows+1)); len(d.Rows) != csvRows || d.Note != "first 5 000 rows" {
		t.Errorf("%d rows, %q", len(d.Rows), d.Note)
	}
}

func TestColumns(t *testing.T) {
	d := whole("m.csv", "run,loss,when\nlong-name-of-a-run-that-does-not-end,0.5,\nb,,3\nc,1e-3,soon\n")
	want := []Column{{Width: csvWidest}, {Width: 4, Right: true}, {Width: 4}}
	for i, c := range d.Columns {
		if c != want[i] {
			t.Errorf("column %d: %+v, want %+v", i, c, want[i])
		}
	}
}

// What a file is goes by its content where the name says nothing or is wrong.
func TestSniff(t *testing.T) {
	for name, data := range map[string]string{
		"zip": "PK\x05\x06" + strings.Repeat("\x00", 18), "png": string(encoded(t, "png", 3, 2)), "jpeg": string(encoded(t, "jpeg", 3, 2)), "gif": string(encoded(t, "gif", 3, 2)),
		"pickle": "\x80\x04N.", "npy": string(file(t, "floats.npy")),
	} {
		t.Run(name, func(t *testing.T) {
			file := "weights.bin"
			if name == "zip" {
				file = "model.pt"
			}
			d := whole(file, data)
			if strings.HasPrefix(d.Kind, "bytes") || strings.HasPrefix(d.Kind, "text") {
				t.Errorf("is %q", text(d))
			}
		})
	}
	if d := whole("checkpoint.ckpt", "model_checkpoint_path: \"a\"\n"); !strings.Contains(text(d), "text|\n! note: not a zip archive\nmodel_checkpoint_path") {
		t.Errorf("a text of that name: %q", text(d))
	}
}

func TestGoldenText(t *testing.T) {
	for name, d := range map[string]Doc{
		"json": whole("a.json", `{"params":{"lr":0.001,"layers":[64,32]},"tags":["a","b"]}`),
		"csv":  whole("a.csv", "epoch,loss,comment\n1,2.30259,first\n2,0.69,\n10,0.0001,a comment that is much too long for its column\n"),
		"hex":  whole("a.dat", "\x00\x01\x02header\xff\xfe"+strings.Repeat("data", 20)),
		"bad":  whole("a.json", "{\"a\": 1,}\n"),
	} {
		for theme, th := range celltest.Themes() {
			if theme != "dark" && theme != "ascii" {
				continue
			}
			var v View
			v.Show(d)
			drawn := v.Render(th, 60, 8)
			celltest.Size(t, drawn, 60, 8)
			celltest.Golden(t, name+"-"+theme, drawn)
		}
	}
}
