package tail

import "bytes"

// The levels of a line, in the order of their weight but for LevelNone, which is
// of a line that says nothing about it and stands where LevelInfo does.
const (
	LevelNone  uint8 = iota
	LevelDebug       // and trace
	LevelInfo        // and notice
	LevelWarn
	LevelError // and all that is worse
	levels
)

// rank is the level by which a line is filtered.
func rank(level uint8) uint8 {
	if level == LevelNone {
		return LevelInfo
	}
	return level
}

// sniff is how far a line is looked into; a level stands near its beginning.
const sniff = 4 << 10

// prefix is how far a level may stand from the beginning of a line of no format.
const prefix = 96

// trace is where a source is in a traceback: its lines are errors, though only the
// first says so.
type trace struct{ inside bool }

// level is the level of the next line of a source.
func (t *trace) level(text []byte) uint8 {
	if len(text) > sniff {
		text = text[:sniff]
	}
	if isOdd(text) {
		text = plain(new([]byte), text)
	}
	if t.inside {
		if len(text) == 0 || text[0] == ' ' || text[0] == '\t' {
			return LevelError
		}
		t.inside = false
		if exceptionLine(text) {
			return LevelError
		}
	}
	if i := bytes.Index(text, []byte("Traceback (most recent call last)")); i >= 0 && i < prefix {
		t.inside = true
		return LevelError
	}
	return detect(text)
}

// exceptionLine is the last of a traceback: "ValueError: bad", "torch.cuda.Oops".
func exceptionLine(s []byte) bool {
	i := 0
	for i < len(s) && (isWord(s[i]) || s[i] == '.') {
		i++
	}
	return i > 0 && (i == len(s) || s[i] == ':')
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// detect is the level that one line says it has.
func detect(s []byte) uint8 {
	indented := len(s) > 0 && (s[0] == ' ' || s[0] == '\t')
	s = bytes.TrimLeft(s, " \t")
	switch {
	case len(s) == 0:
		return LevelNone
	case s[0] == '{':
		return jsonLevel(s)
	case indented && bytes.HasPrefix(s, []byte("at ")):
		return LevelError // a Java stack
	}
	if lv := klog(s); lv != LevelNone {
		return lv
	}
	if lv := logfmtLevel(s); lv != LevelNone {
		return lv
	}
	return prefixLevel(s)
}

// klog is Kubernetes' and glog's header: a letter, month and day, a blank.
func klog(s []byte) uint8 {
	if len(s) < 6 || s[5] != ' ' {
		return LevelNone
	}
	for _, c := range s[1:5] {
		if c < '0' || c > '9' {
			return LevelNone
		}
	}
	switch s[0] {
	case 'I':
		return LevelInfo
	case 'W':
		return LevelWarn
	case 'E', 'F':
		return LevelError
	}
	return LevelNone
}

// logfmtLevel is the value of level=, lvl= or severity=.
func logfmtLevel(s []byte) uint8 {
	for i := 0; ; {
		k := bytes.IndexByte(s[i:], '=')
		if k < 0 {
			return LevelNone
		}
		eq := i + k
		from := eq
		for from > 0 && s[from-1] != ' ' && s[from-1] != '\t' {
			from--
		}
		if isLevelKey(s[from:eq]) {
			value := bytes.TrimLeft(s[eq+1:], `"`)
			n := 0
			for n < len(value) && isWord(value[n]) {
				n++
			}
			return word(value[:n])
		}
		i = eq + 1
	}
}

func isLevelKey(k []byte) bool {
	switch string(k) {
	case "level", "lvl", "severity", "levelname", "loglevel", "log.level", "Level", "Severity", "LEVEL":
		return true
	}
	return false
}

// prefixLevel finds a level where people put it: in capitals (ERROR, [WARN]), in
// brackets ([error]), or before a colon as the first word (error: …).
func prefixLevel(s []byte) uint8 {
	head := s[:min(len(s), prefix)]
	for i := 0; i < len(head); {
		if !isWord(head[i]) {
			i++
			continue
		}
		from, letters, capitals := i, true, true
		for i < len(head) && isWord(head[i]) {
			letters = letters && isLetter(head[i])
			capitals = capitals && head[i] <= 'Z'
			i++
		}
		if !letters || i-from < 3 {
			continue
		}
		next := byte(0)
		if i < len(head) {
			next = head[i]
		}
		bracketed := from > 0 && head[from-1] == '[' && next == ']'
		first := from == 0 && (next == ':' || next == '[')
		if capitals || bracketed || first {
			if lv := word(head[from:i]); lv != LevelNone {
				return lv
			}
		}
	}
	return phrase(s)
}

// phrase is the level of lines that only their wording tells.
func phrase(s []byte) uint8 {
	for _, p := range [...]string{"panic: ", "fatal error: ", "During handling of the above exception", "The above exception was the direct cause", "Exception in thread ", "Caused by: "} {
		if bytes.HasPrefix(s, []byte(p)) {
			return LevelError
		}
	}
	if i := bytes.Index(s[:min(len(s), 256)], []byte("Warning: ")); i > 0 && isLetter(s[i-1]) {
		return LevelWarn // Python's UserWarning: and its kin
	}
	return LevelNone
}

// word is the level that a word names, in any case.
func word(w []byte) uint8 {
	var low [12]byte
	if len(w) > len(low) {
		return LevelNone
	}
	for i, c := range w {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	switch string(low[:len(w)]) {
	case "error", "err", "fatal", "critical", "crit", "panic", "dpanic", "severe", "alert", "emerg", "emergency", "e", "f":
		return LevelError
	case "warn", "warning", "wrn", "w":
		return LevelWarn
	case "info", "information", "inf", "notice", "i":
		return LevelInfo
	case "debug", "trace", "verbose", "dbg", "fine", "finer", "finest", "trc", "d", "t":
		return LevelDebug
	}
	return LevelNone
}
