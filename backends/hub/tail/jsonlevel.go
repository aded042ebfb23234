package tail

import "strconv"

// jsonLevel is the value of a level's key at the top of a JSON object. It reads no
// further than it must and accepts what has been cut off behind it.
func jsonLevel(s []byte) uint8 {
	depth, key := 0, []byte(nil)
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case '"':
			n := quoted(s[i:])
			if n == 0 {
				return LevelNone
			}
			text := s[i+1 : i+n-1]
			i += n
			if depth != 1 {
				continue
			}
			if key != nil {
				return word(text)
			}
			if after := skipBlanks(s, i); after < len(s) && s[after] == ':' && isLevelKey(text) {
				key, i = text, skipBlanks(s, after+1)
			}
		default:
			if key != nil && depth == 1 {
				return number(s[i:])
			}
			i++
		}
		if depth <= 0 {
			return LevelNone
		}
	}
	return LevelNone
}

// quoted is the length of the JSON string that s begins with; 0 when it has no end.
func quoted(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

func skipBlanks(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

// number is the level of a number: syslog's 0 to 7, else pino's 10 to 60.
func number(s []byte) uint8 {
	n := 0
	for n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	v, err := strconv.Atoi(string(s[:n]))
	switch {
	case err != nil:
		return LevelNone
	case v <= 3 || v >= 50:
		return LevelError
	case v == 4 || v >= 40:
		return LevelWarn
	case v <= 6 || v >= 30:
		return LevelInfo
	}
	return LevelDebug
}
