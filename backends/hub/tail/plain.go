package tail

import "bytes"

// plain is what a screen shows of text: what stands behind the last carriage
// return, without escape sequences. It is a part of text, or when sequences had to
// be taken out, a copy in the memory of *into.
func plain(into *[]byte, text []byte) []byte {
	text = bytes.TrimRight(text, "\r")
	if i := bytes.LastIndexByte(text, '\r'); i >= 0 {
		text = text[i+1:]
	}
	i := bytes.IndexByte(text, 0x1b)
	if i < 0 {
		return text
	}
	out := (*into)[:0]
	for i >= 0 {
		out = append(out, text[:i]...)
		text = text[i+sequence(text[i:]):]
		i = bytes.IndexByte(text, 0x1b)
	}
	*into = append(out, text...)
	return *into
}

// sequence is the length of the escape sequence that s begins with. One that does
// not end is the escape alone.
func sequence(s []byte) int {
	if len(s) < 2 {
		return 1
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				break
			}
		}
		return 1
	case ']', 'P', 'X', '^', '_':
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == 0x07 && s[1] == ']':
				return i + 1
			case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\':
				return i + 2
			case s[i] < 0x20:
				return 1
			}
		}
		return 1
	}
	return 1
}
