package tail

import (
	"slices"
	"strings"
	"testing"
)

func TestLevelOfALine(t *testing.T) {
	for want, lines := range map[uint8][]string{
		LevelError: {
			`{"level":"error","msg":"x"}`, `{"msg":"\"level\":\"info\"", "severity" : "CRITICAL"}`, `{"level":50,"time":1}`, `{"lvl":"err"}`, `{"a":{"level":"info"},"level":"fatal"}`,
			`{"severity":3}`, `level=error msg="x"`, `ts=1 lvl=crit`, `time=1 severity="ERROR"`, "ERROR: bad", "2024-01-02 15:04:05,123 - name - ERROR - msg", "2024/01/02 [error] 12#0: x",
			"error: cannot find", "error[E0425]: cannot find", "[ERROR] x", "E0102 15:04:05.000000   1 x.go:1] x", "F0102 x", "CRITICAL:root:x", "Traceback (most recent call last):",
			"[rank0]: Traceback (most recent call last):", "panic: runtime error", "Exception in thread \"main\" x", "Caused by: x", "\tat com.example.Main(Main.java:1)", "\x1b[31mERROR\x1b[0m bad", "10%\rERROR x",
			"During handling of the above exception, another exception occurred:", "FATAL x", "2026-11-24T12:31:05Z\tERROR\tfoo",
		},
		LevelWarn: {
			`{"level":"warning"}`, `{"level":40}`, `{"severity":4}`, "level=warn x", "WARN x", "WARNING:root:x", "[warn] x", "W0102 15:04:05 x", "warning: unused", "/x.py:3: UserWarning: old", "  WARN x",
		},
		LevelInfo:  {`{"level":"info"}`, `{"level":30}`, "level=info", "INFO:     127.0.0.1", "I0102 15:04:05 x", "[info] x", "NOTICE x", `{"level":"INFO","msg":"ERROR"}`},
		LevelDebug: {`{"level":"debug"}`, `{"level":20}`, `{"level":10}`, "level=trace", "DEBUG x", "TRACE x", "[debug] x"},
		LevelNone: {
			"", " ", "epoch 1 loss 0.3", "errors: 0", "no error here", "ERRORS x", "E2E test ok", "Info about x", "an error: x", `{"msg":"error"}`, `{"msg":"level","x":"error"}`, `{"a":{"level":"error"}}`,
			`{"a":["level","error"]}`, `{"level":`, `{"level":"err`, `{"level":true}`, "mylevel=error", "E01x2 x", "E0102", "{", "}", "\tat", strings.Repeat(".", prefix) + "ERROR", "AT LEVEL 5", "{}{\"level\":\"error\"}",
		},
	} {
		for _, line := range lines {
			if got := new(trace).level([]byte(line)); got != want {
				t.Errorf("%q is %d, want %d", line, got, want)
			}
		}
	}
}

func TestTracebackIsAnErrorToItsEnd(t *testing.T) {
	var tr trace
	for i, tt := range []struct {
		line string
		want uint8
	}{
		{"INFO start", LevelInfo},
		{"Traceback (most recent call last):", LevelError},
		{`  File "train.py", line 3, in <module>`, LevelError},
		{"    loss.backward()", LevelError},
		{"", LevelError},
		{"torch.cuda.OutOfMemoryError: CUDA out of memory", LevelError},
		{"  indented, but no traceback any more", LevelNone},
		{"Traceback (most recent call last):", LevelError},
		{"    x", LevelError},
		{"KeyboardInterrupt", LevelError},
		{"Traceback (most recent call last):", LevelError},
		{"INFO another writer came between", LevelInfo},
		{"  x", LevelNone},
	} {
		if got := tr.level([]byte(tt.line)); got != tt.want {
			t.Errorf("line %d, %q, is %d, want %d", i, tt.line, got, tt.want)
		}
	}
}

func TestTracebacksOfTwoSources(t *testing.T) {
	l := open(t, Options{})
	for _, s := range []string{"Traceback (most recent call last):", "  File x", "ValueError: x"} {
		a, b := text(s), text("  quiet")
		a.Source, b.Source = "a", "b"
		add(t, l, a, b)
	}
	for _, line := range l.Lines(0, 9, nil) {
		if want := map[string]uint8{"a": LevelError, "b": LevelNone}[line.Source]; line.Level != want {
			t.Errorf("%s %q is %d", line.Source, line.Text, line.Level)
		}
	}
}

func TestTracebackThatComesInPieces(t *testing.T) {
	l := open(t, Options{})
	for _, s := range []string{"Traceback (most recent ", "call last):", "  Fi", "le x", "Value", "Error: x"} {
		line := text(s)
		line.Partial = !strings.ContainsAny(s[len(s)-1:], ":x")
		add(t, l, line)
	}
	add(t, l, text("  quiet"))
	var got []uint8
	for _, line := range l.Lines(0, 9, nil) {
		got = append(got, line.Level)
	}
	if want := []uint8{LevelError, LevelError, LevelError, LevelNone}; !slices.Equal(got, want) {
		t.Fatalf("levels %v, want %v", got, want)
	}
}

// FuzzLevel: every answer is a level, and what stands behind the part that is
// looked into does not matter.
func FuzzLevel(f *testing.F) {
	for _, s := range []string{`{"level":"error"}`, "level=warn", "E0102 x", "[error]", "Traceback (most recent call last):", "\x1b[31mERROR", `{"a":"\`, "a\rb", "{\"level\": 5"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var tr trace
		first := tr.level(b)
		if first >= levels {
			t.Fatalf("level %d", first)
		}
		tr.level(b)
		if got := new(trace).level(b); got != first {
			t.Fatalf("%q is %d and %d", b, first, got)
		}
		if len(b) > sniff && new(trace).level(b[:sniff]) != first {
			t.Fatal("looked too far")
		}
	})
}

// FuzzPlain: what comes out is a part of what went in, holds no escape sequence that
// ends, and is the same the second time.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"\x1b[31mred\x1b[m", "a\rb\r", "\x1b]0;t\x07x", "\x1b]8;;u\x1b\\x", "\x1b[", "\x1b", "\x1b\x1b[mm[1m"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := string(b)
		got := plain(new([]byte), b)
		if string(b) != in {
			t.Fatal("the line was changed")
		}
		if len(got) > len(b) || strings.ContainsRune(string(got), '\r') {
			t.Fatalf("%q became %q", b, got)
		}
		if !isOdd(b) && string(got) != strings.TrimRight(in, "\r") {
			t.Fatalf("%q is not odd and became %q", b, got)
		}
	})
}
